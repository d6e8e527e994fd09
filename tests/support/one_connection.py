"""Whoever has the writer's lock reads on the connection that has it: watched at an application.

A second connection might not come: others who wait for the lock may have all that there are. And it
would see the database as it was before what the first one has written.
"""

from __future__ import annotations

import sqlite3
import threading
import traceback
from typing import Any

from flask import Flask
from sqlalchemy import Connection, event

from collab.core import database
from collab.extensions import db

#: Where an application notes who watches it.
NOTE = "tests.one_connection"
#: Calls that are shown of whoever ran a statement.
FRAMES = 15


class OneConnection:
    """Notes each statement that a writer runs on another connection than the one with the lock."""

    def __init__(self, app: Flask) -> None:
        #: The thread and the connection of who wrote last: an application has one writer at a time.
        self._writer: tuple[int, Any] = (0, None)
        self._found: list[str] = []
        database.on_lock(app, self._begun)
        with app.app_context():
            event.listen(db.engine, "before_cursor_execute", self._look)
            event.listen(db.engine, "checkin", self._given_back)

    def _begun(self, connection: Connection) -> None:
        self._writer = (threading.get_ident(), connection.connection.dbapi_connection)

    def _given_back(self, driver: object, record: object) -> None:
        if self._writer[1] is driver:
            self._writer = (0, None)

    def _look(self, connection: Connection, cursor: object, statement: str, *_: Any) -> None:
        thread, driver = self._writer
        is_other = driver is not connection.connection.dbapi_connection
        if thread == threading.get_ident() and is_other and has_lock(driver):
            who = "".join(traceback.format_stack(limit=FRAMES)[:-1])
            self._found.append(f"{statement}\n{who}")

    def check(self) -> list[str]:
        """Return what was found since the last time: statements, and who ran them."""
        found, self._found = self._found, []
        return found


def watch(app: Flask) -> Flask:
    """Watch an application from now on."""
    app.extensions[NOTE] = OneConnection(app)
    return app


def found_at(app: Flask) -> list[str]:
    """Return what was found at an application, if it is watched."""
    watching = app.extensions.get(NOTE)
    return watching.check() if watching else []


def has_lock(driver: Any) -> bool:
    """Return whether a connection has the writer's lock."""
    try:
        return bool(driver.in_transaction) and not getattr(driver, "closed", False)
    except sqlite3.ProgrammingError:  # it is closed
        return False
