"""A reader of the log and the writer's lock: when it is taken, for how much, and what waits."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError

from collab.core.database import harden
from collab.core.transactions.disk import DISK, Disk
from collab.events import log
from collab.events.log import Published
from collab.events.models import EventRow, LogReader
from collab.events.reader import MAX_UNWANTED_EVENTS, Reader
from collab.extensions import db

from ..support import databases

HANDLED = "a.wanted"


def commit(app: Flask, *payloads: dict[str, Any], kind: str = HANDLED) -> list[Any]:
    """Record events in one commit; returns them."""
    with app.app_context():
        told = [
            log.record(Published(kind=kind, where="project:1", project_id=1, payload=one), actor=1)
            for one in payloads
        ]
        db.session.commit()
    return told


class Sizes:
    """Handles events by noting how many there are at once; one that is poison fails."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def __call__(self, rows: Sequence[Any]) -> None:
        self.sizes.append(len(rows))
        if any(row.data.get("poison") for row in rows):
            raise KeyError("poison")


def begun(app: Flask, handle: Any, batch: int = 3) -> Reader:
    made = Reader("test", [HANDLED], handle, batch)
    with app.app_context():
        made.begin()
    return made


def test_a_batch_is_handled_at_once(app: Flask) -> None:
    handle = Sizes()
    one = begun(app, handle)
    commit(app, *[{}] * 7)
    with app.app_context():
        one.catch_up()
    assert handle.sizes == [3, 3, 1]


def test_a_batch_with_one_that_fails_is_handled_one_by_one_and_the_next_at_once(app: Flask) -> None:
    handle = Sizes()
    one = begun(app, handle)
    commit(app, {}, {"poison": True}, *[{}] * 4)
    with app.app_context():
        one.catch_up()
    assert handle.sizes == [3, 1, 1, 1, 3]


def test_what_waits_is_known_by_its_oldest_time(app: Flask) -> None:
    one = begun(app, Sizes())
    commit(app, {}, kind="another")
    with app.app_context():
        assert one.waiting_since() is None
    first, _ = commit(app, {}, {})
    with app.app_context():
        assert one.waiting_since() == first.time
        assert not one.read_some(), "it has handled all that there was"
        assert one.waiting_since() is None
        db.session.rollback()


def test_for_who_has_not_begun_all_waits(app: Flask) -> None:
    (first,) = commit(app, {})
    commit(app, {})
    with app.app_context():
        assert Reader("new", [HANDLED], Sizes()).waiting_since() == first.time


def test_a_batch_that_is_the_last_one_is_not_looked_after_again(app: Flask) -> None:
    one = begun(app, Sizes())
    commit(app, *[{}] * 4)
    with app.app_context():
        assert one.read_some(), "three of four"
        assert not one.read_some()


@pytest.mark.sqlite("file")
def test_what_follows_from_events_waits_for_no_disk_until_it_is_told(app: Flask) -> None:
    syncs: list[None] = []
    one = begun(app, Sizes())
    commit(app, {})
    with app.app_context():
        db.engine.dispose()
        DISK.put(app, Disk(lambda: syncs.append(None)))
        one.catch_up()
        assert not syncs
        harden()
    assert syncs


@pytest.mark.sqlite("file")
def test_nothing_wanted_takes_no_lock(app: Flask, instance: Path) -> None:
    one = begun(app, Sizes())
    commit(app, {}, kind="another")
    other = databases.opened(instance)
    other.execute("BEGIN IMMEDIATE")
    with app.app_context():
        assert not one.read_some()
        assert not db.session.connection().connection.dbapi_connection.in_transaction
    other.execute("COMMIT")
    other.close()


@pytest.mark.sqlite("file")
def test_nobody_else_writes_from_when_events_are_looked_up(app: Flask, instance: Path) -> None:
    locked: list[bool] = []

    def tries(rows: Sequence[Any]) -> None:
        other = databases.opened(instance, timeout=0)
        try:
            other.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            locked.append(True)
        other.close()

    one = begun(app, tries)
    commit(app, {})
    with app.app_context():
        one.catch_up()
    assert locked == [True]


