"""What a request's address may be made of: ASCII that can be seen (RFC 9112 §3.2, RFC 3986 §2)."""

from __future__ import annotations

import re
from urllib.parse import quote

from .refusals import Refused, malformed

#: A request's line as far as its address is not looked at; RFC 9112 §3.
LINE_PATTERN = re.compile(rb"([A-Z]{1,20}) (.+) HTTP/[0-9]\.[0-9]\r?")
#: Printable ASCII, which an address may have as it is, or else a parser refuses.
SAFE_CHARACTERS = "".join(map(chr, range(0x21, 0x7F)))
#: Characters of an address that the refusal shows encoded.
MAX_SHOWN_LENGTH = 300

RAW_DETAIL = (
    "its address has characters that must be percent-encoded as UTF-8 (é is %C3%A9, a space %20)"
    "{}; "
    "curl does it with `-G --data-urlencode 'q=é'`, JavaScript with encodeURIComponent"
)


def check_target(head: bytes) -> None:
    """Refuse a request whose address has spaces or is not ASCII, and say how to write it."""
    line = head[: head.find(b"\n") + 1].rstrip(b"\n")
    if line.isascii() and line.count(b" ") == 2:
        return
    found = LINE_PATTERN.fullmatch(line)
    if found is not None:
        raise raw_target(found[2])


def raw_target(target: bytes) -> Refused:
    """Make the refusal of an address that was sent as it is."""
    encoded = quote(_text(target), safe=SAFE_CHARACTERS)
    shown = f": write `{encoded}`" if len(encoded) <= MAX_SHOWN_LENGTH else ""
    return malformed(RAW_DETAIL.format(shown))


def _text(target: bytes) -> str:
    """Return what was meant: UTF-8, or what a system of one byte a letter sends."""
    try:
        return target.decode()
    except UnicodeDecodeError:
        return target.decode("latin-1")
