"""What a request's address may contain: visible ASCII (RFC 9112 §3.2, RFC 3986 §2).

What is percent-encoded is UTF-8. Nobody knows which letters other bytes are, and a search for
`caf%E9`, as in ISO 8859-1, would silently look for something else.
"""

from __future__ import annotations

import re
from urllib.parse import quote, unquote_to_bytes

from .refusals import Refused, malformed

#: A request line, without checking its address; RFC 9112 §3.
LINE_PATTERN = re.compile(rb"([A-Z]{1,20}) (.+) HTTP/[0-9]\.[0-9]\r?")
#: Printable ASCII, which an address may contain as it is, or which a parser refuses.
SAFE_CHARACTERS = "".join(map(chr, range(0x21, 0x7F)))
#: Consecutive escapes of non-ASCII bytes.
HIGH_RUN_PATTERN = re.compile(rb"(?:%[89A-Fa-f][0-9A-Fa-f])+")
#: Characters of an address that the refusal shows encoded.
MAX_SHOWN_LENGTH = 300

RAW_DETAIL = "has characters that must be percent-encoded as UTF-8 (é is %C3%A9, a space %20)"
OTHER_DETAIL = "is percent-encoded in another way than as UTF-8 (é is %C3%A9, not %E9)"
HOW_TO = "curl does it with `-G --data-urlencode 'q=é'`, JavaScript with encodeURIComponent"


def check_target(head: bytes) -> None:
    """Refuse a request whose address has spaces or is not ASCII, and say how to write it."""
    line = head[: head.find(b"\n") + 1].rstrip(b"\n")
    if line.isascii() and line.count(b" ") == 2:
        _check_escapes(line)
        return
    found = LINE_PATTERN.fullmatch(line)
    if found is not None:
        raise raw_target(found[2])


def _check_escapes(line: bytes) -> None:
    """Refuse an address whose escapes are not UTF-8."""
    if not HIGH_RUN_PATTERN.search(line):
        return
    target = line.split(b" ")[1]
    try:
        unquote_to_bytes(target).decode()
    except UnicodeDecodeError:
        raise _refused(OTHER_DETAIL, HIGH_RUN_PATTERN.sub(_as_utf8, target).decode()) from None


def _as_utf8(escapes: re.Match[bytes]) -> bytes:
    """Escape as UTF-8 what was escaped as UTF-8, or in a single-byte encoding."""
    return quote(_text(unquote_to_bytes(escapes[0]))).encode()


def raw_target(target: bytes) -> Refused:
    """Make the refusal of an address that was sent unencoded."""
    return _refused(RAW_DETAIL, quote(_text(target), safe=SAFE_CHARACTERS))


def _refused(wrong: str, encoded: str) -> Refused:
    """Make a refusal that says how to write the address."""
    shown = f": write `{encoded}`" if len(encoded) <= MAX_SHOWN_LENGTH else ""
    return malformed(f"its address {wrong}{shown}; {HOW_TO}")


def _text(target: bytes) -> str:
    """Return what was meant: UTF-8, or a single-byte encoding."""
    try:
        return target.decode()
    except UnicodeDecodeError:
        return target.decode("latin-1")
