"""Frames count, whatever is in them: a flood of nothing is a flood."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wsproto import ConnectionType
from wsproto.connection import Connection
from wsproto.events import BytesMessage, TextMessage

from collab.realtime.transport.incoming import Incoming, TooMany
from collab.realtime.transport.token_bucket import Bucket

from ..serving.test_chunks import cut
from ..support.people import Person
from ..support.raw import BINARY, CONTINUATION, PING, PONG, TEXT, RawSocket, client_frame

#: The same mask in each run: a random one may make something look like a close, among thousands.
frame = partial(client_frame, mask=b"mask")
FLOODS = {
    "empty fragments": frame(TEXT, b"", fin=False) + frame(CONTINUATION, b"", fin=False) * 5000,
    "fragments of a byte": frame(TEXT, b"x", fin=False)
    + frame(CONTINUATION, b"x", fin=False) * 5000,
    "pings": frame(PING, b"x" * 125) * 5000,
    "pongs": frame(PONG) * 5000,
    "empty messages": frame(TEXT) * 5000,
}


@pytest.mark.parametrize("flood", FLOODS.values(), ids=FLOODS)
def test_a_flood_of_frames_is_closed_with_1008(server: Any, bob: Person, flood: bytes) -> None:
    with RawSocket(server.url, token=bob.token) as raw:
        raw.tcp.sendall(flood)
        assert raw.until_closed()[1] in (1008, 1006)  # 1006: what it sent after that was not read


def test_whoever_is_not_signed_in_may_not_flood_either(server: Any) -> None:
    with RawSocket(server.url) as raw:
        raw.tcp.sendall(FLOODS["pings"])
        assert raw.until_closed()[1] in (1008, 1006)


class CountingBucket(Bucket):
    """A bucket that knows how often it was asked."""

    taken = 0

    def take(self, count: int = 1) -> bool:
        self.taken += count
        return super().take(count)


@pytest.mark.parametrize("join", [None, lambda _: None], ids=["as it comes", "can be joined"])
@pytest.mark.parametrize("flood", FLOODS.values(), ids=FLOODS)
def test_nothing_of_a_flood_is_taken_apart_after_the_frame_that_is_too_many(
    flood: bytes, join: Any
) -> None:
    frames = CountingBucket(100)
    incoming = Incoming(Connection(ConnectionType.SERVER), 10_000, frames)
    with pytest.raises(TooMany):
        incoming.feed(flood, join)
    assert 100 <= frames.taken <= 200  # as many at once, one more, and what a slow machine adds


def fed_one_by_one(frames: int, join: Any) -> Incoming:
    """Feed messages of a byte, each by itself, to somebody who may send a hundred a second."""
    incoming = Incoming(Connection(ConnectionType.SERVER), 10_000, Bucket(100))
    for _ in range(frames):
        incoming.feed(client_frame(BINARY, b"x"), join)
        incoming.messages.clear()  # carried out
    return incoming


def test_messages_that_could_be_joined_are_read_later_when_they_come_one_by_one() -> None:
    assert fed_one_by_one(50, lambda _: None).debt_s == 0
    # Many, since a slow machine lets a hundred more pass each second.
    assert 0 < fed_one_by_one(1000, lambda _: None).debt_s <= 9


def test_messages_that_nothing_joins_are_too_many_though_they_come_one_by_one() -> None:
    with pytest.raises(TooMany):
        fed_one_by_one(3000, None)


messages = st.lists(st.one_of(st.text(max_size=40), st.binary(max_size=40)), max_size=8)


@given(messages, st.lists(st.integers(0, 10_000), max_size=20), st.integers(1, 5))
def test_messages_are_the_same_however_they_are_cut_and_fragmented(
    sent: list[str | bytes], places: list[int], parts: int
) -> None:
    client, wire = Connection(ConnectionType.CLIENT), b""
    for message in sent:
        size = len(message) // parts + 1
        pieces = [message[start : start + size] for start in range(0, len(message), size)] or [
            message
        ]
        kind = TextMessage if isinstance(message, str) else BytesMessage
        for number, piece in enumerate(pieces, 1):
            wire += client.send(kind(data=piece, message_finished=number == len(pieces)))
    incoming = Incoming(Connection(ConnectionType.SERVER), 10_000, Bucket(10**9))
    for piece in cut(wire, places):
        incoming.feed(piece)
    assert list(incoming.messages) == sent
