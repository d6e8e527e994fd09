"""E-mail addresses: one spelling for each mailbox.

Two spellings that a mail server takes for one mailbox, or that a person can't tell apart on a
screen, are one address here: in lower case throughout, composed (NFC, as RFC 6532 §3.1 asks), the
domain as its owner writes it (IDNA 2008: `xn--mnchen-3ya.de` is `münchen.de`) and without the
root's dot, nothing in it that can't be seen, ASCII of full width as ASCII (as a Japanese or Chinese
keyboard sends it; no mail server has it). What differs in letters stays different: `straße` and
`strasse` are two mailboxes, and IDNA 2003, which Python brings along, would make one of them.
"""

from __future__ import annotations

import unicodedata

import idna

from . import visible

#: Characters of an address, and of its domain as the DNS has it (RFC 5321 §4.5.3.1, RFC 1035).
MAX_ADDRESS_LENGTH = 254
MAX_DOMAIN_LENGTH = 253
MAX_LABEL_LENGTH = 63
#: What may stand before the @ besides letters of any script (RFC 5322 `atext`, and the dot).
#: Quotation marks and comments would write one mailbox in many ways.
LOCAL_ASCII = frozenset("abcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-/=?^_`{|}~.")
LABEL_ASCII = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_")
#: ASCII as it is written in the width of ideographs.
FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
#: Categories of characters that mean nothing yet, or to nobody else.
UNUSABLE_CATEGORIES = frozenset(["Cn", "Co", "Zs"])

NO_ADDRESS = "Must be an e-mail address."


def canonical(written: str) -> str:
    """Return the one spelling of an address; raises ValueError with a sentence for people."""
    local, _, domain = written.strip().translate(FULL_WIDTH).rpartition("@")
    if not local or not domain:
        raise ValueError(NO_ADDRESS)
    found = f"{_local(local)}@{_domain(domain)}"
    if len(found) > MAX_ADDRESS_LENGTH:
        raise ValueError(f"Must have at most {MAX_ADDRESS_LENGTH} characters.")
    return found


def folded(written: str) -> str:
    """Return the one spelling, or of what is not an address the same in lower case."""
    try:
        return canonical(written)
    except ValueError:
        return written.strip().lower()


def _local(written: str) -> str:
    local = composed(written)
    for one in local:
        if visible.is_hidden(one) or unicodedata.category(one) in UNUSABLE_CATEGORIES:
            raise ValueError(f"Must not have {visible.named(one)} before the @.")
        if one.isascii() and one not in LOCAL_ASCII:
            raise ValueError(f"Must not have {one!r} before the @.")
    # The beginning of an encoded word (RFC 2047): what reads headers would read something else.
    if "=?" in local or not visible.shows_something(local):
        raise ValueError(NO_ADDRESS)
    return local


def composed(written: str) -> str:
    """Return a text in lower case and composed, however often it went through this."""
    lowered = unicodedata.normalize("NFC", written).lower()
    return unicodedata.normalize("NFC", lowered)


def _domain(written: str) -> str:
    if (wrong := visible.hidden_in(written)) is not None:
        raise ValueError(f"Must not have {visible.named(wrong)} after the @.")
    try:
        if not written.isascii():
            written = idna.encode(written, uts46=True).decode()
        labels = written.lower().removesuffix(".").split(".")
        if len(labels) < 2 or not all(map(_is_label, labels)):
            raise ValueError
        if sum(map(len, labels)) + len(labels) - 1 > MAX_DOMAIN_LENGTH:
            raise ValueError
        return ".".join(map(_shown, labels))
    except ValueError:  # idna's own errors are some, too
        raise ValueError("Must have a domain name after the @, such as example.com.") from None


def _is_label(label: str) -> bool:
    return (
        0 < len(label) <= MAX_LABEL_LENGTH
        and set(label) <= LABEL_ASCII
        and not label.startswith("-")
        and not label.endswith("-")
    )


def _shown(label: str) -> str:
    """Return a label as people write it; one that only machines read stays as it is."""
    if not label.startswith("xn--"):
        return label
    try:
        shown = idna.ulabel(label)
        return shown if idna.alabel(shown).decode() == label else label
    except idna.IDNAError:
        return label
