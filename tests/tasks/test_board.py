"""The order of a board's columns, and changes of several tasks at once."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from collab.core.lists.ordering import MAX_POSITION_LENGTH
from collab.extensions import db
from collab.tasks.models import STATUSES, Task

from ..support.made_once import made_once
from ..support.people import Person, ok
from ..support.problems import pointers, problem
from ..support.races import at_once, statuses
from ..support.records import recording


def column(person: Person, project: int, status: str = "todo") -> list[int]:
    query = {"project_id": project, "status": status, "sort": "position", "limit": 100}
    return [one["id"] for one in ok(person.get("/tasks", params=query))["items"]]


def moves(person: Person, task: int, **place: Any) -> dict[str, Any]:
    return ok(person.post(f"/tasks/{task}/move", place))


@made_once
def row(alice: Person, project: int) -> list[int]:
    """Return four tasks of one column, in its order."""
    return [alice.makes_task(project_id=project)["id"] for _ in range(4)]


# -- moving ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "order"),
    [
        ({"before": 0}, [3, 0, 1, 2]),
        ({"after": 0}, [0, 3, 1, 2]),
        ({"before": 2}, [0, 1, 3, 2]),
        ({"after": 2}, [0, 1, 2, 3]),
        ({}, [0, 1, 2, 3]),
    ],
)
def test_a_task_is_moved_next_to_another(
    bob: Person, project: int, row: list[int], place: dict[str, int], order: list[int]
) -> None:
    moves(bob, row[3], **{side: row[at] for side, at in place.items()})
    assert column(bob, project) == [row[at] for at in order]


def test_a_task_is_moved_to_the_end(bob: Person, project: int, row: list[int]) -> None:
    moves(bob, row[0])
    assert column(bob, project) == [*row[1:], row[0]]


def test_a_task_goes_to_the_column_of_its_new_neighbour(
    alice: Person, project: int, row: list[int]
) -> None:
    ok(alice.patch(f"/tasks/{row[0]}", {"status": "done"}))
    assert moves(alice, row[2], before=row[0])["status"] == "done"
    assert column(alice, project, "done") == [row[2], row[0]]
    assert column(alice, project) == [row[1], row[3]]


def test_a_new_status_puts_a_task_at_the_end_of_that_column(
    alice: Person, project: int, row: list[int]
) -> None:
    for task in (row[2], row[0]):
        ok(alice.patch(f"/tasks/{task}", {"status": "doing"}))
    moves(alice, row[3], status="doing")
    assert column(alice, project, "doing") == [row[2], row[0], row[3]]


def test_a_move_is_one_change_and_touches_nobody_else(
    app: Flask, bob: Person, row: list[int]
) -> None:
    with recording(app) as told:
        moved = moves(bob, row[3], before=row[1], status="todo")
    assert [(one.type, one.data["task_id"]) for one in told] == [("task.updated", row[3])]
    assert told[0].data["changes"] == {"position": moved["position"]}


@pytest.mark.parametrize("place", [{"after": 0}, {"before": 2}, {"before": 2, "status": "todo"}])
def test_a_move_to_where_it_stands_changes_nothing(
    app: Flask, bob: Person, row: list[int], place: dict[str, Any]
) -> None:
    place = {name: row[at] if name != "status" else at for name, at in place.items()}
    before = bob.get(f"/tasks/{row[1]}")
    with recording(app) as told:
        assert moves(bob, row[1], **place) == ok(before)
    assert told == []


def test_a_move_is_refused_next_to_what_is_not_on_the_board(
    alice: Person, project: int, row: list[int]
) -> None:
    elsewhere = alice.makes_task()["id"]
    path = f"/tasks/{row[0]}/move"
    assert pointers(alice.post(path, {"before": elsewhere})) == ["#/before"]
    assert pointers(alice.post(path, {"after": 777})) == ["#/after"]
    assert pointers(alice.post(path, {"after": row[0]})) == ["#/after"]
    assert pointers(alice.post(path, {"after": row[1], "status": "done"})) == ["#/after"]
    assert pointers(alice.post(path, {"after": row[1], "before": row[2]})) == ["#/after"]


def test_a_lost_update_is_412(alice: Person, row: list[int]) -> None:
    problem(alice.post(f"/tasks/{row[0]}/move", {}, headers={"If-Match": '"7"'}), 412)


def test_a_column_without_room_gets_fresh_positions(
    app: Flask, alice: Person, project: int, row: list[int]
) -> None:
    whole = "V00000"
    crowded = [whole, whole + "0" * (MAX_POSITION_LENGTH - 7) + "1", whole + "1", whole + "2"]
    with app.app_context():
        for key, position in zip(row, crowded, strict=True):
            db.session.get_one(Task, key).position = position
        db.session.commit()
    before = [alice.get(f"/tasks/{key}").headers["ETag"] for key in row]
    with recording(app) as told:
        moves(alice, row[3], after=row[0])
    assert column(alice, project) == [row[0], row[3], row[1], row[2]]
    changed = {one.data["task_id"]: one.data["changes"]["position"] for one in told}
    shown = {key: alice.get(f"/tasks/{key}") for key in row}
    assert all(ok(shown[key])["position"] == position for key, position in changed.items())
    after = [shown[key].headers["ETag"] for key in row]
    assert {key for key, old, new in zip(row, before, after, strict=True) if old != new} == set(
        changed
    )
    assert max(len(ok(one)["position"]) for one in shown.values()) == 6


def test_many_movers_leave_one_order(
    app: Flask, alice: Person, bob: Person, project: int, row: list[int]
) -> None:
    acts = [
        (who, lambda one, task=task: one.post(f"/tasks/{task}/move", {"before": row[0]}))
        for who in (alice, bob)
        for task in row[1:]
    ]
    assert statuses(at_once(app, *acts)) == [200] * 6
    assert column(alice, project)[-1] == row[0]
    with app.app_context():
        positions = [db.session.get_one(Task, key).position for key in row]
    assert len(set(positions)) == 4


STEP = st.one_of(
    st.tuples(st.just("make"), st.sampled_from(STATUSES), st.just(0), st.just(0)),
    st.tuples(st.just("delete"), st.just(""), st.integers(0, 9), st.just(0)),
    st.tuples(st.just("status"), st.sampled_from(STATUSES), st.integers(0, 9), st.just(0)),
    st.tuples(st.just("end"), st.sampled_from(STATUSES), st.integers(0, 9), st.just(0)),
    st.tuples(
        st.sampled_from(["before", "after"]), st.just(""), st.integers(0, 9), st.integers(0, 9)
    ),
)


#: The place before the second one has the position that the task has already, in another column.
TO_AN_EQUAL_POSITION = [
    *(("make", "doing", 0, 0) for _ in range(2)),
    ("status", "todo", 0, 0),
    ("before", "", 0, 1),
]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEP, max_size=25))
@example(steps=TO_AN_EQUAL_POSITION)
def test_columns_are_lists(alice: Person, steps: list[tuple[str, str, int, int]]) -> None:
    project = alice.makes_project()
    model: dict[str, list[int]] = {status: [] for status in STATUSES}

    for kind, status, one, other in steps:
        everything = [key for keys in model.values() for key in keys]
        if kind == "make":
            made = alice.makes_task(project_id=project, status=status)["id"]
            model[status].append(made)
            continue
        if len(everything) < 2:
            continue
        task, anchor = everything[one % len(everything)], everything[other % len(everything)]
        home = next(name for name, keys in model.items() if task in keys)
        if kind == "delete":
            ok(alice.delete(f"/tasks/{task}"))
            model[home].remove(task)
        elif kind == "status":
            ok(alice.patch(f"/tasks/{task}", {"status": status}))
            if status != home:
                model[home].remove(task)
                model[status].append(task)
        elif kind == "end":
            moves(alice, task, status=status)
            model[home].remove(task)
            model[status].append(task)
        elif task != anchor:
            moves(alice, task, **{kind: anchor})
            model[home].remove(task)
            goal = next(keys for keys in model.values() if anchor in keys)
            goal.insert(goal.index(anchor) + (kind == "after"), task)
    assert {status: column(alice, project, status) for status in STATUSES} == model


# -- several at once ------------------------------------------------------------------------------


def test_several_tasks_get_a_status_in_their_order(
    app: Flask, bob: Person, project: int, row: list[int]
) -> None:
    ok(bob.patch(f"/tasks/{row[1]}", {"status": "done"}))
    chosen = [row[2], row[1], row[0]]
    with recording(app) as told:
        body = ok(bob.post("/tasks/bulk", {"ids": chosen, "status": "done"}))
    assert [(one["id"], one["status"]) for one in body["items"]] == [
        (key, "done") for key in chosen
    ]
    assert column(bob, project, "done") == [row[1], row[2], row[0]]
    assert [one.data["task_id"] for one in told] == [row[2], row[0]]


def test_tasks_of_several_boards_change_together(alice: Person, row: list[int]) -> None:
    mine = alice.makes_task()["id"]
    body = ok(alice.post("/tasks/bulk", {"ids": [mine, row[0]], "status": "done"}))
    assert [one["status"] for one in body["items"]] == ["done", "done"]


def test_unknown_and_unreadable_tasks_are_told_and_nothing_changes(
    app: Flask, alice: Person, bob: Person, row: list[int]
) -> None:
    private = bob.makes_task()["id"]
    with recording(app) as told:
        response = alice.post("/tasks/bulk", {"ids": [row[0], 777, private], "status": "done"})
    errors = problem(response, 404)["errors"]
    assert [one["pointer"] for one in errors] == ["#/ids/1", "#/ids/2"]
    assert (told, ok(alice.get(f"/tasks/{row[0]}"))["status"]) == ([], "todo")


def test_a_role_that_is_too_low_for_one_of_them_is_told_and_nothing_changes(
    vera: Person, row: list[int]
) -> None:
    mine = vera.makes_task()["id"]
    errors = problem(vera.post("/tasks/bulk", {"ids": [mine, row[0]], "status": "done"}), 403)
    assert [one["pointer"] for one in errors["errors"]] == ["#/ids/1"]
    assert ok(vera.get(f"/tasks/{mine}"))["status"] == "todo"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"ids": [], "status": "done"}, "#/ids"),
        ({"ids": [1, 1], "status": "done"}, "#/ids"),
        ({"ids": list(range(1, 102)), "status": "done"}, "#/ids"),
        ({"ids": [2**63], "status": "done"}, "#/ids/0"),
        ({"ids": [1], "status": "later"}, "#/status"),
        ({"ids": [1]}, "#/status"),
    ],
)
def test_a_wrong_order_is_pointed_at(alice: Person, body: dict[str, Any], pointer: str) -> None:
    assert pointers(alice.post("/tasks/bulk", body)) == [pointer]
