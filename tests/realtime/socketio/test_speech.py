"""What is said over Socket.IO: to the callback that waits, and to the others alone."""

from __future__ import annotations

import pytest

from collab.core.caller import Caller
from collab.core.models import utcnow
from collab.events.message import Message
from collab.realtime.socketio_door import speech
from collab.realtime.socketio_door.speech import Ack, EventFollower, Events, farewell, write

SPEECH = Events()


def test_the_first_answer_goes_to_the_callback_and_others_are_events() -> None:
    request = {"ref": Ack(7)}
    assert SPEECH.payload("subscribed", request, topic="x") == (
        b'437[{"type":"subscribed","topic":"x"}]'
    )
    assert SPEECH.payload("subscribed", request) == b'42["subscribed",{"type":"subscribed"}]'


def test_an_answer_to_nobody_is_an_event() -> None:
    assert SPEECH.payload("pong") == b'42["pong",{"type":"pong"}]'


def test_a_name_that_the_client_gave_its_request_comes_back() -> None:
    assert SPEECH.payload("pong", {"ref": "r1"}) == b'42["pong",{"type":"pong","ref":"r1"}]'


@pytest.mark.parametrize(("code", "final"), [(4401, True), (1001, False)])
def test_a_client_is_sent_away_only_where_coming_back_cannot_help(code: int, final: bool) -> None:
    assert (b"41" in farewell(code, "why").replace(str(code).encode(), b"")) is final


class Unused:
    """A wire on which nothing is sent."""

    push = None


@pytest.fixture
def follower() -> EventFollower:
    made = EventFollower(Caller(1, 1, "Ann", "ann@example.com", False, utcnow()), Unused())  # type: ignore[arg-type]
    made.topics["project:1"] = 1
    return made


def message(topic: str = "project:1") -> Message:
    return Message.signal(topic, "chat", 1, {"text": "hello"})


def test_what_one_said_oneself_does_not_come_back_once(follower: EventFollower) -> None:
    mine, other = message(), message()
    follower.leave_out(mine)
    assert follower.encode(other) == write(other)
    assert follower.encode(mine) == b""
    assert "encode" not in vars(follower)
    assert follower.encode(mine) == write(mine)


def test_what_is_not_published_after_all_is_waited_for_no_more(follower: EventFollower) -> None:
    mine = message()
    follower.leave_out(mine)
    follower.take_in(mine)
    assert follower.encode(mine) == write(mine)


def test_what_is_said_on_a_topic_that_one_does_not_follow_is_not_waited_for(
    follower: EventFollower,
) -> None:
    follower.leave_out(message("project:2"))
    assert "encode" not in vars(follower)


def test_of_very_many_on_their_way_the_oldest_comes_back(
    follower: EventFollower, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(speech, "MAX_OWN_MESSAGES", 1)
    first, second = message(), message()
    follower.leave_out(first)
    follower.leave_out(second)
    assert follower.encode(first) == write(first)
    assert follower.encode(second) == b""
