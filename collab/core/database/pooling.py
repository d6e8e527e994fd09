"""A pool of connections that closes what a busy moment has left open.

A connection has the schema and a cache of pages in memory, some megabytes.
"""

from __future__ import annotations

from contextlib import suppress

from sqlalchemy.pool import ConnectionPoolEntry, QueuePool
from sqlalchemy.util.queue import Empty

#: Connections that stay open for whoever comes next.
KEPT_IDLE = 4
#: Of the others, one in so many is closed at each look: where they are needed, most are there.
CLOSED_PART = 2


class RecedingPool(QueuePool):
    """The pool; those that were used last are lent first, so the others stay idle."""

    def close_idle(self) -> int:
        """Close some of the connections that nobody uses, those used longest ago; return how many.

        Each time half of those beyond KEPT_IDLE, so that it takes some looks until all are gone.
        """
        idle = self._idle()
        beyond = max(0, len(idle) - KEPT_IDLE)
        kept = len(idle) - -(-beyond // CLOSED_PART)
        for one in idle[kept:]:
            # As where one comes back and there is no room for it.
            one.close()
            self._dec_overflow()
        for one in reversed(idle[:kept]):
            self._do_return_conn(one)
        return len(idle) - kept

    def _idle(self) -> list[ConnectionPoolEntry]:
        """Take all that are idle, the one that was used last first."""
        found = []
        with suppress(Empty):
            while True:
                found.append(self._pool.get(block=False))
        return found
