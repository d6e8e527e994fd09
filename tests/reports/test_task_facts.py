"""What a report tells of tasks."""

from __future__ import annotations

from datetime import timedelta

from flask import Flask

from collab.reports.render import render
from collab.reports.task_facts import PEOPLE_SHOWN, Tasks

from ..support.people import Person, register
from .making import NOW, Page, made


def found(app: Flask, owner: Person, project: int) -> Tasks:
    facts: Tasks = made(app, owner.id, project).found["tasks"]
    return facts


def test_a_project_without_tasks_has_zeros(app: Flask, alice: Person, quiet: int) -> None:
    alice.makes_task()
    facts = found(app, alice, quiet)
    assert (facts.total, facts.overdue, facts.loaded, facts.others) == (0, 0, [], 0)


def test_tasks_are_counted_by_status(app: Flask, alice: Person, quiet: int) -> None:
    for status in ("todo", "done", "todo", "blocked"):
        alice.makes_task(project_id=quiet, status=status)
    statuses = {"todo": 2, "doing": 0, "done": 1, "blocked": 1}
    assert found(app, alice, quiet).statuses == statuses


def test_what_was_due_before_the_last_day_and_is_not_done_is_overdue(
    app: Flask, alice: Person, quiet: int
) -> None:
    today, yesterday = (str((NOW - timedelta(days=days)).date()) for days in (0, 1))
    alice.makes_task(project_id=quiet, due_at=yesterday)
    alice.makes_task(project_id=quiet, due_at=yesterday, status="done")
    alice.makes_task(project_id=quiet, due_at=today)
    alice.makes_task(project_id=quiet)
    assert found(app, alice, quiet).overdue == 1


def test_who_has_most_to_do_comes_first(app: Flask, alice: Person, bob: Person, quiet: int) -> None:
    alice.makes_task(project_id=quiet, assignee_id=alice.id, due_at="2020-01-01")
    for _ in range(2):
        alice.makes_task(project_id=quiet, assignee_id=bob.id)
    alice.makes_task(project_id=quiet, assignee_id=alice.id, status="done")
    assert found(app, alice, quiet).loaded == [("Bob", 2, 0), ("Alice", 1, 1)]


def test_of_many_people_the_first_are_listed_and_the_rest_counted(
    app: Flask, alice: Person, quiet: int
) -> None:
    for number in range(PEOPLE_SHOWN + 2):
        person = register(alice.http, f"p{number}")
        alice.invites(quiet, person.email)
        alice.makes_task(project_id=quiet, assignee_id=person.id)
    facts = found(app, alice, quiet)
    assert (len(facts.loaded), facts.others) == (PEOPLE_SHOWN, 2)
    assert "And 2 more with fewer." in " ".join(Page(render(made(app, alice.id, quiet))).text)
