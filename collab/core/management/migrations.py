"""Whether the tables are as the code expects, and access to Alembic, which few processes need.

Alembic takes 11 MB and a tenth of a second: it is imported where there is something to migrate, or
a command of `flask` is looked up.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any

from flask import Flask
from sqlalchemy import Connection, inspect, text

from ...config import ROOT
from ...extensions import db
from ..database import engine
from ..slots import Contributions
from ..usage import triggers
from .commands import bring

MIGRATIONS_FOLDER = ROOT / "collab" / "migrations"
#: Where Alembic notes a database's revision.
NOTED_TABLE = "alembic_version"
#: How a migration names itself, and the one before it.
REVISION_PATTERN = re.compile(r"^(down_)?revision = [\"'](\w+)[\"']", re.M)

_STEPS: Contributions[Callable[[Connection], None]] = Contributions("made at starts")


@cache
def _all() -> tuple[frozenset[str], frozenset[str]]:
    """Return all migrations, and those that have a successor; neither changes while we run."""
    found: dict[str, set[str]] = {"": set(), "down_": set()}
    for path in (MIGRATIONS_FOLDER / "versions").glob("*.py"):
        for down, name in REVISION_PATTERN.findall(path.read_text(encoding="utf-8")):
            found[down].add(name)
    return frozenset(found[""]), frozenset(found["down_"])


def known() -> frozenset[str]:
    """Return all migrations."""
    return _all()[0]


def newest() -> frozenset[str]:
    """Return those without a successor."""
    return _all()[0] - _all()[1]


def noted(connection: Connection) -> frozenset[str]:
    """Return a database's state: the newest migrations that it has, none if it is new."""
    if not inspect(connection).has_table(NOTED_TABLE):
        return frozenset()
    rows = connection.execute(text(f"SELECT version_num FROM {NOTED_TABLE}"))  # noqa: S608
    return frozenset(rows.scalars())


def are_done(connection: Connection) -> bool:
    """Return whether a database's tables are as the code expects."""
    return noted(connection) == newest()


def ensure(connection: Connection) -> None:
    """Create what follows from the code, not from migrations; commits.

    It is checked at each start: code may change it without a migration.
    """
    engine().ensure_schema(connection)
    triggers.ensure(connection)
    for step in _STEPS:
        step(connection)
    connection.commit()


def at_ensure(app: Flask, step: Callable[[Connection], None]) -> None:
    """Have a package create what else follows from the code; the step does not commit."""
    _STEPS.add(app, step)


def bring_up_to_date() -> None:
    """Bring the tables up to date; commits."""
    with db.engine.connect() as connection:
        if are_done(connection):
            return ensure(connection)
    from flask_migrate import upgrade  # at most starts there is nothing to do

    return upgrade()


class _Late:
    """Stands in for what Flask-Migrate keeps for an application, until somebody looks."""

    def __init__(self, app: Flask) -> None:
        self._app = app

    def __getattr__(self, name: str) -> Any:
        return getattr(bound(self._app), name)


def bound(app: Flask) -> Any:
    """Return what Flask-Migrate keeps for an application, with its commands added."""
    from flask_migrate import Migrate

    if isinstance(app.extensions["migrate"], _Late):
        Migrate(app, db, directory=str(MIGRATIONS_FOLDER))
    return app.extensions["migrate"]


def init_app(app: Flask) -> None:
    """Have Flask-Migrate bound to the application, and its commands added, on first use."""
    app.extensions["migrate"] = _Late(app)
    bring(app, bound)
