"""Reminding of what is due soon, once for each due date."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from collab.tasks import reminders

from ..support.people import Person, ok
from ..support.records import Record, recording
from .plans import planned

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def remind(app: Flask, **options: int) -> list[Record]:
    with recording(app) as told, app.app_context():
        count = reminders.remind(NOW, **options)
    assert len(told) == count
    return told


def written(delay: timedelta) -> str:
    return (NOW + delay).isoformat()


def test_whom_it_concerns_is_told(app: Flask, alice: Person, bob: Person, project: int) -> None:
    due = written(timedelta(hours=23))
    made = alice.makes_task(project_id=project, due_at=due, assignee_id=bob.id)
    about = {"task_id": made["id"], "owner_id": alice.id, "project_id": project, "title": "Launch"}
    data = about | {"due_at": made["due_at"], "due_zone": "UTC", "others": 0, "assignee_id": bob.id}
    assert remind(app) == [Record("task.reminded", f"project:{project}", None, data)]


@pytest.mark.parametrize(
    ("delay", "told"),
    [
        (timedelta(hours=24), 1),
        (timedelta(hours=24, seconds=1), 0),
        (timedelta(days=-400), 1),
    ],
)
def test_what_is_due_within_a_day_or_overdue_is_told(
    app: Flask, alice: Person, delay: timedelta, told: int
) -> None:
    alice.makes_task(due_at=written(delay))
    assert len(remind(app)) == told


def test_what_is_done_or_never_due_is_not_told(app: Flask, alice: Person) -> None:
    alice.makes_task()
    alice.makes_task(due_at=written(timedelta()), status="done")
    assert remind(app) == []


def test_it_is_told_once_for_each_due_date(app: Flask, alice: Person) -> None:
    made = alice.makes_task(due_at=written(timedelta()))
    assert [len(remind(app)) for _ in range(2)] == [1, 0]
    ok(alice.patch(f"/tasks/{made['id']}", {"due_at": written(timedelta(hours=1))}))
    assert [len(remind(app)) for _ in range(2)] == [1, 0]


def test_the_task_stays_what_it_was(app: Flask, alice: Person) -> None:
    made = alice.makes_task(due_at=written(timedelta()))
    before = alice.get(f"/tasks/{made['id']}")
    remind(app)
    after = alice.get(f"/tasks/{made['id']}")
    assert (ok(after), after.headers["ETag"]) == (ok(before), before.headers["ETag"])


def test_there_are_at_most_so_many_at_a_time_the_most_overdue_first(
    app: Flask, alice: Person
) -> None:
    made = [alice.makes_task(due_at=written(timedelta(hours=-one)))["id"] for one in range(5)]
    told = [[one.data["task_id"] for one in remind(app, limit=2)] for _ in range(4)]
    assert told == [[made[4], made[3]], [made[2], made[1]], [made[0]], []]


@pytest.mark.sqlite("plans")
def test_the_tasks_to_tell_of_are_found_by_their_index(app: Flask) -> None:
    with planned(app) as steps:
        reminders.remind(NOW)
    assert steps == ["SEARCH tasks USING INDEX ix_tasks_to_remind_due_at (due_at<?)"]


def test_many_at_once_are_one_reminder(app: Flask, alice: Person, bob: Person) -> None:
    """A list that is brought in is no storm: the next one due stands for all."""
    hours = [-48, -24, -1, 1, 2, *range(3, 28)]
    made = [alice.makes_task(due_at=written(timedelta(hours=one / 2)))["id"] for one in hours]
    bobs = bob.makes_task(due_at=written(timedelta(hours=1)))["id"]
    with recording(app) as told, app.app_context():
        assert reminders.remind(NOW) == len(hours) + 1
        assert reminders.remind(NOW) == 0
    found = {one.data["owner_id"]: one.data for one in told}
    assert len(told) == 2
    assert (found[alice.id]["task_id"], found[alice.id]["others"]) == (made[3], len(hours) - 1)
    assert (found[bob.id]["task_id"], found[bob.id]["others"]) == (bobs, 0)


def test_a_project_does_not_learn_of_what_is_due_elsewhere(
    app: Flask, alice: Person, project: int
) -> None:
    for place in (project, None):
        for one in range(6):
            alice.makes_task(project_id=place, due_at=written(timedelta(hours=one)))
    with recording(app) as told, app.app_context():
        reminders.remind(NOW)
    assert {(one.topic, one.data["others"]) for one in told} == {
        (f"project:{project}", 5),
        (f"user:{alice.id}", 5),
    }


def test_of_many_that_are_all_overdue_the_last_one_stands_for_all(
    app: Flask, alice: Person
) -> None:
    made = [alice.makes_task(due_at=written(timedelta(days=-one)))["id"] for one in range(1, 31)]
    with recording(app) as told, app.app_context():
        reminders.remind(NOW)
    assert [(one.data["task_id"], one.data["others"]) for one in told] == [(made[0], 29)]
