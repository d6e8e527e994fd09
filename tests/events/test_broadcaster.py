"""The broadcaster: every committed row once, in order, corrections in their place."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from collab.events import log
from collab.events.broadcaster import ROWS_PER_READ
from collab.events.catalogue.accounts import SessionRevoked
from collab.events.catalogue.projects import MemberRemoved
from collab.events.log import Published
from collab.events.message import Message
from collab.events.types import Event
from collab.extensions import db
from collab.realtime.transport.live import LIVE

from ..support import databases, history
from ..support.waiting import eventually
from .fakes import Fake


@pytest.fixture
def live(app: Flask) -> Any:
    """Return the live parts of the application, running."""
    found = LIVE.of(app)
    found.start()
    return found


def following(live: Any, **person: Any) -> Fake:
    made = Fake(**person)
    live.hub.enter(made)
    live.hub.add(made, {"project:1": 1})
    return made


def note(number: int = 0) -> Published:
    return Published(kind="a.note", where="project:1", project_id=1, payload={"n": number})


def commit(app: Flask, *events: Event) -> list[str]:
    """Record events in one commit and return their ids, as text."""
    with app.app_context():
        found = [str(log.record(one, actor=1).id) for one in events]
        db.session.commit()
    return found


def rows(fake: Fake) -> list[str]:
    """Return what somebody got, without what presence tells."""
    return [one for one in fake.got if one.isdigit()]


def test_what_was_committed_has_been_told_after_draining(app: Flask, live: Any) -> None:
    alice = following(live)
    told = commit(app, note())
    live.broadcaster.drain()
    assert rows(alice) == told


def test_what_was_rolled_back_is_never_told(app: Flask, live: Any) -> None:
    alice = following(live)
    with app.app_context():
        log.record(note(), actor=1)
        db.session.rollback()
    told = commit(app, note())
    live.broadcaster.drain()
    assert rows(alice) == told


def test_it_begins_after_what_was_there_before(app: Flask) -> None:
    commit(app, note())
    live = LIVE.of(app)
    alice = following(live)
    live.start()
    live.broadcaster.drain()
    assert rows(alice) == []


def test_more_than_a_batch_arrives_whole_and_in_order(app: Flask, live: Any) -> None:
    alice = following(live)
    told = commit(app, *(note(number) for number in range(2 * ROWS_PER_READ + 7)))
    live.broadcaster.drain()
    assert rows(alice) == told


def test_rows_of_many_writers_arrive_once_and_in_order(app: Flask, live: Any) -> None:
    alice, start = following(live), live.hub.position
    writers = [
        threading.Thread(target=lambda: [commit(app, note(n)) for n in range(20)]) for _ in range(6)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    live.broadcaster.drain()
    assert [int(one) for one in rows(alice)] == history.ids(app, after=start)


def test_a_correction_in_a_batch_takes_effect_before_the_next_row(app: Flask, live: Any) -> None:
    alice, bob = following(live), following(live, user_id=2, session_id=2)
    first, removed, last = commit(app, note(), MemberRemoved(project_id=1, user_id=2), note())
    live.broadcaster.drain()
    story = [one for one in bob.story if not str(one).startswith("signal")]
    assert story == [first, removed, ("dropped", "project:1", "member.removed")]
    assert rows(alice) == [first, removed, last]


def test_several_corrections_in_a_batch_are_each_made_in_their_place(app: Flask, live: Any) -> None:
    people = [following(live, user_id=key, session_id=key) for key in (1, 2, 3)]
    told = commit(
        app,
        note(),
        SessionRevoked(user_id=1, session_id=1, reason="test"),
        note(),
        SessionRevoked(user_id=2, session_id=2, reason="test"),
        note(),
    )
    live.broadcaster.drain()
    assert [rows(one) for one in people] == [[told[0]], [told[0], told[2]], told[::2]]


def test_a_signal_is_told_after_the_rows_that_were_committed_before_it(
    app: Flask, live: Any
) -> None:
    alice = following(live)
    live.broadcaster.drain()
    (told,) = commit(app, note())
    signal = Message.signal("project:1", "typing", 1, {})
    live.hub.signal(signal)
    live.broadcaster.drain()
    assert alice.got[-2:] == [told, signal.public_id]


def test_a_signal_does_not_reach_who_was_removed_before_it(app: Flask, live: Any) -> None:
    bob = following(live, user_id=2, session_id=2)
    live.broadcaster.drain()
    commit(app, MemberRemoved(project_id=1, user_id=2))
    signal = Message.signal("project:1", "typing", 1, {})
    live.hub.signal(signal)
    live.broadcaster.drain()
    assert signal.public_id not in bob.got


class Interrupted(deque[Message]):
    """Signals in waiting: somebody is removed, and talked about, while they are counted."""

    interruption: Callable[[], None] | None = None

    def __len__(self) -> int:
        if self.interruption is not None:
            act, self.interruption = self.interruption, None
            act()
        return super().__len__()


def test_a_removal_while_a_tick_begins_keeps_the_signals_after_it(app: Flask, live: Any) -> None:
    alice, bob = following(live), following(live, user_id=2, session_id=2)
    for _ in range(3):  # until no ring for rows is left over
        tell(live, alice)
    later = Message.signal("project:1", "typing", 1, {})

    def remove_and_talk() -> None:
        commit(app, MemberRemoved(project_id=1, user_id=2))
        live.hub.signal(later)

    live.hub.signals = Interrupted()
    live.hub.signals.interruption = remove_and_talk
    tell(live, alice)
    eventually(lambda: later.public_id in alice.got)
    assert later.public_id not in bob.got


@pytest.fixture
def still(app: Flask) -> Any:
    """Return the live parts of the application without their threads; no row waits."""
    found = LIVE.of(app)
    found.bell.take_rows()
    return found


def typed(live: Any) -> str:
    """Have a signal wait, and return its id."""
    signal = Message.signal("project:1", "typing", 1, {})
    live.hub.signals.append(signal)
    return signal.public_id


def test_a_signal_is_told_in_the_thread_of_whoever_brings_it(still: Any) -> None:
    alice = following(still)
    signals = [typed(still), typed(still)]
    still.broadcaster.tell_here()
    assert alice.got[-2:] == signals
    assert not still.hub.signals


def test_a_signal_that_follows_a_commit_is_left_to_who_publishes_that(
    app: Flask, still: Any
) -> None:
    alice, bob = following(still), following(still, user_id=2, session_id=2)
    (removed,) = commit(app, MemberRemoved(project_id=1, user_id=2))
    signal = typed(still)
    still.broadcaster.tell_here()
    assert signal not in alice.got
    still.hub.position = int(removed) - 1
    still.broadcaster._tick()
    assert alice.got.index(removed) < alice.got.index(signal)
    assert signal not in bob.got


def test_a_removal_while_signals_are_counted_keeps_those_after_it(app: Flask, still: Any) -> None:
    bob, later = following(still, user_id=2, session_id=2), list[str]()

    def remove_and_talk() -> None:
        commit(app, MemberRemoved(project_id=1, user_id=2))
        later.append(typed(still))

    still.hub.signals = Interrupted()
    still.hub.signals.interruption = remove_and_talk
    still.broadcaster.tell_here()
    assert not set(later) & set(bob.got)


def tell(live: Any, reader: Fake) -> None:
    """Send a signal and wait until it has been told; nothing is written."""
    signal = Message.signal("project:1", "typing", 1, {})
    live.hub.signal(signal)
    eventually(lambda: signal.public_id in reader.got)


def test_it_survives_that_the_database_fails(app: Flask, live: Any, instance: Path) -> None:
    alice = following(live)
    connection = databases.opened(instance)
    connection.execute("ALTER TABLE events RENAME TO lost")
    connection.commit()
    live.broadcaster.drain()
    connection.execute("ALTER TABLE lost RENAME TO events")
    connection.commit()
    connection.close()
    told = commit(app, note())
    live.broadcaster.drain()
    assert rows(alice) == told


def test_what_another_process_wrote_is_told_without_a_ring(
    app: Flask, live: Any, instance: Path
) -> None:
    alice = following(live)
    connection = databases.opened(instance)
    connection.execute(
        "INSERT INTO events (topic, type, project_id, data, time)"
        " VALUES ('project:1', 'a.note', 1, '{}', '2026-01-01 00:00:00.000000')"
    )
    connection.commit()
    connection.close()
    assert len(eventually(lambda: rows(alice))) == 1


def test_draining_a_broadcaster_that_does_not_run_says_so(app: Flask) -> None:
    with pytest.raises(TimeoutError):
        LIVE.of(app).broadcaster.drain(timeout=0.01)


def test_it_is_alive_until_it_is_stopped(live: Any) -> None:
    alive = live.broadcaster.alive
    live.broadcaster.stop()
    assert (alive, live.broadcaster.alive) == (True, False)
