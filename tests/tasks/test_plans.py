"""Lists stay flat: SQLite walks an index in the list's order, and sorts nothing."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from collab.tasks.models import TASK_SORTS

from ..support.made_once import made_once
from ..support.people import Person, ok
from .plans import planned

pytestmark = pytest.mark.sqlite("plans")

MINE = {"": "owner_id", "personal": "board", "project": "board"}


def plan(app: Flask, person: Person, **query: Any) -> list[str]:
    """Return the steps by which SQLite finds a second page."""
    first = ok(person.get("/tasks", params=query | {"limit": 1}))
    with planned(app) as steps:
        ok(person.get("/tasks", params=query | {"limit": 1, "cursor": first["next_cursor"]}))
    return steps


@made_once
def tasks(alice: Person, project: int) -> int:
    """Return a project, in which and besides which alice has tasks for every filter."""
    for where in ({"project_id": project}, {}):
        for _ in range(3):
            alice.makes_task(**where, tags=["moon"], assignee_id=alice.id, due_at="2020-01-01")
            alice.makes_task(**where)
    return project


def asked(scope: str, project: int, query: dict[str, Any]) -> dict[str, Any]:
    place = {"project_id": project} if scope == "project" else {"scope": scope} if scope else {}
    return place | query


def walks(steps: list[str], index: str) -> bool:
    """Return whether an index is walked, and nothing is sorted."""
    sorted_there = any("TEMP B-TREE" in step for step in steps)
    return any(index in step for step in steps) and not sorted_there


FILTERS = [
    ({}, "tasks USING INDEX ix_tasks_{}_id ({}=? AND id<?)"),
    ({"status": "todo"}, "tasks USING INDEX ix_tasks_{}_status_id ({}=? AND status=? AND id<?)"),
    ({"tag": "moon"}, "ix_task_tags_{}_tag_task_id ({}=? AND tag=? AND task_id<?)"),
    ({"q": "moon"}, "search_index VIRTUAL TABLE INDEX"),
    ({"overdue": "true"}, "ix_tasks_{}_open_due_order_id ({}=? AND "),
]


@pytest.mark.parametrize("scope", ["", "personal", "project"])
def test_each_filter_walks_its_index(app: Flask, alice: Person, tasks: int, scope: str) -> None:
    found = [(plan(app, alice, **asked(scope, tasks, one)), index) for one, index in FILTERS]
    wrong = [steps for steps, index in found if not walks(steps, index.format(*[MINE[scope]] * 2))]
    assert (len(found), wrong) == (len(FILTERS), [])


@pytest.mark.parametrize("scope", ["", "personal", "project"])
def test_each_sort_walks_its_index(app: Flask, alice: Person, tasks: int, scope: str) -> None:
    sorts = [f"{sign}{one}" for one in TASK_SORTS for sign in ("", "-")]
    found = {one: plan(app, alice, **asked(scope, tasks, {"sort": one})) for one in sorts}
    index = f"USING INDEX ix_tasks_{MINE[scope]}"
    assert {one: steps for one, steps in found.items() if not walks(steps, index)} == {}


@pytest.mark.parametrize(
    ("query", "index"),
    [
        ({"assignee": "me"}, "ix_tasks_assignee_id_id (assignee_id=? AND id<?)"),
        ({"scope": "all"}, "tasks USING INTEGER PRIMARY KEY (rowid<?)"),
        ({"scope": "all", "status": "todo"}, "ix_tasks_status_id (status=? AND id<?)"),
        ({"scope": "all", "tag": "moon"}, "ix_task_tags_tag_task_id (tag=? AND task_id<?)"),
    ],
)
def test_each_list_over_all_boards_walks_its_index(
    app: Flask, ada: Person, tasks: int, query: dict[str, Any], index: str
) -> None:
    for _ in range(2):
        ada.makes_task(assignee_id=ada.id)
    steps = plan(app, ada, **query)
    assert any(index in step for step in steps), steps
    assert not any("TEMP B-TREE" in step for step in steps), steps


@pytest.mark.parametrize("assignee", ["me", "none"])
def test_a_project_s_tasks_of_somebody_walk_an_index(
    app: Flask, alice: Person, tasks: int, assignee: str
) -> None:
    steps = plan(app, alice, project_id=tasks, assignee=assignee)
    wanted = "ix_tasks_board_assignee_id_id (board=? AND assignee_id=? AND id<?)"
    assert any(wanted in step for step in steps), steps
    assert not any("TEMP B-TREE" in step for step in steps), steps


def test_a_column_of_a_board_walks_its_index(app: Flask, alice: Person, tasks: int) -> None:
    steps = plan(app, alice, project_id=tasks, status="todo", sort="position")
    assert any("ix_tasks_board_status_position" in step for step in steps), steps
    assert not any("TEMP B-TREE" in step for step in steps), steps
