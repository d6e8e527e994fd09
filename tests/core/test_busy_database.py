"""While another process writes for long, changes are put off and reading goes on."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from ..support import databases
from ..support.people import PASSWORD, Person, ok
from ..support.problems import problem
from .conftest import Logged


@pytest.fixture
def writer(instance: Path, app: Flask, project: int) -> Iterator[Any]:
    """Return another process's connection, which holds the writer's lock."""
    with databases.in_a_hurry(app), contextlib.closing(databases.opened(instance)) as connection:
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
    with databases.in_a_hurry(busy.app):
        problem(busy.http.post("/api/v1/auth/register", json=account), 503)
    assert any(said in busy.text for said in ("database is locked", "lock timeout"))


def test_a_commit_that_failed_leaves_no_lock_and_nothing_for_who_comes_next(
    alice: Person, bob: Person, instance: Path
) -> None:
    database = databases.opened(instance, timeout=0)
    database.executescript(databases.break_commits("projects"))
    problem(alice.post("/projects", {"name": "refused"}), 500)
    database.executescript(databases.mend_commits())  # this takes the lock
    ok(bob.post("/projects", {"name": "accepted"}))
    assert database.execute("SELECT name FROM projects").fetchall() == [("accepted",)]
    database.close()
