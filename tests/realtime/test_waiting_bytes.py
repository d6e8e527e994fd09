"""What waits for another thread, or for a commit, is bounded by bytes and not only by messages."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from collab.core.caller import Caller
from collab.core.errors import ApiError, Conflict
from collab.core.models import utcnow
from collab.realtime import publishing
from collab.realtime.json_door.deferred import MAX_WAITING_BYTES, MAX_WAITING_MESSAGES, Deferred
from collab.realtime.json_door.group_commit import GROUP_BYTES, Group
from collab.realtime.json_door.protocol import JSON_SPEECH

from ..support.people import Person


class Wire:
    """Keeps what is sent."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []

    def push(self, chunk: bytes, last_id: int = 0) -> None:
        self.sent.append(chunk)


def refused(number: int) -> Future[bytes]:
    future: Future[bytes] = Future()
    future.set_exception(Conflict(str(number)))
    return future


class Requests:
    """Requests of one socket that wait for another thread."""

    def __init__(self) -> None:
        self.wire, self.turns = Wire(), 0
        self.deferred = Deferred(self.wire, self._refuse, self._rouse)  # type: ignore[arg-type]

    def _refuse(self, error: ApiError, request: Any) -> None:
        self.wire.push(b"refused " + error.detail.encode())

    def _rouse(self) -> None:
        self.turns += 1

    def ask(self) -> Future[bytes]:
        future: Future[bytes] = Future()
        self.deferred.add(({}, lambda answer: answer), 1, future)
        return future


@pytest.fixture
def requests() -> Requests:
    return Requests()


def test_answers_come_from_the_thread_that_makes_them_in_the_order_of_the_requests(
    requests: Requests,
) -> None:
    first, second, third = (requests.ask() for _ in range(3))
    second.set_result(b"second")
    assert requests.wire.sent == []
    first.set_result(b"first")
    third.set_result(b"third")
    assert (requests.wire.sent, requests.turns) == ([b"first", b"second", b"third"], 0)


def test_a_refusal_is_left_to_a_turn_and_so_is_what_waits_for_it(requests: Requests) -> None:
    first, second, third = (requests.ask() for _ in range(3))
    second.set_result(b"second")
    first.set_exception(Conflict("no"))
    assert (requests.wire.sent, requests.turns) == ([], 1)
    requests.deferred.take_done()
    assert requests.wire.sent == [b"refused no", b"second"]
    third.set_result(b"third")
    assert (requests.wire.sent[2:], len(requests.deferred)) == ([b"third"], 0)


def test_a_turn_waits_for_all_before_what_is_answered_otherwise(requests: Requests) -> None:
    futures = [requests.ask() for _ in range(50)]
    with ThreadPoolExecutor(1) as pool:
        made = [pool.submit(one.set_result, b"%d" % key) for key, one in enumerate(futures)]
        requests.deferred.settle()
        assert requests.wire.sent == [b"%d" % key for key in range(50)]
        for one in made:
            one.result(30)
    assert len(requests.wire.sent) == 50


@given(st.lists(st.integers(1, MAX_WAITING_BYTES), max_size=40))
def test_requests_wait_for_others_within_the_bound_and_are_answered_in_order(
    sizes: list[int],
) -> None:
    wire: Any = Wire()
    deferred = Deferred(wire, lambda error, request: wire.push(error.detail.encode()))
    for number, size in enumerate(sizes):
        # What is refused waits for a turn.
        deferred.add(({}, lambda answer: answer), size, refused(number))
        waiting = sizes[len(wire.sent) : number + 1]
        assert sum(waiting) <= MAX_WAITING_BYTES
        assert len(waiting) <= MAX_WAITING_MESSAGES
    deferred.settle()
    assert wire.sent == [b"%d" % number for number in range(len(sizes))]


def test_a_commit_is_due_when_its_events_are_large(app: Flask, alice: Person) -> None:
    group = Group(Wire(), JSON_SPEECH, lambda _: None)  # type: ignore[arg-type]
    what = publishing.draft("x.y", {"a": "x" * (GROUP_BYTES // 4)})
    caller = Caller(alice.id, 1, alice.name, alice.email, False, utcnow())
    with app.app_context():
        for count in range(1, 5):
            group.add({"type": "x.y"}, what, f"user:{alice.id}", caller)
            assert group.full is (count == 4)
        group.commit()
    assert not group.full
