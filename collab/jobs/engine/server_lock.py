"""Who runs jobs, where the database is a server: a lock there that ends with its connection.

It lives in a transaction that stays open and reads nothing, so a pool in transaction mode gives it
a server connection of its own; and it does not hold back vacuuming.
"""

from __future__ import annotations

import logging
import os
import secrets
from hashlib import blake2b

from flask import Flask
from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from ...core.compiled import session_connection
from ...extensions import db

logger = logging.getLogger(__name__)

#: What the names of such workers begin with.
SERVER_PREFIX = "pg-"

#: The lock; the server notices within half a minute when the worker's machine is gone, and does not
#: end the transaction for being idle.
HOLD_LOCK = text(
    "SELECT set_config('idle_in_transaction_session_timeout', '0', true),"
    " set_config('tcp_keepalives_idle', '10', true),"
    " set_config('tcp_keepalives_interval', '5', true),"
    " set_config('tcp_keepalives_count', '4', true),"
    " pg_try_advisory_xact_lock(:key) AS held"
)
#: The check takes no lock: that would keep the worker from taking it again.
IS_FREE = text(
    "SELECT NOT EXISTS (SELECT 1 FROM pg_locks"
    " WHERE locktype = 'advisory' AND objsubid = 1 AND granted"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    " AND (CAST(classid AS bigint) << 32) | CAST(objid AS bigint) = :key)"
)
IS_THERE = text("SELECT 1")


class ServerLock:
    """One process that runs jobs. Its lock is the proof that it lives: no clock is asked."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._connection: Connection | None = None
        #: Given by `begin`.
        self.name = ""

    def begin(self) -> None:
        """Take a name and its lock; the server releases the lock when the connection ends."""
        self.name = f"{SERVER_PREFIX}{os.getpid()}-{secrets.token_hex(8)}"
        self._hold()

    def _hold(self) -> None:
        connection = self._connect()
        if connection.execute(HOLD_LOCK, {"key": _key(self.name)}).one().held:
            self._connection = connection
        else:  # by the lost connection: as long as the server keeps it, we count as alive
            connection.close()

    def _connect(self) -> Connection:
        with self._app.app_context():
            return db.engine.connect()

    def keep(self) -> None:
        """Take the lock again if the connection was lost: we would be taken for dead."""
        try:
            if self._connection is not None:
                self._connection.execute(IS_THERE)
                return
        except SQLAlchemyError as error:
            logger.warning("the lock of worker %s was lost, taking it again: %s", self.name, error)
            self._let_go()
        self._hold()

    def end(self) -> None:
        """Release the lock."""
        self._let_go()

    def _let_go(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.invalidate()
            connection.close()

    def is_dead(self, name: str) -> bool:
        """Return whether another worker is certainly dead.

        One whose lock is not in this database is never certain: its lease has to expire.
        """
        if not name.startswith(SERVER_PREFIX):
            return False
        own = session_connection()
        if own is not None:  # the sweeper holds the writer's lock
            return bool(own.scalar(IS_FREE, {"key": _key(name)}))
        with self._connect() as connection:
            return bool(connection.scalar(IS_FREE, {"key": _key(name)}))

    def bury(self, name: str) -> None:
        """Do nothing: nothing is left of a dead worker."""

    def tidy(self) -> None:
        """Do nothing: nothing is left of dead workers."""


def _key(name: str) -> int:
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), signed=True)
