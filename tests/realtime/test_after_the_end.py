"""What a peer sends after it was told of the end: read for its close, and not kept."""

from __future__ import annotations

import tracemalloc
from collections import deque
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wsproto import ConnectionType
from wsproto.connection import Connection
from wsproto.events import CloseConnection

from collab.realtime.transport import pacing
from collab.realtime.transport.frames import ends_with_close
from collab.realtime.transport.incoming import Incoming
from collab.realtime.transport.rest import Rest
from collab.realtime.transport.served import Next

from .test_counting_frames import FLOODS


class Sent:
    """A wire from which is read what a peer has sent."""

    def __init__(self, data: bytes) -> None:
        parts = range(0, len(data), pacing.READ_BYTES)
        self.parts = deque(data[start : start + pacing.READ_BYTES] for start in parts)
        self.dead = False

    def read(self, _: int) -> bytes:
        if not self.parts:
            raise BlockingIOError
        return self.parts.popleft()

    def close(self) -> None:
        self.dead = True


def rest(sent: Any, limit: int = 1000) -> Rest:
    return Rest(sent, Incoming.of(Connection(ConnectionType.SERVER), limit, 1))


def a_close(code: int, reason: str) -> bytes:
    return bytes(Connection(ConnectionType.CLIENT).send(CloseConnection(code, reason)))


def much(flood: bytes) -> bytes:
    return flood * (pacing.LAST_BYTES // len(flood))


@pytest.mark.parametrize("flood", FLOODS.values(), ids=FLOODS)
def test_nothing_is_kept_of_a_flood_that_goes_on(flood: bytes) -> None:
    sent = Sent(much(flood))
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        left = rest(sent)
        assert left.read() is Next.READ
        kept = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert kept < 2 * pacing.READ_BYTES


@pytest.mark.parametrize("flood", FLOODS.values(), ids=FLOODS)
def test_a_close_after_a_flood_is_seen(flood: bytes) -> None:
    sent = Sent(much(flood)[: pacing.LAST_BYTES // 2] + a_close(1008, "Too many frames"))
    assert (rest(sent).read(), sent.dead) == (Next.END, True)


@given(st.sampled_from([1000, 1001, 1009, 4000, 4999]), st.text(max_size=40), st.binary())
def test_a_close_is_seen_whatever_comes_before_it(code: int, reason: str, before: bytes) -> None:
    assert ends_with_close(before + a_close(code, reason))


@pytest.mark.parametrize(
    "data",
    [b"", b"\x88", b"\x88\x80abc", b"\x88\x81abcd\x00", b"\x88\x82abcd\x00\x00", b"x" * 200],
    ids=["nothing", "cut", "half a mask", "half a code", "no code", "others"],
)
def test_what_is_no_close_is_none(data: bytes) -> None:
    assert not ends_with_close(data)
