"""Procrastinate's connections, on which fetching and forgetting do not wait for the disk.

Waiting for it twice per delivery let through only a few dozen jobs a second on a slow disk. But a
delivery is only a reason to look (`deliveries.py`): a power cut leaves an entry that waits again,
or that stays with a worker which is gone, and both are repaired (`mending.py`).
"""

from __future__ import annotations

from typing import Any

from procrastinate import PsycopgConnector
from procrastinate.sql import queries
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

#: The setting holds until the end of the statement's own transaction: a pool of transactions may
#: hand the connection on after it.
COMMIT_LAZILY = (
    "WITH lazily AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true))"
    " SELECT found.* FROM lazily, LATERAL ({}) AS found"
)


def lazily(query: str) -> str:
    """Return a query whose commit returns some moments before it is on disk."""
    return COMMIT_LAZILY.format(query.strip().rstrip(";"))


LAZY_QUERIES = {queries[name]: lazily(queries[name]) for name in ("fetch_job", "finish_job")}


class LazyConnector(PsycopgConnector):
    """Procrastinate's own connector, which asks so; each statement is a transaction."""

    def __init__(self, address: str, max_connections: int) -> None:
        super().__init__(
            conninfo=address,
            kwargs={"prepare_threshold": None},
            configure=_begin_nothing,
            min_size=1,
            max_size=max_connections,
            name="queue",
            pool_factory=_trusting_pool,
        )

    async def execute_query_async(self, query: Any, **arguments: Any) -> None:
        """Run a statement."""
        await super().execute_query_async(LAZY_QUERIES.get(query, query), **arguments)

    async def execute_query_one_async(self, query: Any, **arguments: Any) -> dict[str, Any]:
        """Run a statement, and return its row."""
        query = LAZY_QUERIES.get(query, query)
        row: dict[str, Any] = await super().execute_query_one_async(query, **arguments)
        return row


def _trusting_pool(*, check: Any, **options: Any) -> AsyncConnectionPool:
    """Make a pool that asks the server nothing before each statement.

    A lost connection shows at the next statement, and then the worker starts again.
    """
    return AsyncConnectionPool(**options)


async def _begin_nothing(connection: AsyncConnection[Any]) -> None:
    """Make each statement a transaction, in one round trip instead of three."""
    await connection.set_autocommit(True)
