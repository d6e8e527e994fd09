"""The pipeline's store, as everything else sees it; `engines/` has its implementations.

It holds waiting requests (`inbox`), events, and counters, so that one transaction takes a request
out of the inbox, stores its events and counts them. `connect` creates what is missing; times are
whole milliseconds since 1970 UTC. Statements are written once, with `?` or `:name` for their
values, so that each engine understands them; anything that one of them can't do, or does better in
its own way, is a method of `Store`.
"""

from __future__ import annotations

import sqlite3
import sys
from contextlib import AbstractContextManager
from pathlib import Path

from .engines import sqlite
from .engines.face import ServiceDatabase, Store

#: Pages of the write-ahead log (4 KiB each) after which the worker checkpoints them.
CHECKPOINT_PAGES = 16_000
#: Upper bounds, in milliseconds, of the buckets in which times from receipt to store are counted.
LATENCY_BUCKETS = (
    *(10, 20, 30, 50, 75, 100, 150, 200, 250, 300, 400, 500, 750),
    *(1000, 2000, 5000, 10_000, 30_000, 60_000, 600_000, 10**12),
)
#: States of a dead letter.
OPEN = "open"
REPLAYED = "replayed"
DISCARDED = "discarded"
#: How the URL of a store on a PostgreSQL server begins.
POSTGRES_SCHEMES = ("postgresql://", "postgresql+psycopg://")

#: Where a store is: a file, or the URL of a database.
Where = Path | str


def connect(
    where: Where,
    *,
    synchronous: str = "FULL",
    readonly: bool = False,
    checkpoint_pages: int | None = None,
) -> Store:
    """Open a store; creates or upgrades it if need be.

    FULL: what is committed survives a power cut.
    """
    if is_url(where):
        from .engines import postgres  # imports a client that few need

        return postgres.connect(str(where), readonly=readonly)
    return sqlite.connect(
        Path(where), synchronous=synchronous, readonly=readonly, checkpoint_pages=checkpoint_pages
    )


def open_service(where: Where) -> ServiceDatabase:
    """Open the service's own database to read from it; raises OSError or `store_errors`."""
    if is_url(where):
        from .engines import postgres

        return postgres.PostgresService(str(where))
    return sqlite.SqliteService(Path(where))


def is_url(where: Where) -> bool:
    """Return whether a store is on a server, and not a file."""
    return str(where).startswith(POSTGRES_SCHEMES)


def writing(store: Store) -> AbstractContextManager[Store]:
    """Write within this block; it ends with a commit, or is undone by an error."""
    return store.writing()


def reading(store: Store) -> AbstractContextManager[Store]:
    """See the store at one moment within this block, whatever is written meanwhile."""
    return store.reading()


def store_errors() -> tuple[type[Exception], ...]:
    """Return what a store raises if it can't be reached or written now: nothing else is wrong."""
    return (sqlite3.OperationalError, *server_errors())


def server_errors() -> tuple[type[Exception], ...]:
    """Return what a server's client raises then, if it is in use: it is imported only then."""
    client = sys.modules.get("psycopg")
    return (client.OperationalError, client.InterfaceError) if client else ()
