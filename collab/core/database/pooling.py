"""A pool of connections that closes those left over from a busy moment.

A connection keeps the schema and a page cache in memory, some megabytes.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool
from sqlalchemy.util.queue import Empty

#: Connections that stay open for whoever comes next.
KEPT_IDLE = 4
#: Marks a connection that keeps much in memory until it is closed.
HEAVY_NOTE = "collab.heavy"
#: Length from which on a written value is much to keep.
LONG_VALUE_LENGTH = 256 * 1024
#: SQLAlchemy logs what a pool does under the name of its class, so this makes it a message of ours.
logging.getLogger(f"{__name__}.RecedingPool").setLevel(logging.WARNING)
#: One in this many of the others is closed at each check: if they are needed, most are still there.
CLOSED_PART = 2


class RecedingPool(QueuePool):
    """The pool; those that were used last are lent first, so the others stay idle."""

    def close_idle(self) -> int:
        """Close some of the connections that nobody uses, those used longest ago; return how many.

        Each time it closes half of those beyond KEPT_IDLE, so that it takes several checks to close
        all.
        """
        idle = self._idle()
        beyond = max(0, len(idle) - KEPT_IDLE)
        kept = len(idle) - -(-beyond // CLOSED_PART)
        for one in idle[kept:]:
            # As when one comes back and there is no room for it.
            one.close()
            self._dec_overflow()
        for one in reversed(idle[:kept]):
            self._do_return_conn(one)
        return len(idle) - kept

    def _do_return_conn(self, record: ConnectionPoolEntry) -> None:
        # While there are few, each stays: opening one takes as long as creating a task.
        open_now = self.checkedin() + self.checkedout()
        if record.info.pop(HEAVY_NOTE, False) and open_now > KEPT_IDLE:
            record.invalidate()  # whoever has it next opens it
        super()._do_return_conn(record)

    def _idle(self) -> list[ConnectionPoolEntry]:
        """Take all idle connections, the most recently used first."""
        found = []
        with suppress(Empty):
            while True:
                found.append(self._pool.get(block=False))
        return found


def note_long(
    connection: Connection, cursor: Any, statement: str, parameters: Any, context: Any, many: bool
) -> None:
    """Mark a connection on which a long value is written; called before each statement.

    SQLite's statements stay prepared, and keep the values last bound to them.
    """
    if (context.isinsert or context.isupdate) and not many:
        for one in parameters:
            if isinstance(one, (str, bytes)) and len(one) >= LONG_VALUE_LENGTH:
                connection.info[HEAVY_NOTE] = True
