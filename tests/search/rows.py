"""Rows to be found, put into the tables as they are."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from flask import Flask
from sqlalchemy import insert

from collab.core.models import Model
from collab.extensions import db
from collab.posts.models import Post
from collab.tasks.models import Task

from ..support.people import Person


def kept(app: Flask, *rows: Model) -> list[int]:
    """Keep rows, in one commit, and return their ids."""
    with app.app_context():
        db.session.add_all(rows)
        db.session.commit()
        return [row.id for row in rows]  # type: ignore[attr-defined]


def kept_many(app: Flask, model: type[Model], *rows: dict[str, Any]) -> None:
    """Keep so many rows that a session would take longer than the database does."""
    with app.app_context():
        db.session.execute(insert(model.__table__), rows)  # type: ignore[attr-defined]
        db.session.commit()


def a_task(owner: Person, title: str, project: int | None = None, **more: Any) -> Task:
    return Task(owner_id=owner.id, project_id=project, title=title, position="V", **more)


def a_post(owner: Person, title: str, **more: Any) -> Post:
    return Post(owner_id=owner.id, title=title, **more)


def titles(found: list[dict[str, Any]]) -> list[str]:
    return [one["title"] for one in found]


@contextmanager
def an_index() -> Iterator[sqlite3.Connection]:
    """Open a database with an index like the application's, called `i`, and nothing in it."""
    words = "unicode61 remove_diacritics 0 categories 'L* M* N* P* S* C*'"
    columns = f'scope, title, body, tags, tokenize = "{words}"'
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute(f"CREATE VIRTUAL TABLE i USING fts5({columns}, prefix = '2 3 4 5 6')")
        yield connection
