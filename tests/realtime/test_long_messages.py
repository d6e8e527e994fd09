"""What many sockets have in the middle of a message, or bring by polls, has one bound."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, cast

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from collab.core.errors import TooManyRequests
from collab.events.close_codes import MESSAGE_TOO_BIG, TRY_AGAIN_LATER
from collab.realtime.budget import (
    JSON_BUDGET,
    MAX_JSON_LENGTH_IN_ALL,
    MAX_JSON_LENGTH_PER_ADDRESS,
    SMALL_JSON_LENGTH,
    Budget,
    JsonLimit,
)
from collab.realtime.json_door.following import MAX_LENGTH_AT_ONCE
from collab.realtime.json_door.protocol import MAX_MESSAGE_BYTES
from collab.realtime.json_door.socket import Socket
from collab.realtime.socketio_door.polling import PolledWire
from collab.realtime.transport.reactor import Reactor
from collab.realtime.transport.token_bucket import Bucket
from collab.realtime.transport.wire import Wire

from ..support.people import Person
from ..support.raw import CLOSE, TEXT, RawSocket
from ..support.waiting import eventually

LONG = 200_000
PATHS = {
    "a stranger": "/ws",
    "a stranger with Socket.IO": "/socket.io/?EIO=4&transport=websocket",
}


class Told:
    """Stands for a wire: it notes the code that a limit chose."""

    too_big_code = 0


def limit(budget: Budget, who: str = "1.2.3.4") -> tuple[JsonLimit, Told]:
    told = Told()
    return JsonLimit(budget, cast(Wire, told), MAX_MESSAGE_BYTES, who), told


def test_short_messages_are_not_counted() -> None:
    budget = Budget(1, 1)
    one, _ = limit(budget)
    assert not one < SMALL_JSON_LENGTH
    assert budget.used == 0


def test_one_address_and_all_together_have_a_bound() -> None:
    budget = Budget(2 * LONG, 3 * LONG)
    first, other = [limit(budget)[0] for _ in range(2)], limit(budget, "5.6.7.8")[0]
    late, told = limit(budget)
    assert [one < LONG for one in (*first, other)] == [False] * 3
    assert (late < LONG, told.too_big_code) == (True, TRY_AGAIN_LATER)
    assert limit(budget, "9.9.9.9")[0] < LONG  # of all together there is no more
    first[0].begun(LONG)
    assert not late < LONG


def test_a_message_that_is_too_long_is_so_whatever_is_free() -> None:
    one, told = limit(Budget(2**30, 2**30))
    assert (one < MAX_MESSAGE_BYTES + 1, told.too_big_code) == (True, MESSAGE_TOO_BIG)


@given(st.lists(st.integers(1, MAX_MESSAGE_BYTES), max_size=20), st.booleans())
def test_nothing_is_left_whatever_was_sent_and_carried_out(sizes: list[int], ends: bool) -> None:
    budget = Budget(MAX_JSON_LENGTH_PER_ADDRESS, MAX_JSON_LENGTH_IN_ALL)
    one, _ = limit(budget)
    for size in sizes:
        for part in (size // 2, size):
            assert not part > one or budget.used > MAX_JSON_LENGTH_PER_ADDRESS - MAX_MESSAGE_BYTES
        if not ends:
            one.begun(size)
    one.end()
    one.end()
    assert budget.used == 0


@pytest.mark.parametrize("path", PATHS)
def test_sockets_that_stop_in_the_middle_of_messages_get_no_more_than_the_bound(
    server: Any, app: Flask, bob: Person, path: str
) -> None:
    budget = JSON_BUDGET.of(app)
    with ExitStack() as stack:
        for _ in range(MAX_JSON_LENGTH_PER_ADDRESS // LONG):
            one = stack.enter_context(RawSocket(server.url, token=bob.token))
            one.send_frame(TEXT, b"x" * LONG, fin=False)
        eventually(lambda: budget.used > MAX_JSON_LENGTH_PER_ADDRESS - LONG)
        late = stack.enter_context(RawSocket(server.url, PATHS[path]))
        late.send_frame(TEXT, b"x" * LONG, fin=False)
        while (frame := late.read_frame())[0] != CLOSE:
            pass
        assert int.from_bytes(frame[1][:2]) == TRY_AGAIN_LATER
        friend = stack.enter_context(RawSocket(server.url, token=bob.token))
        friend.send("ping")
        assert friend.receive()["type"] == "pong"
    eventually(lambda: budget.used == 0)


def test_what_was_carried_out_is_given_back(server: Any, app: Flask, bob: Person) -> None:
    with RawSocket(server.url, token=bob.token) as one:
        for number in range(2 * MAX_JSON_LENGTH_IN_ALL // LONG):
            message = {"type": "ping", "ref": str(number), "padding": "x" * LONG}
            one.send_frame(TEXT, json.dumps(message).encode())
            assert one.receive()["ref"] == str(number)
    eventually(lambda: JSON_BUDGET.of(app).used == 0)


@pytest.fixture
def reactor() -> Iterator[Reactor]:
    made = Reactor()
    yield made
    made.stop()


def test_what_is_posted_for_polls_is_counted_until_the_next_is_read(reactor: Reactor) -> None:
    budget = Budget(2 * LONG, 2 * LONG)
    wires = [PolledWire(reactor, budget, "1.2.3.4") for _ in range(3)]
    for one in wires[:2]:
        one.bring(b"x" * LONG)
    with pytest.raises(TooManyRequests):
        wires[2].bring(b"x" * LONG)
    wires[0].read(1)
    assert budget.used == 2 * LONG  # it is carried out now
    with pytest.raises(BlockingIOError):
        wires[0].read(1)
    wires[2].bring(b"x" * LONG)
    for one in wires:
        one.forget()
    assert budget.used == 0
    with pytest.raises(TooManyRequests):
        wires[0].bring(b"x")


class Hurried(Socket):
    """A socket that is served by the thread that reads, and notes what that parses."""

    hurries = True

    def __init__(self) -> None:
        self._bucket, self._quick, self.parsed = Bucket(1000), True, list[str | bytes]()

    def parse(self, data: str | bytes) -> None:
        """Note it; nothing is asked."""
        self.parsed.append(data)


@pytest.mark.parametrize(("length", "is_parsed"), [(0, True), (1, False), (LONG, False)])
def test_the_thread_that_reads_parses_no_long_message(length: int, is_parsed: bool) -> None:
    hurried = Hurried()
    assert not hurried.at_once("x" * (MAX_LENGTH_AT_ONCE + length))
    assert bool(hurried.parsed) == is_parsed