def test_after_a_look_in_vain_it_reads_nothing_until_something_is_new(app: Flask) -> None:
    handle = Sizes()
    one = begun(app, handle)
    commit(app, {}, kind="another")
    with app.app_context():
        assert one.read_some() is False
        assert one.read_some() is False
        assert not db.session().in_transaction()
    commit(app, {})
    with app.app_context():
        one.read_some()
    assert handle.sizes == [1]


def test_a_reader_that_wants_no_types_handles_nothing(app: Flask) -> None:
    handle = Sizes()
    one = Reader("of nothing", [], handle)
    with app.app_context():
        one.begin()
    commit(app, {})
    with app.app_context():
        one.catch_up()
    assert handle.sizes == []


def test_of_two_the_one_that_can_be_handled_is(app: Flask) -> None:
    handle = Sizes()
    one = begun(app, handle, batch=2)
    commit(app, {}, {"poison": True})
    with app.app_context():
        one.catch_up()
    assert handle.sizes == [2, 1, 1]


def test_after_one_that_fails_at_the_end_of_a_batch_the_next_are_handled_at_once(
    app: Flask,
) -> None:
    handle = Sizes()
    one = begun(app, handle)
    commit(app, {}, {}, {"poison": True}, {}, {}, {})
    with app.app_context():
        one.catch_up()
    assert handle.sizes == [3, 1, 1, 1, 3]


def test_what_a_handler_has_written_before_it_fails_is_thrown_away(app: Flask) -> None:
    def fails(rows: Sequence[Any]) -> None:
        db.session.add(LogReader(name="written", position=1))
        db.session.flush()
        raise KeyError("poison")

    one = begun(app, fails)
    commit(app, {})
    with app.app_context():
        one.catch_up()
        assert db.session.get(LogReader, "written") is None


def place(name: str = "test") -> int:
    """Return the place that is written down."""
    db.session.rollback()
    row = db.session.scalar(select(LogReader).where(LogReader.name == name))
    assert row is not None
    return row.position


def test_who_begins_keeps_the_end_of_the_log(app: Flask) -> None:
    (last,) = commit(app, {})
    begun(app, Sizes())
    with app.app_context():
        assert place() == last.id


def test_what_the_database_refuses_is_told_and_handled_the_next_time(app: Flask) -> None:
    handle = Sizes()
    troubles: list[Exception] = [OperationalError("UPDATE", {}, Exception("busy"))]

    def once(rows: Sequence[Any]) -> None:
        if troubles:
            raise troubles.pop()
        handle(rows)

    one = begun(app, once)
    commit(app, {}, {})
    with app.app_context():
        with pytest.raises(OperationalError):
            one.read_some()
        assert not db.session().in_transaction()
        one.catch_up()
    assert handle.sizes == [2]


def test_an_event_that_cannot_be_handled_is_named_in_the_log(
    app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    one = begun(app, Sizes())
    (poison,) = commit(app, {"poison": True})
    with app.app_context():
        one.catch_up()
    assert caplog.messages == [f"test can't handle event {poison.id} and continues after it"]


@pytest.mark.parametrize(("unwanted", "kept"), [(MAX_UNWANTED_EVENTS, True), (9_999, False)])
def test_the_place_is_written_down_after_many_that_nobody_wanted(
    app: Flask, unwanted: int, kept: bool
) -> None:
    one = begun(app, Sizes())
    (other,) = commit(app, {}, kind="another")
    with app.app_context():
        before = place()
        far = before + unwanted
        db.session.execute(update(EventRow).where(EventRow.id == other.id).values(id=far))
        db.session.commit()
        assert not one.read_some()
        assert place() == (far if kept else before)
