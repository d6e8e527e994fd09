"""The index is what the tables are: in the same transaction, through whatever door they change."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import text

from collab.core import fulltext
from collab.extensions import db

from ..support.made_once import made_once
from ..support.people import Person, ok
from .rows import a_post, a_task, kept, titles

INDEXED = "SELECT rowid, search_index.* FROM search_index ORDER BY rowid"


def rows(app: Flask, query: str = INDEXED) -> list[Any]:
    with app.app_context():
        return [tuple(row) for row in db.session.execute(text(query))]


def run(app: Flask, *statements: str) -> None:
    """Run statements past the session, which would count what is kept: older schemas can't."""
    with app.app_context(), db.engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


def rebuild(app: Flask) -> str:
    with app.app_context():
        done = app.test_cli_runner().invoke(args=["rebuild-search"])
    assert done.exit_code == 0, done.output
    return done.output


@made_once
def filled(app: Flask, alice: Person) -> int:
    """Make two of every kind; returns the project that one of each is in."""
    other = alice.makes_project("Zebra other")
    project = alice.makes_project("Zebra", bob="collaborator")
    for place in (other, project):
        alice.makes_workspace(place, "Zebra desk")
        kept(app, a_task(alice, "Zebra task", place, tags=["savanna", "stripes"]))
        alice.uploads(name="zebra.csv", project_id=place)
    kept(app, a_post(alice, "Zebra post"), a_post(alice, "Zebra draft", status="draft"))
    alice.uploads(name="zebra-of-alice.csv")
    kept(app, a_task(alice, "Zebra task of alice"))
    return project


# -- every change is seen by the next request -----------------------------------------------------


def test_what_is_made_is_found_by_the_next_request(alice: Person) -> None:
    project = alice.makes_project("Zebra")
    assert [one["id"] for one in alice.finds("zebra")] == [project]


def test_what_is_changed_is_found_by_its_new_words_only(alice: Person) -> None:
    project = alice.makes_project("Zebra")
    ok(alice.patch(f"/projects/{project}", {"name": "Lion", "description": "about giraffes"}))
    assert alice.finds("zebra") == []
    assert titles(alice.finds("lion giraffes")) == ["Lion"]


def test_what_is_rolled_back_was_never_there(app: Flask, alice: Person) -> None:
    with app.app_context():
        db.session.add(a_post(alice, "Zebra"))
        db.session.flush()
        db.session.rollback()
    assert alice.finds("zebra") == []


@pytest.mark.sqlite("index")
def test_changes_of_many_rows_at_once_are_seen(app: Flask, alice: Person, filled: int) -> None:
    run(app, "UPDATE tasks SET title = 'Lion', tags = '[]'", "DELETE FROM workspaces")
    assert alice.finds("zebra", type="task,workspace") == []
    assert len(alice.finds("lion")) == 3


def test_a_task_that_moves_is_found_where_it_is(app: Flask, alice: Person, bob: Person) -> None:
    project = alice.makes_project("Apollo", bob="viewer")
    [task] = kept(app, a_task(alice, "Zebra"))
    assert bob.finds("zebra") == []
    run(app, f"UPDATE tasks SET project_id = {project} WHERE id = {task}")
    assert titles(bob.finds("zebra")) == ["Zebra"]
    run(app, f"UPDATE tasks SET project_id = NULL WHERE id = {task}")
    assert bob.finds("zebra") == []


def test_what_goes_with_a_project_leaves_the_index_with_it(
    app: Flask, alice: Person, filled: int
) -> None:
    before = len(rows(app))
    ok(alice.delete(f"/projects/{filled}"))
    assert before - len(rows(app)) == 4
    assert f"p{filled}" not in str(rows(app))


@pytest.mark.sqlite("index")
def test_what_goes_with_a_person_leaves_the_index_with_them(
    app: Flask, alice: Person, filled: int
) -> None:
    run(app, f"DELETE FROM users WHERE id = {alice.id}")
    assert rows(app, "SELECT title FROM search_index ORDER BY title") == [
        ("zebra",),
        ("zebra desk",),
        ("zebra desk",),
        ("zebra other",),
    ]


