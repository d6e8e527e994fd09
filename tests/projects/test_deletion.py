"""Deleting a project ends all below it, for everybody and for good."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, event, func, insert, select

from collab.core.storage.clearing import ROWS_PER_TRANSACTION
from collab.extensions import db
from collab.projects.models import Member, Project
from collab.server import prepare
from collab.tasks.models import Comment, Task

from ..support import databases
from ..support.made_once import made_once
from ..support.people import PASSWORD, Person, ok
from ..support.problems import problem
from ..support.records import Record, recording


@made_once
def desk(alice: Person, project: int) -> int:
    """Return a workspace of the project."""
    return alice.makes_workspace(project)


@made_once
def gone(alice: Person, project: int, desk: int) -> int:
    """Return the id of the project, which had everything and has been deleted."""
    alice.invites(project, "new@example.com")
    alice.tells(project)
    assert alice.delete(f"/projects/{project}").status_code == 204
    return project


PATHS = ["", "/members", "/invitations", "/workspaces"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("name", ["alice", "bob", "vera", "ada"])
def test_nothing_of_it_is_found(
    request: pytest.FixtureRequest, gone: int, name: str, path: str
) -> None:
    person: Person = request.getfixturevalue(name)
    problem(person.get(f"/projects/{gone}{path}"), 404)


@pytest.mark.parametrize("name", ["alice", "bob", "vera"])
def test_nobody_has_it_in_the_list(request: pytest.FixtureRequest, gone: int, name: str) -> None:
    person: Person = request.getfixturevalue(name)
    assert ok(person.get("/projects"))["items"] == []


def test_its_workspaces_are_gone(alice: Person, gone: int, desk: int) -> None:
    problem(alice.get(f"/workspaces/{desk}"), 404)


def test_its_events_are_shown_to_nobody(alice: Person, gone: int) -> None:
    problem(alice.get(f"/events?project_id={gone}"), 404)


def test_its_invitations_can_not_be_accepted(nobody: Person, gone: int) -> None:
    account = {"email": "new@example.com", "password": PASSWORD}
    nobody.token = ok(nobody.post("/auth/register", account))["access_token"]
    assert ok(nobody.get("/invitations"))["items"] == []


@pytest.mark.parametrize("table", ["members", "invitations", "workspaces"])
def test_no_row_of_it_stays(gone: int, instance: Path, table: str) -> None:
    connection = databases.opened(instance)
    query = f"SELECT count(*) FROM {table} WHERE project_id = ?"
    count = connection.execute(query, (gone,)).fetchone()
    connection.close()
    assert count == (0,)


def test_another_project_is_unharmed(alice: Person, project: int, desk: int) -> None:
    other = alice.makes_project("Gemini", bob="collaborator")
    alice.delete(f"/projects/{project}")
    assert len(ok(alice.get(f"/projects/{other}/members"))["items"]) == 2


def test_deleting_twice_is_404(alice: Person, gone: int) -> None:
    problem(alice.delete(f"/projects/{gone}"), 404)


def test_deleting_is_recorded(app: Flask, alice: Person, project: int) -> None:
    with recording(app) as told:
        alice.delete(f"/projects/{project}")
    data = {"project_id": project}
    assert told == [Record("project.deleted", f"project:{project}", alice.id, data)]


@pytest.mark.parametrize("name", ["bob", "vera", "charlie"])
def test_a_deletion_that_is_refused_is_neither_done_nor_recorded(
    app: Flask, request: pytest.FixtureRequest, alice: Person, project: int, name: str
) -> None:
    person: Person = request.getfixturevalue(name)
    with recording(app) as told:
        assert person.delete(f"/projects/{project}").status_code in (403, 404)
    assert (told, alice.get(f"/projects/{project}").status_code) == ([], 200)


def test_the_id_of_a_project_is_never_given_again(alice: Person, gone: int) -> None:
    assert alice.makes_project() > gone


def test_the_id_of_a_workspace_is_never_given_again(alice: Person, project: int, desk: int) -> None:
    alice.delete(f"/workspaces/{desk}")
    assert alice.makes_workspace(project) > desk


def test_the_id_of_an_invitation_is_never_given_again(alice: Person, project: int) -> None:
    first = alice.invites(project, "new@example.com")["invitation_id"]
    alice.delete(f"/projects/{project}/invitations/{first}")
    assert alice.invites(project, "new@example.com")["invitation_id"] > first


def test_the_history_of_a_deleted_project_is_not_shown_in_a_new_one(
    alice: Person, gone: int
) -> None:
    fresh = alice.makes_project()
    kinds = [one["type"] for one in ok(alice.get(f"/events?project_id={fresh}"))["items"]]
    assert kinds == ["project.created", "member.added"]


@made_once
def crowded(app: Flask, alice: Person, project: int) -> int:
    """Return a project with more in it than one transaction deletes."""
    task = alice.makes_task(project_id=project)["id"]
    comment = {"task_id": task, "author_id": alice.id, "body": "Hm."}
    with app.app_context():
        db.session.execute(insert(Comment), [comment] * (3 * ROWS_PER_TRANSACTION))
        db.session.commit()
    return project


@pytest.mark.sqlite("file")
def test_a_large_project_is_deleted_part_by_part(app: Flask, alice: Person, crowded: int) -> None:
    """Each transaction changes few rows, so that other writers come in between."""
    changed = [0]

    def committed(connection: Any) -> None:
        changed.append(connection.connection.dbapi_connection.total_changes)

    with app.app_context():
        event.listen(db.engine, "commit", committed)
    ok(alice.delete(f"/projects/{crowded}"))
    parts = [after - before for before, after in pairwise(changed[1:])]
    assert len(parts) > 3
    assert max(parts) <= 5 * ROWS_PER_TRANSACTION  # a comment counts towards the quotas of two
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Comment)) == 0


def test_a_deletion_that_was_broken_off_goes_on_at_the_next_start(
    app: Flask, alice: Person, crowded: int
) -> None:
    with app.app_context():
        db.session.execute(delete(Member).where(Member.project_id == crowded))
        db.session.commit()
    prepare(app)
    with app.app_context():
        left = [db.session.scalar(select(func.count()).select_from(one)) for one in (Task, Comment)]
        assert (left, db.session.get(Project, crowded)) == ([0, 0], None)
