"""The log: rows in the transaction of the change, ids in the order of commits."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from collab.core.models import utcnow
from collab.core.storage.housekeeping import HOUSEKEEPER
from collab.events import log
from collab.events.catalogue.projects import MemberRemoved
from collab.events.log import Published
from collab.extensions import db

from ..support import databases, history
from ..support.people import Person, ok
from ..support.waiting import eventually


@pytest.fixture
def context(app: Flask) -> Iterator[Flask]:
    """Work inside the application, as a service does."""
    with app.app_context():
        yield app


def note(number: int = 0) -> Published:
    return Published(kind="a.note", where="project:1", project_id=1, payload={"n": number})


def write(count: int = 1) -> list[int]:
    """Record some events, each in a commit of its own, and return their ids."""
    found = []
    for number in range(count):
        found.append(log.record(note(number), actor=7).id)
        db.session.commit()
    return found


# -- writing --------------------------------------------------------------------------------------


def test_a_recorded_event_is_the_row_that_is_read_back(context: Flask) -> None:
    before = log.last_id()
    told = log.record(note(5), actor=7)
    db.session.commit()
    (row,) = log.read_after(before).rows
    assert (row.id, row.topic, row.type, row.actor, row.data, row.time) == (
        told.id,
        "project:1",
        "a.note",
        7,
        {"n": 5},
        told.time,
    )


def test_ids_grow(context: Flask) -> None:
    found = write(5)
    assert found == sorted(set(found))


def test_ids_grow_in_the_order_of_commits_however_many_write(app: Flask) -> None:
    with app.app_context():
        start = log.last_id()
    writers = [threading.Thread(target=in_context, args=(app, write, 25)) for _ in range(8)]
    for writer in writers:
        writer.start()
    seen = read_by_id(app, start, 200)
    for writer in writers:
        writer.join()
    assert seen == history.ids(app, after=start)


def in_context(app: Flask, work: Any, *arguments: Any) -> None:
    with app.app_context():
        work(*arguments)


def read_by_id(app: Flask, after: int, count: int) -> list[int]:
    """Follow the log by id, as the broadcaster does: a row that came late would be missed."""
    seen: list[int] = []

    def read() -> bool:
        with app.app_context():
            seen.extend(row.id for row in log.read_after((seen or [after])[-1]).rows)
        return len(seen) >= count

    eventually(read)
    return seen


def test_a_rollback_leaves_no_row(context: Flask) -> None:
    before = log.last_id()
    log.record(note(), actor=7)
    db.session.rollback()
    assert log.last_id() == before


def test_a_change_that_fails_leaves_no_event(alice: Person, project: int, app: Flask) -> None:
    before = history.ids(app)
    assert alice.post(f"/projects/{project}/members", {"email": alice.email}).status_code == 409
    assert history.ids(app) == before


def test_a_commit_with_a_change_of_rights_is_noticed(context: Flask) -> None:
    before = log.bell().rights_epoch
    log.record(MemberRemoved(project_id=1, user_id=2), actor=7)
    db.session.commit()
    assert log.bell().rights_epoch == before + 1


def test_a_rollback_of_a_change_of_rights_is_none(context: Flask) -> None:
    before = log.bell().rights_epoch
    log.record(MemberRemoved(project_id=1, user_id=2), actor=7)
    db.session.rollback()
    log.record(note(), actor=7)
    db.session.commit()
    assert log.bell().rights_epoch == before


def test_a_plain_event_changes_no_rights(context: Flask) -> None:
    before = log.bell().rights_epoch
    write()
    assert log.bell().rights_epoch == before


def test_many_at_once_are_rows_like_those_recorded_one_by_one(context: Flask) -> None:
    before, epoch = log.last_id(), log.bell().rights_epoch
    log.record_all([note(1), note(2)], actor=7)
    db.session.commit()
    assert log.bell().rights_epoch == epoch
    removed = MemberRemoved(project_id=1, user_id=2)
    log.record_each([(note(3), 8, "192.0.2.1"), (removed, None, None)])
    db.session.commit()
    assert log.bell().rights_epoch == epoch + 1
    assert [
        (row.topic, row.type, row.actor, row.project_id, row.data, row.address)
        for row in log.read_after(before).rows
    ] == [
        ("project:1", "a.note", 7, 1, {"n": 1}, None),
        ("project:1", "a.note", 7, 1, {"n": 2}, None),
        ("project:1", "a.note", 8, 1, {"n": 3}, "192.0.2.1"),
        ("project:1", "member.removed", None, 1, removed.data(), None),
    ]


def test_none_at_once_is_nothing(context: Flask) -> None:
    before = log.last_id()
    log.record_all([], actor=7)
    db.session.commit()
    assert log.last_id() == before


def test_a_commit_rings_for_the_row_and_a_rollback_does_not(context: Flask) -> None:
    log.bell().take_rows()
    log.record(note(), actor=7)
    db.session.rollback()
    assert not log.bell().rows_wait
    write()
    assert log.bell().rows_wait


def test_what_is_remembered_of_people_is_outdated_by_the_commit_that_asks_for_it(
    context: Flask,
) -> None:
    before = log.bell().rights_epoch
    log.outdate_callers()
    log.record(note(), actor=7)
    assert log.bell().rights_epoch == before
    db.session.commit()
    assert log.bell().rights_epoch == before + 1


# -- reading --------------------------------------------------------------------------------------


def test_reading_gives_what_is_after_an_id_and_no_more_than_asked_for(context: Flask) -> None:
    first, second, third, _ = write(4)
    assert [row.id for row in log.read_after(first, limit=2).rows] == [second, third]


def test_reading_topics_gives_those_only_up_to_an_id(context: Flask) -> None:
    found = []
    for where in ("project:1", "project:2", "user:7", "project:1", "project:1"):
        event = Published(kind="a", where=where, project_id=None, payload={})
        found.append(log.record(event, actor=7).id)
    db.session.commit()
    rows = log.read_topics(["project:1", "user:7"], after=found[0], through=found[3]).rows
    assert [row.id for row in rows] == [found[2], found[3]]


def test_a_batch_says_whether_there_is_more(context: Flask) -> None:
    before = log.last_id()
    first, second, _ = write(3)
    for limit, found, more in ((2, [first, second], True), (1, [first], True)):
        for batch in (
            log.read_after(before, limit),
            log.read_topics(["project:1"], before, limit=limit),
        ):
            assert ([row.id for row in batch.rows], batch.more) == (found, more)
    assert not log.read_after(before, limit=3).more
    assert not log.read_topics(["project:1"], before, limit=3).more


def test_events_survive_their_project(alice: Person, project: int, app: Flask) -> None:
    told = history.ids(app, f"project:{project}")
    ok(alice.delete(f"/projects/{project}"))
    assert history.ids(app, f"project:{project}")[:-1] == told


def test_a_projects_id_is_never_given_again(alice: Person) -> None:
    first = alice.makes_project()
    ok(alice.delete(f"/projects/{first}"))
    assert alice.makes_project() > first


# -- pruning --------------------------------------------------------------------------------------


def prune_all() -> int:
    return log.prune(timedelta(0), utcnow() + timedelta(seconds=1))


def test_pruning_says_how_many_rows_went(context: Flask) -> None:
    there = len(history.ids(context))
    assert prune_all() == there


def test_pruning_leaves_what_is_younger(context: Flask) -> None:
    before = history.ids(context)
    assert log.prune(timedelta(days=1)) == 0
    assert history.ids(context) == before


def test_pruning_takes_the_old_end_only(context: Flask) -> None:
    old = write(3)[-1]
    border = utcnow()
    young = write(3)
    log.prune(timedelta(0), border)
    assert (log.pruned_through(), history.ids(context)) == (old, young)


def test_pruning_much_goes_in_parts_and_gets_everything(context: Flask) -> None:
    history.fill(context, 1, log.PRUNED_AT_ONCE * 2 + 10)
    there = len(history.ids(context))
    assert (prune_all(), history.ids(context)) == (there, [])


def test_ids_go_on_after_what_was_pruned(context: Flask) -> None:
    last = write()[0]
    prune_all()
    assert write()[0] > last


def test_the_last_id_is_known_though_its_row_is_gone(context: Flask) -> None:
    last = write()[0]
    prune_all()
    assert log.last_id() == last


def test_pruning_twice_changes_nothing(context: Flask) -> None:
    prune_all()
    through = log.pruned_through()
    assert (prune_all(), log.pruned_through()) == (0, through)


@pytest.mark.parametrize(("offset", "recoverable"), [(-2, False), (-1, False), (0, True)])
def test_a_reader_is_recoverable_if_nothing_after_their_place_was_pruned(
    offset: int, recoverable: bool, context: Flask
) -> None:
    write(3)
    prune_all()
    write(3)
    assert log.recoverable(log.pruned_through() + offset) is recoverable


@pytest.mark.parametrize(("offset", "recoverable"), [(0, True), (1, False), (10**15, False)])
def test_an_id_that_was_never_given_is_not_recoverable(
    offset: int, recoverable: bool, context: Flask
) -> None:
    assert log.recoverable(log.last_id() + offset) is recoverable


def test_old_events_are_pruned_while_serving(make_app: Any, instance: Any, app: Flask) -> None:
    with app.app_context():
        write(3)
    connection = databases.opened(instance)
    connection.execute("UPDATE events SET time = '2000-01-01 00:00:00.000000'")
    connection.commit()
    connection.close()
    pruning = make_app(EVENT_RETENTION_DAYS="1")
    HOUSEKEEPER.of(pruning).do_all()
    assert history.ids(app) == []
