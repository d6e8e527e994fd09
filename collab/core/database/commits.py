"""Telling whether anything has been committed: while nothing was, what was read before still holds.

It is asked of the database itself, so it holds for what another process writes, and for what no
event tells of.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from typing import Any

from flask import Flask
from sqlalchemy import literal_column, select

from ...extensions import db
from ..compiled import Compiled
from ..parts import PARTS
from ..slots import Slot
from .engine import ENGINE


class Commits(ABC):
    """What a database knows of its commits."""

    #: Whether a version means the same to every process.
    is_shared: bool

    @abstractmethod
    def version(self) -> str:
        """Return a text that stays as long as nothing is committed, and never comes again."""

    @abstractmethod
    def close(self) -> None:
        """Let go of what it keeps open."""


class FileCommits(Commits):
    """SQLite's: `data_version` of a connection changes with each commit of any other one.

    So it has a connection of its own that only looks; it takes some microseconds.
    """

    is_shared = False

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._driver: Any = None

    def version(self) -> str:
        """Return SQLite's number."""
        with self._lock:
            if self._driver is None:
                connection = db.engine.raw_connection()
                self._driver = connection.dbapi_connection
                connection.detach()
            # All of it, or the connection would go on seeing the database as it is now.
            return str(self._driver.execute("PRAGMA data_version").fetchall()[0][0])

    def close(self) -> None:
        """Let go of the connection."""
        with self._lock:
            if self._driver is not None:
                self._driver.close()
                self._driver = None


#: Which transactions are over, as every process sees it: two reads with the same snapshot see the
#: same rows. A server that was set back to an earlier moment may have a snapshot again, so the time
#: of its start is in it. So is its last checkpoint: one whose process was killed recovers without
#: starting anew, forgets commits that were seen and not flushed yet, and gives their numbers again;
#: recovery ends with a checkpoint. And the database, as other installations may use the same Redis.
PRESENT_SNAPSHOT = Compiled(
    select(
        literal_column(
            "concat_ws(' ', pg_current_snapshot(), extract(epoch FROM pg_postmaster_start_time()),"
            " (SELECT checkpoint_lsn FROM pg_control_checkpoint()),"
            " (SELECT oid FROM pg_database WHERE datname = current_database()))"
        ).label("version")
    )
)


class ServerCommits(Commits):
    """PostgreSQL's: the snapshot that a statement begun now would see."""

    is_shared = True

    def version(self) -> str:
        """Return the snapshot, for one round trip."""
        return str(PRESENT_SNAPSHOT.one({}).version)

    def close(self) -> None:
        """Do nothing: it looks by connections of others."""


def _of(app: Flask) -> Commits:
    return FileCommits() if ENGINE.of(app).is_file else ServerCommits()


COMMITS: Slot[Commits] = Slot("commits", _of)


def init_app(app: Flask) -> None:
    """Let go of what an application looks by."""
    PARTS.of(app).at_end(lambda: COMMITS.of(app).close())
