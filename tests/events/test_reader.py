"""A reader of the log with a kept place: every event that it wants takes effect once."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select
from sqlalchemy.exc import OperationalError

from collab.core.models import utcnow
from collab.core.storage.chores import Chore
from collab.events import log, reader
from collab.events.log import BELL, Published
from collab.events.models import EventRow, LogReader, LogState
from collab.events.reader import Reader
from collab.events.reader_thread import ReaderThread
from collab.extensions import db

from ..support import databases
from ..support.waiting import eventually


def wanted(number: int = 0, kind: str = "a.wanted") -> Published:
    return Published(kind=kind, where="project:1", project_id=1, payload={"n": number})


def commit(app: Flask, *events: Published) -> list[int]:
    with app.app_context():
        found = [log.record(one, actor=1).id for one in events]
        db.session.commit()
    return found


def keeps(rows: Sequence[Any]) -> None:
    """Handle events by writing one of another type, which a crash or a race would double."""
    for row in rows:
        if row.data.get("poison"):
            raise KeyError("poison")
        log.record(wanted(row.id, kind="an.effect"), actor=None)


def effects(app: Flask) -> list[int]:
    """Return the ids of the events that took effect, in that order."""
    with app.app_context():
        query = select(EventRow.data).where(EventRow.type == "an.effect").order_by(EventRow.id)
        return [data["n"] for data in db.session.scalars(query)]


def begun(app: Flask, handle: Callable[..., None] = keeps, batch: int = 3) -> Reader:
    made = Reader("test", ["a.wanted"], handle, batch)
    with app.app_context():
        made.begin()
    return made


def read(app: Flask, one: Reader) -> None:
    with app.app_context():
        one.catch_up()


def place(app: Flask) -> int:
    with app.app_context():
        return db.session.scalars(select(LogReader.position)).one()


def test_what_was_there_before_it_is_not_read(app: Flask) -> None:
    commit(app, wanted())
    one = begun(app)
    told = commit(app, wanted())
    read(app, one)
    assert effects(app) == told


def test_only_the_wanted_types_are_read_in_their_order(app: Flask) -> None:
    one = begun(app)
    told = commit(app, wanted(1), wanted(2, "another"), wanted(3), wanted(4), wanted(5), wanted(6))
    read(app, one)
    assert effects(app) == [told[0], *told[2:]]


def test_the_next_reader_goes_on_where_the_last_one_was(app: Flask) -> None:
    first = commit(app, wanted()) if begun(app) else []
    read(app, begun(app))
    second = commit(app, wanted())
    read(app, begun(app))
    assert effects(app) == first + second


def test_nothing_new_writes_nothing(app: Flask) -> None:
    one = begun(app)
    commit(app, wanted(kind="another"))
    before = place(app)
    read(app, one)
    assert place(app) == before


def test_a_long_way_without_anything_wanted_is_written_down(app: Flask) -> None:
    one = begun(app)
    row = {"topic": "project:1", "type": "another", "data": {}, "time": utcnow()}
    with app.app_context():
        db.session.execute(insert(EventRow), [row] * reader.MAX_UNWANTED_EVENTS)
        db.session.commit()
        newest = log.last_id()
    read(app, one)
    assert place(app) == newest


def test_many_readers_at_once_handle_each_event_once(make_app: Callable[..., Flask]) -> None:
    apps = [make_app() for _ in range(3)]
    readers = [begun(one) for one in apps]
    told: list[int] = []
    writer = threading.Thread(
        target=lambda: [told.extend(commit(apps[0], wanted(), wanted())) for _ in range(30)]
    )

    def follow(number: int) -> None:
        while writer.is_alive():
            read(apps[number], readers[number])
        read(apps[number], readers[number])

    threads = [writer, *(threading.Thread(target=follow, args=[n]) for n in range(3))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert effects(apps[0]) == told


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(poison=st.lists(st.booleans(), max_size=12), batch=st.integers(1, 5))
def test_an_event_that_cannot_be_handled_is_passed_over_alone(
    app: Flask, poison: list[bool], batch: int
) -> None:
    one, before = begun(app, batch=batch), effects(app)
    events = [
        Published(kind="a.wanted", where="project:1", project_id=1, payload={"poison": bad})
        for bad in poison
    ]
    told = commit(app, *events)
    read(app, one)
    good = [key for key, bad in zip(told, poison, strict=True) if not bad]
    assert effects(app) == before + good


def test_a_poison_event_is_logged_with_its_id(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    one = begun(app)
    payload = {"poison": True}
    (told,) = commit(
        app, Published(kind="a.wanted", where="project:1", project_id=1, payload=payload)
    )
    read(app, one)
    assert f"event {told}" in caplog.text


def test_a_database_that_fails_is_no_poison(app: Flask) -> None:
    failures = [OperationalError("", None, sqlite3.OperationalError("database is locked"))]

    def stumbles(rows: Sequence[Any]) -> None:
        keeps(rows)
        if failures:
            raise failures.pop()

    one = begun(app, stumbles)
    told = commit(app, wanted())
    with pytest.raises(OperationalError):
        read(app, one)
    read(app, one)
    assert effects(app) == told


def test_it_goes_on_after_what_has_been_pruned(app: Flask) -> None:
    one = begun(app)
    commit(app, wanted(), wanted())
    with app.app_context():
        log.prune(timedelta(0), now=utcnow() + timedelta(seconds=1))
        assert db.session.scalar(select(LogState.pruned_through))
    told = commit(app, wanted())
    read(app, one)
    assert effects(app) == told


# -- the thread -----------------------------------------------------------------------------------


@pytest.fixture
def thread(app: Flask) -> Any:
    made = ReaderThread(app, Reader("test", ["a.wanted"], keeps))
    made.start()
    yield made
    made.stop()


def test_a_commit_wakes_the_thread(app: Flask, thread: ReaderThread) -> None:
    told = commit(app, wanted())
    assert eventually(lambda: effects(app)) == told


def test_every_commit_while_it_reads_is_read(app: Flask, thread: ReaderThread) -> None:
    told = [key for number in range(50) for key in commit(app, wanted(number))]
    eventually(lambda: len(effects(app)) == 50)
    assert effects(app) == told


def test_what_another_process_wrote_is_read_without_a_ring(
    app: Flask, thread: ReaderThread, instance: Path
) -> None:
    connection = databases.opened(instance)
    connection.execute(
        "INSERT INTO events (topic, type, project_id, data, time)"
        " VALUES ('project:1', 'a.wanted', 1, '{}', '2026-01-01 00:00:00.000000')"
    )
    connection.commit()
    connection.close()
    assert len(eventually(lambda: effects(app))) == 1


def test_the_thread_survives_that_the_database_fails(
    app: Flask, thread: ReaderThread, instance: Path, caplog: pytest.LogCaptureFixture
) -> None:
    connection = databases.opened(instance)
    connection.execute("ALTER TABLE log_readers RENAME TO lost")
    connection.commit()
    BELL.of(app).ring()
    eventually(lambda: "the database does not answer" in caplog.text)
    connection.execute("ALTER TABLE lost RENAME TO log_readers")
    connection.commit()
    connection.close()
    told = commit(app, wanted())
    assert eventually(lambda: effects(app)) == told


def test_the_thread_tells_how_it_is(app: Flask, thread: ReaderThread) -> None:
    before = thread.state
    thread.stop()
    off = ReaderThread(app, Reader("off", [], keeps), enabled=False)
    off.start()
    assert (before, thread.state, off.state) == (
        "ok",
        "stopped",
        "off: another process must do it",
    )


def test_chores_are_done_at_the_start_and_a_failing_one_stops_nothing(app: Flask) -> None:
    done: list[str] = []

    def fails() -> bool:
        raise KeyError("nothing")

    def once() -> bool:
        done.append("once")
        return False

    def in_steps() -> bool:
        done.append("a step")
        return done.count("a step") < 3

    def always() -> bool:
        done.append("always")
        return False

    chores = (
        Chore("failing", 3600, fails),
        Chore("once", 3600, once),
        Chore("in steps", 3600, in_steps),
        Chore("always", 0, always),
    )
    made = ReaderThread(app, Reader("test", ["a.wanted"], keeps), *chores)
    made.start()
    eventually(lambda: done.count("always") >= 2)
    made.stop()
    assert (done.count("once"), done.count("a step")) == (1, 3)
