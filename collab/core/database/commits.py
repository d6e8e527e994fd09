"""Whether anything has been committed: while nothing was, what was read before still holds.

The database itself answers that, so it covers what another process writes, and what no event
reports.
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
        """Return a text that stays the same while nothing is committed, and never recurs."""

    @abstractmethod
    def close(self) -> None:
        """Let go of what it keeps open."""


class FileCommits(Commits):
    """SQLite's: a connection's `data_version` changes with each commit on any other one.

    So it has a connection of its own, which only looks; that takes some microseconds.
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
            # All rows, or the connection would go on seeing the database as it is now.
            return str(self._driver.execute("PRAGMA data_version").fetchall()[0][0])

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            if self._driver is not None:
                self._driver.close()
                self._driver = None


#: Which transactions are over, as every process sees it: two reads with the same snapshot see the
#: same rows. A server that was restored to an earlier moment may have a snapshot again, so the time
#: of its start is included. So is its last checkpoint: a server one of whose processes was killed
#: recovers without restarting, forgets commits that were seen but not flushed yet, and assigns
#: their numbers again; recovery ends with a checkpoint. So is the database, as other installations
#: may use the same Redis.
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
        """Return the snapshot, in one round trip."""
        return str(PRESENT_SNAPSHOT.one({}).version)

    def close(self) -> None:
        """Do nothing: it uses connections of others."""


def _of(app: Flask) -> Commits:
    return FileCommits() if ENGINE.of(app).is_file else ServerCommits()


COMMITS: Slot[Commits] = Slot("commits", _of)


def init_app(app: Flask) -> None:
    """Close what an application keeps open for this."""
    PARTS.of(app).at_end(lambda: COMMITS.of(app).close())
