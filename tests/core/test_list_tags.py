"""Lists have tags: 304 for who has one already, and never for who has another, or had it before."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import event

from collab.core.database import register_functions
from collab.core.database.commits import COMMITS
from collab.core.http.representations.kept_lists import KEPT_LISTS, Kept, KeptLists
from collab.extensions import db

from ..conftest import http_for
from ..support.people import Person, ok
from ..support.problems import problem

pytestmark = pytest.mark.sqlite("file")

LISTS = (
    "/projects",
    "/projects/{project}/tasks",
    "/projects/{project}/members",
    "/projects/{project}/workspaces",
    "/tasks",
    "/posts",
    "/collections",
    "/jobs",
    "/schedules",
    "/uploads",
    "/notifications",
    "/auth/sessions",
    "/events",
    "/activity",
)


def elsewhere(instance: Path) -> sqlite3.Connection:
    """Return a connection of another process to the database."""
    connection = sqlite3.connect(instance / "collab.db", isolation_level=None)
    register_functions(connection)
    return connection


def tag_of(who: Person, path: str) -> str:
    answer = who.get(path)
    assert answer.status_code == 200, answer.text
    return answer.headers["ETag"]


def asks(who: Person, path: str, tag: str) -> int:
    """Return the status of a list for who has this tag; asked twice, so that it is remembered."""
    who.get(path, headers={"If-None-Match": tag})
    return who.get(path, headers={"If-None-Match": tag}).status_code


def test_whoever_wants_another_version_of_a_list_gets_none(alice: Person, project: int) -> None:
    tag = tag_of(alice, "/projects")
    for wanted, status in ((tag, 200), ("*", 200), ('"other"', 412)):
        answer = alice.get("/projects", headers={"If-Match": wanted})
        assert answer.status_code == status, wanted
    both = {"If-Match": '"other"', "If-None-Match": tag}
    for _ in range(2):
        assert problem(alice.get("/projects", headers=both), 412)["title"] == "Precondition Failed"


@pytest.mark.parametrize("path", LISTS)
def test_a_list_that_one_has_already_is_304(path: str, alice: Person, project: int) -> None:
    path = path.format(project=project)
    tag = tag_of(alice, path)
    for _ in range(2):
        answer = alice.get(path, headers={"If-None-Match": tag})
        assert (answer.status_code, answer.headers["ETag"], answer.content) == (304, tag, b"")
        assert answer.headers["Cache-Control"] == "private, no-cache"
        assert "Authorization" in answer.headers["Vary"]
    assert alice.get(path).content


def known_early(app: Flask, who: Person, path: str, tag: str) -> bool:
    """Return whether the list is not read: of the database nothing is asked but who calls."""
    statements: list[str] = []

    def note(connection: object, cursor: object, statement: str, *rest: object) -> None:
        statements.append(statement)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        assert who.get(path, headers={"If-None-Match": tag}).status_code == 304
    finally:
        event.remove(engine, "before_cursor_execute", note)
    return all("FROM sessions" in one for one in statements)  # or that is remembered, too


def test_while_nothing_is_committed_the_list_is_not_read(
    app: Flask, alice: Person, project: int
) -> None:
    tag = tag_of(alice, "/projects")
    assert known_early(app, alice, "/projects", tag)
    alice.makes_task(project_id=project)
    assert not known_early(app, alice, "/projects", tag)
    assert known_early(app, alice, "/projects", tag)


def test_what_goes_by_the_clock_is_always_read(app: Flask, alice: Person) -> None:
    tag = tag_of(alice, "/tasks?overdue=true")
    assert [known_early(app, alice, "/tasks?overdue=true", tag) for _ in range(2)] == [False] * 2
    tag = tag_of(alice, "/tasks")
    assert [known_early(app, alice, "/tasks", tag) for _ in range(2)] == [True, True]


def test_without_answers_the_tag_is_remembered_of_who_asked_with_one(
    make_app: Callable[..., Flask], alice: Person
) -> None:
    app = make_app(LIST_CACHE_MB="0")
    with http_for(app) as http:
        there = alice.at(http)
        tag = tag_of(there, "/projects")
        assert [known_early(app, there, "/projects", tag) for _ in range(2)] == [False, True]


def test_without_the_setting_lists_are_read_and_304_all_the_same(
    make_app: Callable[..., Flask], alice: Person
) -> None:
    app = make_app(LIST_TAGS="0")
    with http_for(app) as http:
        there = alice.at(http)
        tag = tag_of(there, "/projects")
        assert [known_early(app, there, "/projects", tag) for _ in range(2)] == [False] * 2


def test_nobody_has_anothers_list(alice: Person, bob: Person, ada: Person, project: int) -> None:
    for path in (f"/projects/{project}/tasks", "/projects", "/tasks"):
        tag = tag_of(alice, path)
        assert asks(alice, path, tag) == 304
        assert {asks(who, path, tag) for who in (bob, ada) if who.get(path).status_code == 200} == {
            200
        }
    assert tag_of(alice, "/projects") != tag_of(alice, "/projects?limit=5")


def test_a_token_of_the_same_person_has_lists_of_its_own(alice: Person, project: int) -> None:
    path = f"/projects/{project}/tasks"
    script = alice.comes_with(alice.makes_token("tasks:read")["token"])
    tag = tag_of(alice, path)
    assert asks(alice, path, tag) == 304
    assert asks(script, path, tag) == 200
    assert asks(script, "/projects", tag_of(alice, "/projects")) == 403


def test_whoever_is_removed_has_nothing_any_more(alice: Person, bob: Person, project: int) -> None:
    path = f"/projects/{project}/tasks"
    tag, mine = tag_of(bob, path), tag_of(bob, "/projects")
    assert (asks(bob, path, tag), asks(bob, "/projects", mine)) == (304, 304)
    ok(alice.delete(f"/projects/{project}/members/{bob.id}"))
    assert asks(bob, path, tag) == 404
    assert asks(bob, "/projects", mine) == 200


def test_a_session_that_has_ended_has_nothing_any_more(alice: Person) -> None:
    tag = tag_of(alice, "/projects")
    assert asks(alice, "/projects", tag) == 304
    ok(alice.post("/auth/logout-all"))
    assert asks(alice, "/projects", tag) == 401


def test_another_role_is_another_list(
    ada: Person, alice: Person, bob: Person, project: int
) -> None:
    mine = tag_of(bob, "/projects")
    assert asks(bob, "/projects", mine) == 304
    ok(alice.patch(f"/projects/{project}/members/{bob.id}", {"role": "viewer"}))
    assert asks(bob, "/projects", mine) == 200
    everybodys = tag_of(ada, "/jobs?scope=all")
    assert asks(ada, "/jobs?scope=all", everybodys) == 304
    ok(ada.patch(f"/users/{bob.id}", {"role": "admin"}))
    ok(bob.patch(f"/users/{ada.id}", {"role": "user"}))
    assert asks(ada, "/jobs?scope=all", everybodys) == 403


def test_ones_own_write_is_read_at_once(alice: Person, project: int) -> None:
    path = f"/projects/{project}/tasks"
    for number in range(3):
        tag = tag_of(alice, path)
        assert asks(alice, path, tag) == 304
        made = alice.makes_task(f"Task {number}", project_id=project)["id"]
        shown = alice.get(path, headers={"If-None-Match": tag})
        assert made in [task["id"] for task in ok(shown)["items"]]


def test_what_another_process_writes_is_read_at_once(
    alice: Person, project: int, instance: Path
) -> None:
    tag = tag_of(alice, "/projects")
    assert asks(alice, "/projects", tag) == 304  # and is remembered
    other = elsewhere(instance)
    # No event tells of it: only the database itself.
    other.execute("UPDATE projects SET description = 'From elsewhere' WHERE id = ?", [project])
    other.close()
    shown = alice.get("/projects", headers={"If-None-Match": tag})
    assert ok(shown)["items"][0]["description"] == "From elsewhere"


def test_two_processes_give_one_list_one_tag(
    make_app: Callable[..., Flask], alice: Person, project: int
) -> None:
    with http_for(make_app()) as http:
        assert asks(alice.at(http), "/projects", tag_of(alice, "/projects")) == 304


def test_what_is_committed_while_a_list_is_read_outdates_its_tag(
    app: Flask, alice: Person, instance: Path, project: int
) -> None:
    other = elsewhere(instance)
    with app.app_context():
        known, version = KEPT_LISTS.of(app), COMMITS.of(app).version()
        other.execute("UPDATE projects SET description = 'Later' WHERE id = ?", [project])
        known.keep(b"asked", Kept(version, "tag"))
        assert known.find(b"asked", COMMITS.of(app).version()) is None
    other.close()


def test_only_so_many_tags_are_remembered() -> None:
    known = KeptLists(3, 0)
    for number in range(10):
        known.keep(bytes([number]), Kept("1", str(number)))
    assert len(known) == 3
    found = [known.find(bytes([one]), "1") for one in (6, 7, 9)]
    assert [one and one.tag for one in found] == [None, "7", "9"]
