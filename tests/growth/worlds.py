"""An application whose database counts its own work: SQLite's steps, and the plans it makes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import event

from collab import create_app
from collab.extensions import db

from ..conftest import SETTINGS, http_for
from ..support import databases, jobs
from ..support.people import Person
from .filling import Filling, Size, made_by_people

#: Steps of SQLite's virtual machine between two ticks of the counter.
GRAIN = 100


@dataclass
class Work:
    """What was done: steps, and each statement with its parameters."""

    steps: int = 0
    statements: list[tuple[str, Any]] = field(default_factory=list)


class World:
    """An application, the people in it, and ids of things that alice may see."""

    def __init__(self, folder: Path, template: tuple[Path, dict[str, Person]], size: Size) -> None:
        self.work, self._number = Work(), 0
        databases.copy(template[0], folder)
        self.app = jobs.bring_types(create_app(SETTINGS | {"INSTANCE_PATH": str(folder)}))
        with self.app.app_context():
            event.listen(db.engine, "connect", self._connected)
            event.listen(db.engine, "before_cursor_execute", self._executed)
        self.http = http_for(self.app)
        self.people = {name: person.at(self.http) for name, person in template[1].items()}
        self.ids = made_by_people(self.people)
        with self.app.app_context():
            Filling(self.people, self.ids, size).fill()

    def _connected(self, connection: Any, record: object) -> None:
        connection.set_progress_handler(self._tick, GRAIN)

    def _tick(self) -> int:
        self.work.steps += GRAIN
        return 0

    def _executed(self, *arguments: Any) -> None:
        self.work.statements.append(arguments[2:4])

    @contextmanager
    def measured(self) -> Iterator[Work]:
        """Count what is done within."""
        self.work = found = Work()
        yield found
        self.work = Work()

    def plans(self, sent: list[tuple[str, Any]]) -> dict[str, list[str]]:
        """Return how SQLite carries out each statement."""
        found: dict[str, list[str]] = {}
        with self.app.app_context():
            driver: Any = db.session.connection().connection.dbapi_connection
            for statement, parameters in sent:
                if statement in found or not re.match(r"SELECT|UPDATE|DELETE|WITH", statement):
                    continue
                values = parameters[0] if isinstance(parameters, list) else parameters
                rows = driver.execute(f"EXPLAIN QUERY PLAN {statement}", values).fetchall()
                found[statement] = [row[3] for row in rows]
            db.session.rollback()
        return found

    def number(self) -> int:
        """Return a number that was not given before."""
        self._number += 1
        return self._number

    def who(self, name: str) -> Person:
        return self.people[name]
