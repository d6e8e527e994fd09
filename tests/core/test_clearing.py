"""What goes with something that is deleted goes part by part: no transaction deletes very much."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, text

from collab.core.storage.clearing import FIRST_ROWS, ROWS_PER_TRANSACTION, clear
from collab.extensions import db
from collab.files.service import MAX_FILES_PER_DELETION, MAX_FILES_PER_MOVE
from collab.tasks.on_member_left import MAX_TASKS_PER_TRANSACTION

from ..support.people import Person, ok

pytestmark = pytest.mark.sqlite("file")

MANY = 10 * ROWS_PER_TRANSACTION


@contextmanager
def commits(app: Flask) -> Iterator[list[int]]:
    """Note how many rows each transaction has changed, as SQLite counts them."""
    sizes: list[int] = []

    def note(connection: Any) -> None:
        changed = connection.connection.dbapi_connection.total_changes
        sizes.append(changed - connection.info.get("changed", changed))
        connection.info["changed"] = changed

    with app.app_context():
        event.listen(db.engine, "begin", note)
        event.listen(db.engine, "commit", note)
        try:
            yield sizes
        finally:
            event.remove(db.engine, "begin", note)
            event.remove(db.engine, "commit", note)


def write(app: Flask, statement: str, **values: Any) -> None:
    with app.app_context():
        db.session.execute(text(statement), values)
        db.session.commit()


NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :many) "


def test_a_task_of_many_comments_is_deleted_part_by_part(
    app: Flask, alice: Person, project: int
) -> None:
    task = ok(alice.post("/tasks", {"title": "T", "project_id": project}))["id"]
    write(
        app,
        "INSERT INTO comments (task_id, author_id, body, created_at, updated_at, version) "
        + NUMBERS
        + "SELECT :task, :me, 'c', '2026-01-01', '2026-01-01', 1 FROM n",
        task=task,
        me=alice.id,
        many=MANY,
    )
    with commits(app) as sizes:
        assert alice.delete(f"/tasks/{task}").status_code == 204
    assert sum(sizes) >= MANY
    assert max(sizes) < MANY
    assert alice.get(f"/tasks/{task}").status_code == 404


@pytest.mark.parametrize(("seconds", "transactions"), [(0, 1), (1, 3)])
def test_rows_that_take_long_to_delete_are_fewer_to_a_transaction(
    app: Flask, alice: Person, project: int, seconds: int, transactions: int
) -> None:
    task = ok(alice.post("/tasks", {"title": "T", "project_id": project}))["id"]
    for _ in range(3 * FIRST_ROWS):
        ok(alice.post(f"/tasks/{task}/comments", {"body": "c"}))
    clock = count(0, seconds)
    with commits(app) as sizes:
        clear(db.metadata.tables["tasks"], task, lambda: next(clock))
    assert len([size for size in sizes if size]) == transactions
    assert ok(alice.get(f"/tasks/{task}/comments"))["items"] == []


def test_a_collection_of_many_posts_is_deleted_part_by_part(app: Flask, alice: Person) -> None:
    shelf = ok(alice.post("/collections", {"name": "C"}))["id"]
    write(
        app,
        "INSERT INTO posts (owner_id, title, body, status, created_at, updated_at, version) "
        + NUMBERS
        + "SELECT :me, 'p', '', 'draft', '2026-01-01', '2026-01-01', 1 FROM n",
        me=alice.id,
        many=MANY,
    )
    write(
        app,
        "INSERT INTO collection_posts (collection_id, post_id, position, added_at) "
        "SELECT :shelf, id, printf('V%08d1', id), '2026-01-01' FROM posts",
        shelf=shelf,
    )
    with commits(app) as sizes:
        assert alice.delete(f"/collections/{shelf}").status_code == 204
    assert sum(sizes) >= MANY
    assert max(sizes) < MANY


def test_a_workspace_of_many_files_is_deleted_some_at_a_time(
    app: Flask, alice: Person, project: int
) -> None:
    desk = alice.makes_workspace(project)
    alice.makes_file(desk, "a.txt", "a")
    same = "workspace_id, project_id, kind, content_type, size, searchable, content_version"
    same += ", created_at, updated_at, version, author_id"
    many = 2 * MAX_FILES_PER_DELETION + 5
    write(
        app,
        f"INSERT INTO files ({same}, path) {NUMBERS} SELECT {same}, 'f' || i FROM n, files",
        many=many,
    )
    with commits(app) as sizes:
        assert alice.delete(f"/workspaces/{desk}").status_code == 204
    assert len([size for size in sizes if size > MAX_FILES_PER_DELETION // 2]) >= 2
    with app.app_context():
        query = "SELECT type FROM events WHERE type LIKE '%.deleted' ORDER BY id"
        kinds = db.session.scalars(text(query)).all()
    assert kinds == ["file.deleted"] * (many + 1) + ["workspace.deleted"]


def test_whoever_leaves_very_many_tasks_is_removed_part_by_part(
    app: Flask, alice: Person, bob: Person, project: int
) -> None:
    body = {"title": "T", "project_id": project, "assignee_id": bob.id}
    task, many = ok(alice.post("/tasks", body))["id"], 2 * MAX_TASKS_PER_TRANSACTION
    with app.app_context():
        names = [row.name for row in db.session.execute(text("PRAGMA table_info(tasks)"))]
    copied = ", ".join(name for name in names if name not in ("id", "position"))
    write(
        app,
        f"INSERT INTO tasks ({copied}, position) "
        + NUMBERS
        + f"SELECT {copied}, 'm' || i FROM tasks, n WHERE tasks.id = :task",
        many=many,
        task=task,
    )
    with commits(app) as sizes:
        ok(alice.delete(f"/projects/{project}/members/{bob.id}"))
    left = ok(alice.get("/tasks", params={"assignee": "none", "project_id": project, "limit": 100}))
    assert len(left["items"]) == 100
    with app.app_context():
        count = text("SELECT count(*) FROM tasks WHERE assignee_id = :bob")
        assert db.session.scalar(count, {"bob": bob.id}) == 0
    parts = [size for size in sizes if size > MAX_TASKS_PER_TRANSACTION]
    assert len(parts) >= many // MAX_TASKS_PER_TRANSACTION
    assert max(sizes) < 10 * MAX_TASKS_PER_TRANSACTION  # with each its event, and what counts both


def test_a_folder_of_too_many_files_is_not_moved_at_once(
    app: Flask, alice: Person, project: int
) -> None:
    workspace = alice.makes_workspace(project)
    file = alice.makes_file(workspace, "folder/0")["id"]
    with app.app_context():
        names = [row.name for row in db.session.execute(text("PRAGMA table_info(files)"))]
    copied = ", ".join(name for name in names if name not in ("id", "path"))
    write(
        app,
        f"INSERT INTO files ({copied}, path) "
        + NUMBERS
        + f"SELECT {copied}, 'folder/' || i FROM files, n WHERE files.id = :file",
        many=MAX_FILES_PER_MOVE,
        file=file,
    )
    move = {"from": "folder", "to": "other"}
    assert alice.post(f"/workspaces/{workspace}/files/move", move).status_code == 422
