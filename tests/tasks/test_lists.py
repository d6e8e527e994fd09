"""Which tasks a list shows, and in what order."""

from __future__ import annotations

from typing import Any

import pytest

from ..support.made_once import made_once
from ..support.people import Person, ok, paged
from ..support.problems import pointers, problem


def titles(person: Person, path: str = "/tasks", **query: Any) -> list[str]:
    return [one["title"] for one in ok(person.get(path, params=query))["items"]]


@made_once
def tasks(alice: Person, bob: Person, project: int) -> int:
    """Return the project: it has some tasks of alice's and bob's, who have one each besides."""
    own = {"project_id": project}
    alice.makes_task("a", **own, status="done", due_at="2020-01-01", tags=["moon"])
    alice.makes_task("b", **own, assignee_id=bob.id, due_at="2020-01-02", priority="low")
    bob.makes_task("c", **own, assignee_id=alice.id, due_at="2090-01-01", tags=["moon", "sun"])
    bob.makes_task("d", **own, status="doing", due_at="2020-01-01", priority="urgent")
    alice.makes_task("e", assignee_id=alice.id, tags=["moon"])
    bob.makes_task("f")
    return project


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, "dcba"),
        ({"status": "doing"}, "d"),
        ({"assignee": "me"}, "c"),
        ({"assignee": "none"}, "da"),
        ({"tag": "moon"}, "ca"),
        ({"tag": " MOON "}, "ca"),
        ({"tag": "sun"}, "c"),
        ({"tag": "moon", "status": "todo"}, "c"),
        ({"tag": "moon", "sort": "due_at"}, "ac"),
        ({"overdue": "true"}, "db"),
        ({"overdue": "false"}, "ca"),
        ({"overdue": "true", "sort": "-id"}, "db"),
        ({"priority": "normal"}, "ca"),
        ({"q": "b"}, "b"),
        ({"q": "moon"}, "ca"),
        ({"q": "moon", "tag": "sun", "priority": "normal"}, "c"),
        ({"q": "!!!"}, ""),
        ({"q": ""}, "dcba"),
        ({"sort": "id"}, "abcd"),
        ({"sort": "due_at"}, "adbc"),
        ({"sort": "-due_at"}, "cbda"),
        ({"sort": "-priority"}, "dcab"),
        ({"sort": "position", "status": "todo"}, "bc"),
        ({"sort": "-updated_at"}, "dcba"),
    ],
)
def test_a_project_s_tasks_are_filtered_and_sorted(
    alice: Person, tasks: int, query: dict[str, str], found: str
) -> None:
    # Equal due dates and priorities are in the order of ids, or against it.
    assert "".join(titles(alice, project_id=tasks, **query)) == found
    assert "".join(titles(alice, f"/projects/{tasks}/tasks", **query)) == found


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, "eba"),
        ({"scope": "personal"}, "e"),
        ({"status": "todo"}, "eb"),
        ({"tag": "moon"}, "ea"),
        ({"assignee": "none"}, "a"),
        ({"assignee": "me"}, "ec"),
        ({"overdue": "true"}, "b"),
        ({"q": "moon"}, "ea"),
        ({"q": "moon", "scope": "personal"}, "e"),
        ({"q": "moon", "assignee": "me"}, "ec"),
        ({"tag": "moon", "assignee": "me"}, "ec"),
        ({"sort": "due_at"}, "abe"),
    ],
)
def test_one_lists_the_own_tasks_or_what_one_is_assigned(
    alice: Person, tasks: int, query: dict[str, str], found: str
) -> None:
    assert "".join(titles(alice, **query)) == found


def test_what_another_is_assigned_is_shown_as_far_as_one_may_see_it(
    alice: Person, bob: Person, vera: Person, charlie: Person, tasks: int
) -> None:
    bob.makes_task("private", assignee_id=bob.id)
    assert titles(vera, assignee=bob.id) == ["b"]
    assert titles(charlie, assignee=bob.id) == []


def test_an_outsider_sees_none(charlie: Person, tasks: int) -> None:
    for query in ({}, {"q": "moon"}, {"tag": "moon"}, {"assignee": "me"}, {"scope": "personal"}):
        assert titles(charlie, **query) == []
    problem(charlie.get("/tasks", params={"project_id": tasks}), 404)


def test_who_left_sees_their_tasks_no_longer_by_any_filter(
    alice: Person, bob: Person, tasks: int
) -> None:
    ok(bob.delete(f"/projects/{tasks}/members/{bob.id}"))
    assert titles(bob) == ["f"]
    for query in ({"tag": "moon"}, {"q": "moon"}, {"assignee": "me"}, {"status": "doing"}):
        assert titles(bob, **query) == []


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, "fedcba"),
        ({"status": "done"}, "a"),
        ({"tag": "moon"}, "eca"),
        ({"q": "moon"}, "eca"),
        ({"overdue": "true"}, "db"),
        ({"sort": "priority"}, "bacefd"),
    ],
)
def test_an_admin_lists_everybody_s(
    ada: Person, tasks: int, query: dict[str, str], found: str
) -> None:
    assert "".join(titles(ada, scope="all", **query)) == found


def test_an_admin_lists_what_anybody_is_assigned(ada: Person, alice: Person, tasks: int) -> None:
    assert titles(ada, assignee=alice.id) == ["e", "c"]


def test_nobody_else_lists_everybody_s(alice: Person, tasks: int) -> None:
    problem(alice.get("/tasks", params={"scope": "all"}), 403)


@made_once
def seven(ada: Person) -> None:
    """Make seven tasks, some of which are due at once."""
    for number in range(7):
        due = f"2030-01-0{number % 3 + 1}" if number % 2 else None
        ada.makes_task(str(number), tags=["moon"], due_at=due, priority=["low", "high"][number % 2])


@pytest.mark.usefixtures("seven")
@pytest.mark.parametrize("sort", ["id", "-id", "due_at", "-due_at", "priority", "-position"])
@pytest.mark.parametrize("extra", ["", "&tag=moon", "&q=moon", "&scope=all"])
def test_pages_have_every_task_once(ada: Person, sort: str, extra: str) -> None:
    whole = paged(ada, f"/tasks?limit=100&sort={sort}{extra}")
    assert paged(ada, f"/tasks?limit=2&sort={sort}{extra}") == whole
    assert len(set(whole)) == 7


@pytest.mark.parametrize(
    "query",
    [
        {"assignee": "you"},
        {"assignee": "0"},
        {"assignee": "9" * 19},
        {"status": "later"},
        {"priority": "5"},
        {"overdue": "perhaps"},
        {"tag": ""},
        {"tag": "a\nb"},
        {"q": "x" * 101},
        {"sort": "title"},
        {"scope": "yours"},
        {"project_id": "0"},
    ],
)
def test_a_wrong_filter_is_pointed_at(alice: Person, query: dict[str, str]) -> None:
    assert set(pointers(alice.get("/tasks", params=query))) == {f"#/query/{next(iter(query))}"}


@pytest.mark.parametrize("q", ["\1", '"', "a AND", "NEAR(", "-a", "*", "ku1", "admin", "(", "p1"])
def test_no_search_is_an_error_or_names_a_scope(alice: Person, tasks: int, q: str) -> None:
    assert set(titles(alice, q=q)) <= {"a"}
