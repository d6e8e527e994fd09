"""What holds while others insert, delete and change: pages lose nothing, rights are kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collab.events import log

from ..support.made_once import made_once
from ..support.people import Person, ok
from ..support.races import at_once, statuses

PRIORITIES = ["low", "normal", "high", "urgent"]
DUES = [None, "2030-01-01", "2030-01-02"]

#: Examples for each list.
EXAMPLES = 4
#: Between two pages: how many tasks come, and which of those there were go.
STEPS = st.lists(st.tuples(st.integers(0, 2), st.lists(st.integers(0, 11), max_size=2)), max_size=8)


def fields(number: int) -> dict[str, Any]:
    return {"priority": PRIORITIES[number % 4], "due_at": DUES[number % 3], "tags": ["moon"]}


def begun(alice: Person) -> tuple[int, list[int]]:
    """Return a project of alice's and the tasks in it."""
    project = alice.makes_project()
    return project, [alice.makes_task(project_id=project, **fields(one))["id"] for one in range(12)]


@made_once
def boards(alice: Person) -> list[tuple[int, list[int]]]:
    """Return as many of them as there are examples."""
    return [begun(alice) for _ in range(EXAMPLES)]


@pytest.mark.parametrize("extra", ["", "tag=moon", "q=launch"])
@pytest.mark.parametrize("sort", ["id", "-id", "-priority", "due_at", "position"])
@settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_no_task_that_stays_is_lost_or_comes_twice(
    alice: Person,
    boards: list[tuple[int, list[int]]],
    sort: str,
    extra: str,
    steps: list[tuple[int, list[int]]],
) -> None:
    project, first = boards.pop() if boards else begun(alice)
    gone: set[int] = set()
    seen: list[int] = []
    address: str = f"/tasks?project_id={project}&limit=2&sort={sort}&{extra}"
    while address:
        page = alice.get(address)
        seen += [one["id"] for one in ok(page)["items"]]
        address = page.links.get("next", {}).get("url", "")
        more, fewer = steps.pop() if steps else (0, [])
        for number in range(more):
            alice.makes_task(project_id=project, **fields(number))
        for at in set(fewer) - gone:
            gone.add(at)
            ok(alice.delete(f"/tasks/{first[at]}"))
    assert len(seen) == len(set(seen))
    assert {key for at, key in enumerate(first) if at not in gone} <= set(seen)


def test_nobody_writes_after_the_event_that_took_the_right(
    app: Flask, alice: Person, bob: Person, project: int
) -> None:
    task = alice.makes_task(project_id=project)["id"]

    def renames(person: Person) -> httpx.Response:
        answers = [person.patch(f"/tasks/{task}", {"title": f"{n}"}) for n in range(12)]
        return answers[-1]

    def sets_role(role: str) -> Callable[[Person], httpx.Response]:
        path = f"/projects/{project}/members/{bob.id}"
        return lambda person: person.patch(path, {"role": role})

    with app.app_context():
        before = log.last_id()
    demotions = [(alice, sets_role(role)) for role in ("viewer", "collaborator", "viewer")]
    at_once(app, (bob, renames), (bob, renames), *demotions)
    with app.app_context():
        rows = log.read_after(before, 10_000).rows
    role = "collaborator"
    for row in rows:
        if row.type == "member.role_changed":
            role = row.data["role"]
        if row.type == "task.updated":
            assert (row.actor, role) == (bob.id, "collaborator")


def test_nobody_is_assigned_after_their_removal(
    app: Flask, alice: Person, bob: Person, project: int
) -> None:
    tasks = [alice.makes_task(project_id=project)["id"] for _ in range(6)]
    acts = [
        (alice, lambda one, task=task: one.patch(f"/tasks/{task}", {"assignee_id": bob.id}))
        for task in tasks
    ]
    leaving = (bob, lambda one: one.delete(f"/projects/{project}/members/{bob.id}"))
    answers = at_once(app, *acts[:3], leaving, *acts[3:])
    assert set(statuses(answers)) <= {200, 204, 422}
    listed = ok(alice.get(f"/projects/{project}/tasks"))["items"]
    assert {one["assignee_id"] for one in listed} == {None}
