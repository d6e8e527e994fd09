"""Parts of a file, as `Range` asks for them (RFC 9110 §14).

A header that can't be read as byte ranges is ignored, as the RFC says, and so is one that asks for
more than a reader needs: then the answer is the whole file. Several parts make one multipart answer
(multipart/byteranges, §14.6).
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import BinaryIO

from flask import Response, request
from werkzeug.datastructures import IfRange
from werkzeug.http import parse_if_range_header

from ....frozen import frozen
from ...errors import ApiError

#: Ranges that one request may ask for; those who ask for more get the whole file (§17.15).
MAX_RANGES = 16
#: Maximum digits of a position: more are beyond any file.
MAX_POSITION_DIGITS = 18
#: Bytes of a file that are read at once.
READ_BYTES = 64 * 1024

#: A unit and what is asked for in it.
UNIT_PATTERN = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+)=(.*)")
#: One byte range: from a position, or so many last bytes.
RANGE_PATTERN = re.compile(r"(?:([0-9]+)-([0-9]*)|-([0-9]+))")


class Unsatisfiable(ApiError):
    """The file has no such part: `Content-Range` says how long it is."""

    status = 416


@frozen
class Part:
    """Bytes from one position up to another, exclusive."""

    start: int
    end: int

    @property
    def length(self) -> int:
        """Return how many bytes they are."""
        return self.end - self.start

    def of(self, size: int) -> str:
        """Return the part as `Content-Range` writes it."""
        return f"bytes {self.start}-{self.end - 1}/{size}"


def parts(header: str, size: int) -> list[Part] | None:
    """Return the parts of `size` bytes that a `Range` asks for; None: it is to be ignored.

    An empty list: what it asks for is beyond the end.
    """
    unit = UNIT_PATTERN.fullmatch(header.strip())
    if unit is None or unit[1].lower() != "bytes":
        return None
    # Split only as far as needed to know that there are too many.
    asked = [one.strip(" \t") for one in unit[2].split(",", MAX_RANGES * 2)]
    matches = [RANGE_PATTERN.fullmatch(one) for one in asked if one]
    if not 1 <= len(matches) <= MAX_RANGES or None in matches:
        return None
    found = [_part(match, size) for match in matches if match is not None]
    if None in found:
        return None
    there = [one for one in found if one is not None and one.length > 0]
    return there if _apart(there) else None


def _part(match: re.Match[str], size: int) -> Part | None:
    """Return one part, without bytes if it is beyond the end; None if it ends before it begins."""
    first, last, suffix = (None if text is None else _position(text) for text in match.groups(""))
    if match[3] is not None:
        return Part(max(0, size - (suffix or 0)), size)
    if match[2] and (last or 0) < (first or 0):
        return None
    end = size if not match[2] else min(size, (last or 0) + 1)
    return Part(min(first or 0, end), end)


def _position(text: str) -> int:
    digits = text.lstrip("0")
    return 10**MAX_POSITION_DIGITS if len(digits) > MAX_POSITION_DIGITS else int(digits or 0)


def _apart(found: Sequence[Part]) -> bool:
    """Return whether no two parts overlap: overlapping ones only make work."""
    ordered = sorted(found, key=lambda one: one.start)
    return all(one.end <= other.start for one, other in pairwise(ordered))


def send_parts(response: Response, file: BinaryIO, size: int) -> None:
    """Reduce an answer with a whole file to the requested parts; raises Unsatisfiable."""
    response.headers["Accept-Ranges"] = "bytes"
    header = request.headers.get("Range")
    # Ranges are defined for GET alone (RFC 9110 §14.2).
    if request.method != "GET" or header is None or not _is_same(response):
        return
    wanted = parts(header, size)
    if wanted is None:
        return
    # 416 and not 200: the client then learns how long the file is.
    if not wanted:
        raise Unsatisfiable(headers={"Content-Range": f"bytes */{size}"})
    response.status_code = 206
    if len(wanted) == 1:
        response.headers["Content-Range"] = wanted[0].of(size)
        _replace_body(response, file, [wanted[0]], wanted[0].length)
    else:
        _send_several(response, file, wanted, size)


def _is_same(response: Response) -> bool:
    """Return whether the file is the one that `If-Range` knows, if it is asked (§13.1.5).

    A tag is compared strongly; a date must be the same one.
    """
    known: IfRange = parse_if_range_header(request.headers.get("If-Range"))
    tag, weak = response.get_etag()
    if "If-Range" not in request.headers:
        return True
    if known.date is not None:
        return response.last_modified == known.date
    # A weak tag may stand for other bytes, and parts of two files don't make one (§13.1.5).
    return not weak and request.headers["If-Range"].strip() == f'"{tag}"'


def _send_several(response: Response, file: BinaryIO, wanted: Sequence[Part], size: int) -> None:
    boundary = secrets.token_hex(16)
    kind = f"Content-Type: {response.headers['Content-Type']}"
    heads = [
        f"\r\n--{boundary}\r\n{kind}\r\nContent-Range: {one.of(size)}\r\n\r\n".encode()
        for one in wanted
    ]
    end = f"\r\n--{boundary}--\r\n".encode()
    length = sum(map(len, heads)) + sum(one.length for one in wanted) + len(end)
    response.headers["Content-Type"] = f"multipart/byteranges; boundary={boundary}"
    _replace_body(response, file, wanted, length, heads, end)


def _replace_body(
    response: Response,
    file: BinaryIO,
    wanted: Sequence[Part],
    length: int,
    heads: Sequence[bytes] = (b"",),
    end: bytes = b"",
) -> None:
    response.response = _read(file, wanted, heads, end)
    response.content_length = length
    response.direct_passthrough = False  # or nobody would close the file after it


def _read(
    file: BinaryIO, wanted: Sequence[Part], heads: Sequence[bytes], end: bytes
) -> Iterator[bytes]:
    for head, part in zip(heads, wanted, strict=True):
        if head:
            yield head
        file.seek(part.start)
        left = part.length
        while left and (piece := file.read(min(READ_BYTES, left))):
            left -= len(piece)
            yield piece
    if end:
        yield end