@pytest.mark.sqlite("index")
def test_every_kind_has_its_triggers(app: Flask) -> None:
    """A migration that makes a table anew loses them."""
    found = {name for (name,) in rows(app, "SELECT name FROM sqlite_master WHERE type = 'trigger'")}
    moments = ("added", "changed", "deleted")
    kinds = fulltext.KINDS.of(app)
    assert len(kinds) == 6
    assert found >= {f"search_{kind}_{moment}" for kind in kinds for moment in moments}


@pytest.mark.parametrize(
    ("name", "number"), [("task", 7), ("rocket", 2), ("rocket", 0), ("rocket", fulltext.KEY_STRIDE)]
)
def test_a_kind_with_a_name_or_a_number_that_cannot_be_is_no_kind(
    app: Flask, name: str, number: int
) -> None:
    task = fulltext.KINDS.of(app)["task"]
    with pytest.raises(ValueError):
        fulltext.register(app, replace(task, name=name, number=number))


# -- making it anew -------------------------------------------------------------------------------


def test_made_anew_it_is_the_same(app: Flask, filled: int) -> None:
    before = rows(app)
    assert rebuild(app) == f"{len(before)} rows indexed.\n"
    assert rows(app) == before


@pytest.mark.sqlite("index")
def test_made_anew_it_has_what_was_lost_and_not_what_is_gone(
    app: Flask, alice: Person, filled: int
) -> None:
    before = rows(app)
    ghost = "INSERT INTO search_index (rowid, scope, title) VALUES (7993, 'task', 'Ghost')"
    run(app, "DELETE FROM search_index WHERE rowid % 8 = 2", ghost)
    rebuild(app)
    assert rows(app) == before


@pytest.mark.sqlite("index")
def test_a_damaged_index_is_made_anew(app: Flask, alice: Person, filled: int) -> None:
    found = alice.finds("zebra")
    run(app, "DELETE FROM search_index_data WHERE id > 10", "DELETE FROM search_index_docsize")
    assert alice.get("/search", params={"q": "zebra"}).status_code == 500
    rebuild(app)
    assert alice.finds("zebra") == found


@pytest.mark.sqlite("index")
def test_making_it_anew_changes_no_row_of_the_tables(
    app: Flask, alice: Person, filled: int
) -> None:
    before = alice.get(f"/projects/{filled}")
    rebuild(app)
    after = alice.get(f"/projects/{filled}")
    assert (after.json(), after.headers["ETag"]) == (before.json(), before.headers["ETag"])


# -- migrations -----------------------------------------------------------------------------------


OLD = "'2026-01-01 00:00:00.000000'"
BEFORE = (
    "INSERT INTO users (id, email, name, password_hash, role, created_at, updated_at,"
    f" version) VALUES (91, 'dora@example.com', 'Dora', '', 'user', {OLD}, {OLD}, 1)",
    "INSERT INTO projects (id, name, description, created_at, updated_at, version)"
    f" VALUES (93, 'Zebra', 'stripes', {OLD}, {OLD}, 1)",
    "INSERT INTO workspaces (id, project_id, name, settings, created_at, updated_at, version)"
    f" VALUES (94, 93, 'Zebra desk', '{{}}', {OLD}, {OLD}, 1)",
    "INSERT INTO uploads (id, owner_id, project_id, name, content_type, size, sha256, created_at)"
    f" VALUES (95, 91, NULL, 'zebra.csv', 'text/csv', 1, 'x', {OLD})",
)


@pytest.mark.sqlite("index")
def test_down_and_up_again_the_index_has_what_it_had_and_what_came_meanwhile(
    app: Flask, filled: int
) -> None:
    before = rows(app)
    with app.app_context():
        downgrade(revision="0003")
        assert "search_index" not in {
            name for (name,) in rows(app, "SELECT name FROM sqlite_master")
        }
        run(app, "UPDATE projects SET name = name || ''", *BEFORE)
        upgrade()
    assert rows(app) == [
        *before,
        (745, "project projectadmin projectp93", "zebra", "stripes", ""),
        (757, "workspace workspaceadmin workspacep93", "zebra desk", "", ""),
        (764, "upload uploadu91", "zebra csv | . csv", "", ""),
    ]
