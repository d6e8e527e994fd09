"""Compressed bodies: JSON by gzip, as long as it is no larger than JSON may be."""

from __future__ import annotations

import zlib

from flask import Request
from werkzeug.exceptions import RequestEntityTooLarge

from ...errors import ApiError, Malformed

#: The codings that change nothing, and those that are decoded (RFC 9110 §8.4.1).
PLAIN_CODINGS = ("", "identity")
GZIP_CODINGS = ("gzip", "x-gzip")
#: zlib's code for the gzip format (RFC 1952) alone.
GZIP_WINDOW_BITS = 16 + zlib.MAX_WBITS
#: Gzip members that one body may have: the remainder is copied for each.
MAX_MEMBERS = 64
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class UnsupportedCoding(ApiError):
    """The body's Content-Encoding is not supported: send it without one."""

    status = 415


def coding_of(request: Request) -> str:
    """Return how a body is compressed, in lower case."""
    return request.headers.get("Content-Encoding", "").strip().lower()


def require_plain(request: Request) -> None:
    """Refuse a compressed body: a file is kept as it comes. Raises UnsupportedCoding."""
    if coding_of(request) not in PLAIN_CODINGS:
        raise UnsupportedCoding(headers={"Accept-Encoding": "identity"})


def unpacked(request: Request, body: bytes, most: int) -> bytes:
    """Return a JSON body as it was before compression.

    It yields at most `most` bytes, whatever it claims. Raises UnsupportedCoding, Malformed,
    RequestEntityTooLarge.
    """
    coding = coding_of(request)
    if coding in GZIP_CODINGS:
        body = inflated(body, GZIP_WINDOW_BITS, most)
    elif coding not in PLAIN_CODINGS:
        raise UnsupportedCoding(
            "JSON is accepted as it is, or compressed with gzip.",
            headers={"Accept-Encoding": "gzip, identity"},
        )
    # Editors write it, and parsers may ignore it (RFC 8259 §8.1).
    return body.removeprefix(BYTE_ORDER_MARK)


def inflated(body: bytes, bits: int, most: int) -> bytes:
    """Decompress a body; raises Malformed, and RequestEntityTooLarge before it uses memory.

    `bits` is zlib's code for the format; the result has at most `most` bytes.
    """
    found, rest = b"", body
    # Consecutive gzip members are one file (RFC 1952 §2.2), as joining two files makes them.
    for _ in range(MAX_MEMBERS if bits == GZIP_WINDOW_BITS else 1):
        inflater = zlib.decompressobj(bits)
        try:
            found += inflater.decompress(rest, most + 1 - len(found))
        except zlib.error as error:
            words = "The body does not match its Content-Encoding (gzip, deflate)"
            raise Malformed(f"{words}: {error}.") from None
        if len(found) > most:
            raise RequestEntityTooLarge()
        rest = inflater.unused_data
        if inflater.eof and not rest:
            return found
        if not inflater.eof:
            break
    raise Malformed("The body is not one complete stream of its Content-Encoding (gzip, deflate).")
