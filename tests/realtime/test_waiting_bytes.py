"""What waits for another thread, or for a commit, is bounded by bytes and not only by messages."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Any

from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from collab.core.caller import Caller
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


class Awaited(Future[bytes]):
    """Is done as soon as somebody waits for it."""

    def __init__(self, value: bytes) -> None:
        super().__init__()
        self._value = value

    def result(self, timeout: float | None = None) -> bytes:
        if not self.done():
            self.set_result(self._value)
        return super().result(timeout)


@given(st.lists(st.integers(1, MAX_WAITING_BYTES), max_size=40))
def test_requests_wait_for_others_within_the_bound_and_are_answered_in_order(
    sizes: list[int],
) -> None:
    wire: Any = Wire()
    deferred = Deferred(wire, lambda request: wire.push(request.result()))
    for number, size in enumerate(sizes):
        deferred.add(None, size, Awaited(b"%d" % number), lambda answer: answer)
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
