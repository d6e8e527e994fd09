"""A connection between its turns, step by step: what breaks it, and what is left of it then."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from simple_websocket import ConnectionClosed

from collab.core.errors import ApiError
from collab.events.close_codes import INTERNAL_ERROR, NO_PONG
from collab.realtime.socketio_door.polling import PolledWire
from collab.realtime.transport.frames import text_frame
from collab.realtime.transport.incoming import PeerClosed, TooMany
from collab.realtime.transport.parked import Parked
from collab.realtime.transport.pings import Pings
from collab.realtime.transport.served import Served, Work
from collab.serving.deadlines import NO_DEADLINE


class Still:
    """A reactor without threads: turns are carried out when the test says so."""

    def __init__(self) -> None:
        self.turns: deque[Callable[[], None]] = deque()
        self.submit = self.turns.append

    def __getattr__(self, _: str) -> Callable[..., None]:
        return lambda *_, **__: None

    def runs(self) -> None:
        """Carry out all turns that are wanted."""
        while self.turns:
            self.turns.popleft()()


class Words:
    """Takes each body for one message, and some for what ends a connection."""

    def __init__(self) -> None:
        self.messages: deque[str | bytes] = deque()
        self.pings: list[bytes] = []
        self.alive = True
        self.debt_s = 0.0

    def feed(self, data: bytes, join: Any = None) -> None:
        if data == b"bye":
            raise PeerClosed(b"")
        if data == b"flood":
            raise TooMany
        self.messages.append(data.decode())


class Follows(Served):
    """Keeps what it is told, and breaks where a test wants it to."""

    def __init__(self) -> None:
        self.told: list[str | bytes] = []
        self.left = 0
        self.hurried: list[str | bytes] = []
        self.breaks: dict[str, Exception] = {}
        self.rest: Callable[[], Work] = lambda: iter(())  # type: ignore[assignment,return-value]
        self.hurry = False
        self.left_s = 60.0

    def _may_break(self, where: str) -> None:
        if where in self.breaks:
            raise self.breaks[where]

    def begin(self) -> Work:
        yield from ()

    def take(self, data: str | bytes) -> Work:
        self.told.append(data)
        self._may_break("take")
        yield from self.rest()

    @property
    def hurries(self) -> bool:
        return self.hurry

    def at_once(self, data: str | bytes) -> bool:
        self._may_break("at_once")
        self.hurried.append(data)
        return True

    def tick(self) -> None:
        self._may_break("tick")

    def patience(self) -> float:
        return self.left_s

    def leave(self) -> None:
        self.left += 1
        self._may_break("leave")


class Scene:
    """A connection that is polled for, whom it serves, and how it ended."""

    def __init__(self, app: Flask) -> None:
        self.reactor: Any = Still()
        self.wire = PolledWire(self.reactor)
        self.words = Words()
        self.served = Follows()
        self.ended: list[ApiError] = []
        self.given_back = 0
        self.parked = Parked(app, self.wire, self.words, self.ends, ping_seconds=NO_DEADLINE)
        self.parked.start(self.served, [self.gives_back], lingers=lambda: False)
        self.reactor.runs()

    def ends(self, wire: Any, error: ApiError, code: int) -> Any:
        self.ended.append(error)
        wire.shut(INTERNAL_ERROR, error.detail)
        raise ConnectionClosed

    def gives_back(self) -> None:
        self.given_back += 1

    def hears(self, *bodies: bytes) -> None:
        for one in bodies:
            self.wire.bring(one)
        self.parked.rouse()
        self.reactor.runs()

    @property
    def is_over(self) -> bool:
        return (self.served.left, self.given_back, self.wire.dead) == (1, 1, True)


@pytest.fixture
def scene(app: Flask) -> Iterator[Scene]:
    with app.test_request_context():
        yield Scene(app)


def test_messages_are_carried_out_in_their_order(scene: Scene) -> None:
    scene.hears(b"one", b"two")
    assert scene.served.told == ["one", "two"]
    assert not scene.ended


def test_what_breaks_in_a_message_ends_the_connection_with_a_word(scene: Scene) -> None:
    scene.served.breaks["take"] = KeyError("broken")
    scene.hears(b"one", b"two")
    assert [one.status for one in scene.ended] == [500]
    assert scene.served.told == ["one"]
    assert scene.is_over


def test_what_breaks_at_the_end_keeps_nothing_open(scene: Scene) -> None:
    scene.served.breaks["leave"] = KeyError("broken")
    scene.hears(b"bye")
    assert scene.is_over


def test_who_is_closed_as_they_leave_is_over_like_others(scene: Scene) -> None:
    scene.served.breaks["leave"] = ConnectionClosed()
    scene.hears(b"bye")
    assert scene.is_over
    assert not scene.ended


def test_a_turn_that_cannot_even_say_what_broke_ends_the_connection(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    scene.served.breaks["tick"] = KeyError("broken")
    scene.parked._end = lambda *_: {}["nobody"]
    scene.hears(b"one")
    assert "a socket's turn failed" in caplog.text
    assert (scene.wire.dead, scene.given_back) == (True, 1)


def test_all_that_came_before_a_close_is_carried_out(scene: Scene) -> None:
    scene.hears(b"one", b"bye")
    assert scene.served.told == ["one"]
    assert scene.is_over


def test_a_flood_is_told_and_ended(scene: Scene) -> None:
    scene.hears(b"flood")
    assert [one.status for one in scene.ended] == [429]
    assert scene.is_over


def test_work_that_waits_for_the_reader_is_closed_when_they_leave(scene: Scene) -> None:
    closed: list[bool] = []

    def rest() -> Work:
        try:
            scene.wire.push(text_frame(b"much"))
            while True:
                yield
        finally:
            closed.append(True)

    scene.served.rest = rest
    scene.hears(b"one")
    assert not closed
    scene.wire.abort()
    scene.parked.rouse()
    scene.reactor.runs()
    assert closed == [True]
    assert scene.is_over


def test_who_takes_nothing_for_too_long_is_cut_off_in_the_middle(scene: Scene) -> None:
    def rest() -> Work:
        scene.wire.push(text_frame(b"much"))
        yield

    scene.served.rest = rest
    scene.hears(b"one", b"two")
    assert scene.served.told == ["one"]
    scene.parked.rouse()
    scene.reactor.runs()
    assert not scene.wire.closing, "there is time"
    scene.parked._drained_by = time.monotonic()
    scene.parked.rouse()
    scene.reactor.runs()
    assert scene.served.told == ["one"]
    assert scene.is_over


def test_a_token_that_ends_while_its_reader_catches_up_asks_for_no_turn_after_turn(
    scene: Scene,
) -> None:
    """Nothing is done about it before they have read: turns before that would be in vain."""
    due: list[float] = []
    scene.reactor.park = lambda one, at, *, reading: due.append(at)

    def rest() -> Work:
        scene.wire.push(text_frame(b"much"))
        yield

    scene.served.rest, scene.served.left_s = rest, -1.0
    scene.hears(b"one")
    assert due == [scene.parked._drained_by]


# -- in the reactor's thread ----------------------------------------------------------------------


@pytest.fixture
def hurried(scene: Scene) -> Scene:
    scene.served.hurry = True
    return scene


def test_what_takes_no_time_is_done_at_once(hurried: Scene) -> None:
    hurried.wire.bring(b"one")
    assert hurried.parked.at_once()
    assert (hurried.served.hurried, hurried.served.told) == (["one"], [])


def test_what_breaks_at_once_is_left_to_a_turn(
    hurried: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    hurried.served.breaks["at_once"] = KeyError("broken")
    hurried.wire.bring(b"one")
    assert not hurried.parked.at_once()
    assert "left to a turn" in caplog.text
    hurried.hears()
    assert hurried.served.told == ["one"]


def test_a_close_that_is_seen_at_once_is_left_to_a_turn(hurried: Scene) -> None:
    hurried.served.breaks["at_once"] = ConnectionClosed()
    hurried.wire.bring(b"one")
    assert not hurried.parked.at_once()


def test_while_a_turn_runs_nothing_is_done_at_once(hurried: Scene) -> None:
    hurried.wire.bring(b"one")
    hurried.parked.rouse()
    assert not hurried.parked.at_once()
    assert hurried.served.hurried == []


def test_who_has_left_is_served_nothing_at_once(hurried: Scene) -> None:
    hurried.hears(b"bye")
    assert not hurried.parked.at_once()


# -- another connection goes on -------------------------------------------------------------------


def test_who_moves_goes_on_there_and_has_not_left(scene: Scene, app: Flask) -> None:
    there = Scene(app)
    scene.parked.pass_on(there.parked)
    scene.reactor.runs()
    assert scene.given_back == 1
    there.hears(b"one")
    assert (scene.served.told, scene.served.left) == (["one"], 0)


class Awaits(Follows):
    """Waits for somebody who moves here, and who comes just while it says how long it waits."""

    comes: Callable[[], None] | None = None

    def pause(self) -> float:
        if self.comes is None:
            return 0.0
        comes, self.comes = self.comes, lambda: None
        comes()
        return 60.0


def test_who_moves_to_where_a_turn_is_running_goes_on_with_the_next_one(
    scene: Scene, app: Flask
) -> None:
    there, awaits = Scene(app), Awaits()
    there.parked._served = awaits
    awaits.comes = lambda: scene.hears(b"last words here")
    scene.parked._heir = there.parked
    there.hears(b"first words there")
    assert scene.served.told == ["last words here", "first words there"]
    assert awaits.told == []


def test_who_moves_to_what_breaks_in_that_moment_has_left(scene: Scene, app: Flask) -> None:
    there, awaits = Scene(app), Awaits()
    there.parked._served = awaits

    def moves_and_breaks() -> None:
        scene.hears(b"last words here")
        raise OSError("broken")

    awaits.comes = moves_and_breaks
    scene.parked._heir = there.parked
    there.hears(b"first words there")
    assert (scene.served.left, awaits.left) == (1, 0)


def test_who_would_move_to_what_is_closed_is_gone(scene: Scene, app: Flask) -> None:
    there = Scene(app)
    there.wire.abort()
    scene.parked.pass_on(there.parked)
    scene.reactor.runs()
    assert scene.is_over


# -- signs of life --------------------------------------------------------------------------------


def test_who_answers_no_ping_is_let_go(scene: Scene) -> None:
    pings, now = Pings(scene.wire, scene.words, 10.0), time.monotonic()
    pings.ping(now, reading=True)
    assert (pings.at, scene.words.alive, scene.wire.closing) == (now + 10, False, False)
    pings.ping(now, reading=True)
    assert scene.wire.closing
    assert NO_PONG.to_bytes(2) in b"".join(bytes(one) for one, _ in scene.wire._queue)


def test_while_what_came_is_not_read_no_ping_is_sent_nor_missed(scene: Scene) -> None:
    scene.words.alive = False
    Pings(scene.wire, scene.words, 10.0).ping(time.monotonic(), reading=False)
    assert (scene.words.alive, scene.wire.closing, scene.wire.unsent) == (True, False, 0)
