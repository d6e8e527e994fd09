"""The bytes of a body, whole and uncompressed, within bounds of memory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

from flask import request
from werkzeug.exceptions import RequestEntityTooLarge

from ...core.errors import ApiError, Unavailable
from ...core.http.heavy import HEAVY_BYTES, sees_to_it_itself
from ...core.http.limits import larger_body
from ...core.http.representations.coding import inflated
from ...core.json import count_values
from ...core.slots import Slot

P = ParamSpec("P")
T = TypeVar("T")

#: Bytes of a body, as it is sent and uncompressed.
MAX_BODY_BYTES = 4 * 2**20
#: Values and names in a body: 30 MB as objects, which hold the GIL for some 40 ms.
MAX_BODY_VALUES = 250_000
#: Bytes of a body up to which they are not counted: libraries' batches must never be refused.
MAX_UNCOUNTED_BYTES = 512 * 1024
#: Large bodies that are read and stored at once; the others wait where the server put them.
MAX_LARGE_AT_ONCE = 2
#: Seconds that a large body waits for its turn: each takes some 30 ms.
PATIENCE_S = 10.0

#: Window bits for zlib, by the name of a coding (RFC 9110 §8.4.1).
CODINGS = {"gzip": 31, "x-gzip": 31, "deflate": 15}


class UnknownCoding(ApiError):
    """The body has an unknown coding: send it as `gzip`, `deflate` or plain."""

    status = 415

    def __init__(self) -> None:
        super().__init__(headers={"Accept-Encoding": "gzip, deflate"})


class TooManyInBody(ApiError):
    """The body has too many values."""

    status = 413


TURNS: Slot[threading.BoundedSemaphore] = Slot(
    "large bodies of events", lambda _: threading.BoundedSemaphore(MAX_LARGE_AT_ONCE)
)


def takes_events(view: Callable[P, T]) -> Callable[P, T]:
    """Let a route take bodies as large as event bodies may be; large ones take turns."""
    return sees_to_it_itself(larger_body(MAX_BODY_BYTES + 1)(view))


@contextmanager
def body_of_request() -> Iterator[bytes]:
    """Read the body, and hold a turn until a large one is stored: few are in memory at a time.

    Raises Malformed, RequestEntityTooLarge, TooManyInBody, UnknownCoding, Unavailable.
    """
    bits = _window_bits(request.headers.get("Content-Encoding", ""))
    if (request.content_length or 0) > MAX_BODY_BYTES:
        raise RequestEntityTooLarge()
    first = _some(HEAVY_BYTES)
    # Most requests are small: only those that are large, or may become large, wait for a turn.
    if len(first) < HEAVY_BYTES and bits is None:
        yield first
        return
    with _turn():
        # One more byte than is accepted, since a stream silently ends at its bound.
        rest = _some(MAX_BODY_BYTES + 1 - len(first))
        body = first + rest if rest else first
        if len(body) > MAX_BODY_BYTES:
            raise RequestEntityTooLarge()
        # Bounded by its size after unpacking: four megabytes of gzip may be four gigabytes.
        body = body if bits is None else inflated(body, bits, MAX_BODY_BYTES)
        _check_values(body)
        yield body


def _some(most: int) -> bytes:
    """Read this many bytes of the body, or all that are left: a stream may give fewer at a time."""
    pieces = []
    while most > 0 and (piece := request.stream.read(most)):
        pieces.append(piece)
        most -= len(piece)
    return b"".join(pieces)


def _window_bits(coding: str) -> int | None:
    coding = coding.strip().lower()
    if coding in ("", "identity"):
        return None
    if coding not in CODINGS:
        raise UnknownCoding()
    return CODINGS[coding]


def _check_values(body: bytes) -> None:
    if len(body) > MAX_UNCOUNTED_BYTES and count_values(body, MAX_BODY_VALUES) > MAX_BODY_VALUES:
        detail = f"The body has more than {MAX_BODY_VALUES:,} values and member names."
        raise TooManyInBody(detail)


@contextmanager
def _turn() -> Iterator[None]:
    turns = TURNS.here()
    if not turns.acquire(timeout=PATIENCE_S):
        raise Unavailable("Too many large bodies are arriving at once.")
    try:
        yield
    finally:
        turns.release()
