"""While another process writes for long, changes are put off and reading goes on."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event

from collab.extensions import db

from ..support.people import PASSWORD, Person, ok
from ..support.problems import problem
from .conftest import Logged


def hurry(app: Flask) -> None:
    """Let the application's connections give up at once instead of waiting for the lock."""

    def be_impatient(connection: Any, record: object) -> None:
        connection.execute("PRAGMA busy_timeout = 1")

    with app.app_context():
        event.listen(db.engine, "connect", be_impatient)


@pytest.fixture
def writer(instance: Path, app: Flask, project: int) -> Iterator[sqlite3.Connection]:
    """Return another process's connection, which holds the writer's lock."""
    hurry(app)
    with app.app_context():
        db.engine.dispose()
    connection = sqlite3.connect(instance / "collab.db", isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    yield connection
    connection.close()


def test_a_change_is_503(alice: Person, writer: sqlite3.Connection) -> None:
    problem(alice.post("/projects", {"name": "x"}), 503)


def test_503_says_when_to_try_again(alice: Person, writer: sqlite3.Connection) -> None:
    assert int(alice.post("/projects", {"name": "x"}).headers["Retry-After"]) >= 1


def test_reading_goes_on(alice: Person, project: int, writer: sqlite3.Connection) -> None:
    assert alice.get(f"/projects/{project}").status_code == 200


def test_the_change_can_be_repeated(alice: Person, writer: sqlite3.Connection) -> None:
    alice.post("/projects", {"name": "x"})
    writer.execute("ROLLBACK")
    assert alice.post("/projects", {"name": "x"}).status_code == 201


def test_a_change_that_was_put_off_leaves_its_key_free(
    alice: Person, writer: sqlite3.Connection
) -> None:
    headers = {"Idempotency-Key": "k"}
    alice.post("/projects", {"name": "x"}, headers=headers)
    writer.execute("ROLLBACK")
    assert alice.post("/projects", {"name": "x"}, headers=headers).status_code == 201


def test_the_log_says_why(logged: Callable[..., Logged], writer: sqlite3.Connection) -> None:
    busy = logged()
    hurry(busy.app)
    account = {"email": "x@example.com", "password": PASSWORD}
    problem(busy.http.post("/api/v1/auth/register", json=account), 503)
    assert "database is locked" in busy.text


#: Lets every COMMIT with a new project fail: what a deferred constraint refers to is not there.
BREAK = """
CREATE TABLE broken (user INTEGER REFERENCES users (id) DEFERRABLE INITIALLY DEFERRED);
CREATE TRIGGER break_it AFTER INSERT ON projects BEGIN INSERT INTO broken VALUES (-1); END;
"""


def test_a_commit_that_failed_leaves_no_lock_and_nothing_for_who_comes_next(
    alice: Person, bob: Person, instance: Path
) -> None:
    database = sqlite3.connect(instance / "collab.db", isolation_level=None, timeout=0)
    database.executescript(BREAK)
    problem(alice.post("/projects", {"name": "refused"}), 500)
    database.execute("DROP TRIGGER break_it")  # this takes the lock
    database.execute("PRAGMA foreign_keys=OFF")
    database.execute("DROP TABLE broken")
    ok(bob.post("/projects", {"name": "accepted"}))
    assert database.execute("SELECT name FROM projects").fetchall() == [("accepted",)]
    database.close()
