"""The broadcaster's thread, in the test's own: what it goes on after, and what it counts."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.exc import OperationalError

from collab.core.counting.metrics import NUMBERS
from collab.events import log
from collab.events.bell.waking import Bell
from collab.events.broadcaster import POLL_S, Broadcaster
from collab.events.catalogue.projects import MemberRemoved
from collab.events.hub import Hub
from collab.events.log import Published
from collab.events.message import Message
from collab.extensions import db

from .fakes import Fake


class Counted(Bell):
    """Counts how often it is rung, and keeps for how long somebody would have waited."""

    def __init__(self) -> None:
        super().__init__(afar=self._tells)
        self.rings = self.told = 0
        self.waits: list[float | None] = []

    def _tells(self) -> None:
        self.told += 1

    def ring(self, *, rights_changed: bool = False) -> None:
        self.rings += 1
        super().ring(rights_changed=rights_changed)

    def wait(self, timeout: float) -> None:
        self.waits.append(timeout)
        super().wait(0)


class Hurried(threading.Event):
    """Keeps for how long somebody would have waited for it."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float | None] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.waits.append(timeout)
        return self.is_set()


class Turned(Broadcaster):
    """Has turns that a test gives it, and ends after the last."""

    turns: list[Callable[[], None]]

    def _tick(self) -> None:
        if len(self.turns) == 1:
            self._stopping.set()
        self.turns.pop(0)()


class Scene:
    def __init__(self, app: Flask) -> None:
        self.app, self.bell = app, Counted()
        self.hub = Hub(self.bell)
        self.broadcaster = Turned(app, self.hub, self.bell)
        self.stopping = self.broadcaster._stopping = Hurried()
        with app.app_context():
            self.hub.position = log.last_id()

    def runs(self, *turns: Callable[[], None]) -> None:
        self.broadcaster.turns = [*turns]
        self.broadcaster._run()

    def commits(self, *events: Any) -> list[str]:
        with self.app.app_context():
            told = [str(log.record(one, actor=1).id) for one in events]
            db.session.commit()
        return told

    def counted(self, name: str, **labels: str) -> float:
        return NUMBERS.of(self.app).registry.get_sample_value(name, labels) or 0.0


@pytest.fixture
def scene(app: Flask) -> Scene:
    return Scene(app)


def note() -> Published:
    return Published(kind="a.note", where="project:1", project_id=1, payload={})


def nothing() -> None:
    """Do nothing in a turn."""


def fails(error: Exception) -> Callable[[], None]:
    def turn() -> None:
        raise error

    return turn


TROUBLE = OperationalError("SELECT", {}, Exception("no database"))


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (TROUBLE, "the log can't be read, trying again: (builtins.Exception) no database"),
        (KeyError("broken"), "the broadcaster stumbled, trying again"),
    ],
)
def test_after_an_error_it_waits_rings_for_the_rows_that_are_unread_and_goes_on(
    scene: Scene, caplog: pytest.LogCaptureFixture, error: Exception, said: str
) -> None:
    scene.runs(fails(error), nothing)
    assert [one.message.partition("\n")[0] for one in caplog.records] == [said]
    assert (scene.stopping.waits, scene.bell.rings) == ([POLL_S], 1)
    assert scene.broadcaster._ticks == 2, "a turn that fails is one, too"


def test_a_database_that_is_gone_at_the_end_is_no_error(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    scene.bell.attended = True
    scene.runs(fails(TROUBLE))
    assert not caplog.records
    assert (scene.bell.attended, scene.broadcaster._ticks) == (False, 0)


def test_it_looks_at_the_log_at_least_every_second_and_gives_signs_of_life(scene: Scene) -> None:
    scene.broadcaster._beaten_at = 0.0
    scene.runs(nothing, nothing)
    assert scene.bell.waits == [POLL_S, POLL_S]
    assert scene.broadcaster._beaten_at > 0


def test_what_was_rung_in_its_last_turn_is_told_afar_and_to_readers(scene: Scene) -> None:
    reader = scene.bell.wake_too()
    scene.bell.attended = True
    scene.runs(scene.bell.ring)
    assert scene.bell.told == 1
    assert reader.is_set()


def test_it_begins_after_what_is_there_under_its_name_and_ends_when_it_is_told(
    app: Flask, scene: Scene
) -> None:
    (last,) = scene.commits(note())
    one = Broadcaster(app, scene.hub, scene.bell)
    one.start()
    assert str(scene.hub.position) == last
    assert one._thread.name == "broadcaster"
    before = scene.bell.rings
    one.stop()
    assert scene.bell.rings == before + 1
    assert not one.alive


def test_who_waits_for_a_thread_that_does_not_tick_is_told(scene: Scene) -> None:
    with pytest.raises(TimeoutError):
        scene.broadcaster.drain(timeout=0)
    assert scene.bell.rings == 1


def test_whoever_waits_rings_for_the_turn_after_the_one_under_way(app: Flask) -> None:
    bell = Counted()
    one = Broadcaster(app, Hub(bell), bell)
    one.start()
    one.drain()
    ticks = one._ticks
    one.stop()
    assert ticks >= 2
    assert bell.rings >= 3, "one for each, and one for the end"


# -- what is counted ------------------------------------------------------------------------------


def test_what_is_given_is_counted_by_its_kind_and_how_late_it_is(scene: Scene) -> None:
    for key in (1, 2):
        follower = Fake(user_id=key, session_id=key)
        scene.hub.enter(follower)
        scene.hub.add(follower, {"project:1": 1})
    given = [scene.counted("collab_fanout_delivered_total", kind=one) for one in KINDS]
    seen, late_s = (scene.counted(f"collab_fanout_lag_seconds_{one}") for one in ("count", "sum"))
    scene.hub.signals.clear()
    before_rows = time.time()
    scene.commits(note(), note(), note())
    scene.hub.signals.append(Message.signal("project:1", "typing", 1, {}))
    scene.bell.ring()
    Broadcaster._tick(scene.broadcaster)
    now = [scene.counted("collab_fanout_delivered_total", kind=one) for one in KINDS]
    assert [after - before for after, before in zip(now, given, strict=True)] == [6, 2]
    assert scene.counted("collab_fanout_lag_seconds_count") == seen + 1
    lag = scene.counted("collab_fanout_lag_seconds_sum") - late_s
    assert 0 <= lag <= time.time() - before_rows


KINDS = ("event", "signal")


def test_without_rows_nothing_was_late(scene: Scene) -> None:
    seen = scene.counted("collab_fanout_lag_seconds_count")
    scene.bell.ring()
    Broadcaster._tick(scene.broadcaster)
    assert scene.counted("collab_fanout_lag_seconds_count") == seen


def test_of_a_batch_in_many_pieces_all_that_was_given_is_counted(scene: Scene) -> None:
    for key in (1, 2, 3):
        follower = Fake(user_id=key, session_id=key)
        scene.hub.enter(follower)
        scene.hub.add(follower, {"project:1": 1})
    before = scene.hub.position
    scene.commits(*(MemberRemoved(project_id=1, user_id=key) for key in (1, 2)), note())
    with scene.app.app_context():
        rows = [Message.of(row) for row in log.read_after(before).rows]
    assert scene.broadcaster._publish(rows) == 3 + 2 + 1
