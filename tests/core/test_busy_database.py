"""While another process writes for long, changes are put off and reading goes on."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event

from collab.extensions import db

from ..support import databases
from ..support.people import PASSWORD, Person, ok
from ..support.problems import problem
from .conftest import Logged


@contextlib.contextmanager
def in_a_hurry(app: Flask) -> Iterator[None]:
    """Let the application's connections give up at once instead of waiting for the lock."""

    def be_impatient(connection: Any, record: object) -> None:
        connection.execute("PRAGMA busy_timeout = 1")

    if databases.server():
        app.config["DATABASE_TIMEOUT_SECONDS"] = 0.01
        yield
        return
    with app.app_context():
        engine = db.engine
    event.listen(engine, "connect", be_impatient)
    engine.dispose()
    yield
    event.remove(engine, "connect", be_impatient)
    engine.dispose()


@pytest.fixture
def writer(instance: Path, app: Flask, project: int) -> Iterator[Any]:
    """Return another process's connection, which holds the writer's lock."""
    with in_a_hurry(app), contextlib.closing(databases.opened(instance)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield connection


def test_a_change_is_503(alice: Person, writer: Any) -> None:
    problem(alice.post("/projects", {"name": "x"}), 503)


def test_503_says_when_to_try_again(alice: Person, writer: Any) -> None:
    assert int(alice.post("/projects", {"name": "x"}).headers["Retry-After"]) >= 1


def test_reading_goes_on(alice: Person, project: int, writer: Any) -> None:
    assert alice.get(f"/projects/{project}").status_code == 200


def test_the_change_can_be_repeated(alice: Person, writer: Any) -> None:
    alice.post("/projects", {"name": "x"})
    writer.execute("ROLLBACK")
    assert alice.post("/projects", {"name": "x"}).status_code == 201


def test_a_change_that_was_put_off_leaves_its_key_free(alice: Person, writer: Any) -> None:
    headers = {"Idempotency-Key": "k"}
    alice.post("/projects", {"name": "x"}, headers=headers)
    writer.execute("ROLLBACK")
    assert alice.post("/projects", {"name": "x"}, headers=headers).status_code == 201


def test_the_log_says_why(logged: Callable[..., Logged], writer: Any) -> None:
    busy = logged()
    account = {"email": "x@example.com", "password": PASSWORD}
    with in_a_hurry(busy.app):
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
    database = databases.opened(instance, timeout=0)
    database.executescript(BREAK)
    problem(alice.post("/projects", {"name": "refused"}), 500)
    database.execute("DROP TRIGGER break_it")  # this takes the lock
    database.execute("PRAGMA foreign_keys=OFF")
    database.execute("DROP TABLE broken")
    ok(bob.post("/projects", {"name": "accepted"}))
    assert database.execute("SELECT name FROM projects").fetchall() == [("accepted",)]
    database.close()
