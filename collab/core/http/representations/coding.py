"""Bodies that come packed: JSON by gzip, as far as it is no larger than JSON may be."""

from __future__ import annotations

import zlib

from flask import Request
from werkzeug.exceptions import RequestEntityTooLarge

from ...errors import ApiError, Malformed

#: The codings in which a body is what it is, and those that are taken away (RFC 9110 §8.4.1).
PLAIN_CODINGS = ("", "identity")
GZIP_CODINGS = ("gzip", "x-gzip")
#: zlib's word for the format of gzip (RFC 1952) alone.
GZIP_WINDOW_BITS = 16 + zlib.MAX_WBITS
#: Members of gzip that one body may have: what is left is copied for each.
MAX_MEMBERS = 64
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class UnsupportedCoding(ApiError):
    """The body's Content-Encoding is not supported: send it without one."""

    status = 415


def coding_of(request: Request) -> str:
    """Return how a body is packed, in lower case."""
    return request.headers.get("Content-Encoding", "").strip().lower()


def require_plain(request: Request) -> None:
    """Refuse a body that is packed: a file is kept as it comes. Raises UnsupportedCoding."""
    if coding_of(request) not in PLAIN_CODINGS:
        raise UnsupportedCoding(headers={"Accept-Encoding": "identity"})


def unpacked(request: Request, body: bytes, most: int) -> bytes:
    """Return a body of JSON as it was before it was packed.

    At most `most` bytes are made of it, whatever it says. Raises UnsupportedCoding, Malformed,
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
    # Which parsers may ignore, and editors write (RFC 8259 §8.1).
    return body.removeprefix(BYTE_ORDER_MARK)


def inflated(body: bytes, bits: int, most: int) -> bytes:
    """Uncompress a body; raises Malformed, and RequestEntityTooLarge before it takes memory.

    `bits` is zlib's name for the format; what comes out has at most `most` bytes.
    """
    found, rest = b"", body
    # Members of gzip in a row are one file (RFC 1952 §2.2), as whoever joins two files makes them.
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
