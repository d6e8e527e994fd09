"""A turn of the broadcaster, without its thread: what it publishes, tells and lets go on."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from collab.events import log
from collab.events.bell.waking import Bell
from collab.events.broadcaster import ROWS_PER_READ, Broadcaster
from collab.events.catalogue.projects import MemberRemoved
from collab.events.close_codes import INTERNAL_ERROR
from collab.events.hub import Hub
from collab.events.log import Published
from collab.events.message import Message
from collab.extensions import db

from .fakes import Fake


class Exchange:
    """Keeps how many signals it was asked to tell other processes."""

    def __init__(self) -> None:
        self.told: list[int] = []

    def tell(self, count: int) -> None:
        self.told.append(count)


class Afar:
    """Counts how often other processes are rung."""

    def __init__(self) -> None:
        self.rings = 0

    def __call__(self) -> None:
        self.rings += 1


class Scene:
    """A broadcaster with a hub and a bell of its own; no row waits."""

    def __init__(self, app: Flask) -> None:
        self.app, self.afar, self.exchange = app, Afar(), Exchange()
        self.bell = Bell(afar=self.afar)
        self.bell.attended = True
        self.hub = Hub(self.bell)
        exchange: Any = self.exchange
        self.broadcaster = Broadcaster(app, self.hub, self.bell, exchange)
        with app.app_context():
            self.hub.position = log.last_id()
        self.quiet()

    def follows(self, **person: Any) -> Fake:
        made = Fake(**person)
        self.hub.enter(made)
        self.hub.add(made, {"project:1": 1})
        return made

    def commits(self, *events: Any) -> list[str]:
        with self.app.app_context():
            told = [str(log.record(one, actor=1).id) for one in events]
            db.session.commit()
        self.bell.ring()
        return told

    def quiet(self) -> None:
        """Let go of whatever was rung for."""
        self.bell.wait(0)
        self.bell.take_rows()

    def rung_for_signal(self) -> bool:
        """Return whether the bell was rung since, and not for rows; it is silent after that."""
        rows = self.bell.rows_wait
        self.bell.wait(0)  # says that rows may wait if nobody has rung
        return not rows and not self.bell.rows_wait


@pytest.fixture
def scene(app: Flask) -> Scene:
    return Scene(app)


def note(number: int = 0) -> Published:
    return Published(kind="a.note", where="project:1", project_id=1, payload={"n": number})


def typed(scene: Scene) -> str:
    signal = Message.signal("project:1", "typing", 1, {})
    scene.hub.signals.append(signal)
    return signal.public_id


def test_rows_and_then_the_signals_that_waited_are_told_in_one_turn(scene: Scene) -> None:
    alice = scene.follows()
    told = scene.commits(*(note(number) for number in range(ROWS_PER_READ + 1)))
    signals = [typed(scene), typed(scene)]
    scene.broadcaster._tick()
    assert [one for one in alice.got if one in {*told, *signals}] == [*told, *signals]
    assert not scene.bell.rows_wait


def test_without_a_ring_the_log_is_not_read(scene: Scene) -> None:
    alice = scene.follows()
    (told,) = scene.commits(note())
    scene.bell.take_rows()
    signal = typed(scene)
    scene.broadcaster._tick()
    assert told not in alice.got
    assert signal in alice.got


def test_what_was_written_here_is_told_afar_once_in_a_turn(scene: Scene) -> None:
    scene.commits(note())
    scene.commits(note())
    scene.broadcaster._tick()
    scene.broadcaster._tick()
    assert scene.afar.rings == 1


def test_readers_that_have_time_are_woken_once_the_rows_are_published(scene: Scene) -> None:
    reader = scene.bell.wake_too()
    scene.commits(note())
    assert not reader.is_set()
    scene.broadcaster._tick()
    assert reader.is_set()


def test_other_processes_are_told_what_waited_for_them_when_the_turn_began(scene: Scene) -> None:
    waiting = [Message.signal("project:1", "typing", 1, {}) for _ in range(3)]
    scene.hub.crossing.extend(waiting)
    scene.broadcaster._tick()
    assert scene.exchange.told == [3]


def test_all_who_follow_are_given_what_is_published_and_each_is_counted(scene: Scene) -> None:
    people = [scene.follows(user_id=key, session_id=key) for key in (1, 2)]
    with scene.app.app_context():
        rows = [Message.of(row) for row in _rows(scene, note(), note(), note())]
    assert scene.broadcaster._publish(rows) == 6
    assert [len([one for one in each.got if one.isdigit()]) for each in people] == [3, 3]


def test_who_is_removed_in_the_middle_is_not_counted_after_it(scene: Scene) -> None:
    for key in (1, 2):
        scene.follows(user_id=key, session_id=key)
    removed = MemberRemoved(project_id=1, user_id=2)
    with scene.app.app_context():
        rows = [Message.of(row) for row in _rows(scene, note(), removed, note())]
    assert scene.broadcaster._publish(rows) == 2 + 2 + 1


def _rows(scene: Scene, *events: Any) -> Any:
    before = scene.hub.position
    scene.commits(*events)
    return log.read_after(before, ROWS_PER_READ).rows


# -- who reads on ---------------------------------------------------------------------------------


class Waiting(Fake):
    """Goes on when it is let; asks again at once, or breaks."""

    def __init__(self, scene: Scene, *, again: bool = False, breaks: bool = False) -> None:
        super().__init__()
        self.scene, self.again, self.breaks = scene, again, breaks
        self.resumed = 0
        scene.hub.resuming.append(self)

    def resume(self) -> None:
        self.resumed += 1
        if self.again:
            self.scene.hub.resuming.append(self)
        if self.breaks:
            raise KeyError("broken")


def test_who_cannot_go_on_is_ended_and_the_others_go_on(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    broken, other = Waiting(scene, breaks=True), Waiting(scene)
    scene.broadcaster._tick()
    assert broken.story == [("ended", INTERNAL_ERROR, "Something broke on our side.")]
    assert (other.resumed, other.story) == (1, [])
    assert "a subscriber could not go on" in caplog.text
    assert not scene.hub.resuming


def test_who_asks_again_at_once_goes_on_in_the_next_turn(scene: Scene) -> None:
    eager = Waiting(scene, again=True)
    scene.broadcaster._tick()
    assert eager.resumed == 1
    scene.broadcaster._tick()
    assert eager.resumed == 2


# -- signals in the thread of whoever brings them -------------------------------------------------


def test_while_somebody_publishes_a_signal_is_left_to_the_broadcaster(scene: Scene) -> None:
    alice, signal = scene.follows(), typed(scene)
    scene.quiet()
    with scene.broadcaster._publishing:
        scene.broadcaster.tell_here()
    assert signal not in alice.got
    assert scene.rung_for_signal()


def test_a_signal_that_others_must_hear_of_rings_for_the_broadcaster(scene: Scene) -> None:
    alice, signal = scene.follows(), typed(scene)
    scene.quiet()
    scene.hub.crossing.append(Message.signal("project:1", "typing", 1, {}))
    scene.broadcaster.tell_here()
    assert signal in alice.got
    assert scene.rung_for_signal()


def test_a_signal_that_is_for_here_alone_rings_nobody(scene: Scene) -> None:
    typed(scene)
    scene.broadcaster.tell_here()
    assert not scene.rung_for_signal()


def test_a_signal_after_a_row_that_waits_rings_and_is_not_told(scene: Scene) -> None:
    alice = scene.follows()
    scene.commits(note())
    scene.bell.wait(0)
    signal = typed(scene)
    scene.broadcaster.tell_here()
    assert signal not in alice.got
    scene.bell.take_rows()
    assert scene.rung_for_signal()


def test_a_reader_that_breaks_keeps_nobody_from_publishing(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    signal = typed(scene)
    scene.hub.signals.extend([None])  # type: ignore[list-item]
    scene.broadcaster.tell_here()
    assert "signals could not be told" in caplog.text
    alice, later = scene.follows(), typed(scene)
    scene.broadcaster.tell_here()
    assert later in alice.got
    assert signal not in alice.got


# -- beginning and ending -------------------------------------------------------------------------


def test_it_rings_other_processes_itself_while_it_runs_and_once_more_at_its_end(
    scene: Scene,
) -> None:
    scene.bell.attended = False
    scene.broadcaster.start()
    assert scene.bell.attended is True
    scene.broadcaster.drain()
    scene.broadcaster.stop()
    scene.broadcaster._thread.join()  # type: ignore[union-attr]
    assert scene.bell.attended is False
    scene.commits(note())
    before = scene.afar.rings
    scene.bell.ring()
    assert scene.afar.rings == before + 1
