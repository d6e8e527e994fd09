"""The store in PostgreSQL: any number of workers load at once, on any number of machines.

Its tables are in their own schema, so that the database may be the service's. All writers take rows
in the same order (`tables.py`), so loads never deadlock; if two loads bring the same id, the first
one notes it, and the other waits to see it. Every transaction names its schema and prepares
nothing, so a transaction-pooling proxy in front of the server (PgBouncer) does no harm.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import count
from typing import Any

import psycopg
from psycopg import Cursor
from psycopg.abc import Buffer
from psycopg.adapt import Loader

from ....core.discreet_driver import DiscreetConnection
from .face import (
    DATA_NAME,
    METADATA_NAME,
    ROWS_PER_FETCH,
    EventRow,
    Key,
    Rows,
    Store,
    Values,
    joined,
)
from .postgres_schema import VERSIONS

#: Seconds for connecting.
CONNECT_S = 10
#: Locks are numbers there: this program's have this as their first half.
LOCK_SPACE = 0x1D6E57
LOCKS = {"upgrade": 1, "inbox": 2, "chores": 3}

#: Begins a transaction that the server does not end when it is idle.
KEEP_OPEN = b"BEGIN; SET LOCAL idle_in_transaction_session_timeout = 0"
TRY_LOCK = "SELECT pg_try_advisory_xact_lock(%s, %s)"
IS_THERE = "SELECT 1"
USE_SCHEMA = "SET LOCAL search_path TO ingest"
ADD_IDS = (
    "INSERT INTO seen (source, day, id)"
    " SELECT * FROM unnest(%s::bigint[], %s::integer[], %s::bytea[])"
    " ON CONFLICT DO NOTHING RETURNING source, day, id"
)
KNOWN_IDS = (
    "SELECT source, day, id FROM seen"
    " JOIN unnest(%s::bigint[], %s::integer[], %s::bytea[]) AS asked (source, day, id)"
    " USING (source, day, id)"
)
COPY_EVENTS = (
    "COPY events (project, source, ts, received, type, event_id, user_id, session_id, late,"
    " data, metadata_at) FROM STDIN"
)
#: Where the data begins in an event's text, from 1; characters from its end to the metadata.
DATA_START = len(DATA_NAME) + 1
GAP_CHARACTERS = len(METADATA_NAME)
NAME_PATTERN = re.compile(r":([a-z]+)")


class WholeNumber(Loader):
    """Reads sums, which are numeric in PostgreSQL: everything summed here is a whole number."""

    def load(self, data: Buffer) -> int:
        """Return the number."""
        return int(bytes(data))


@lru_cache(maxsize=1000)
def translated(sql: str) -> str:
    """Return a statement with placeholders as the client wants them."""
    return NAME_PATTERN.sub(r"%(\1)s", sql.replace("%", "%%").replace("?", "%s"))


def opened(url: str) -> psycopg.Connection[Any]:
    """Connect; statements are sent as they are, and transactions are begun explicitly."""
    plain = url.replace("postgresql+psycopg://", "postgresql://", 1)
    # No prepared statements: behind PgBouncer the next transaction may be on another connection.
    raw = DiscreetConnection.connect(
        plain, autocommit=True, prepare_threshold=None, connect_timeout=CONNECT_S
    )
    raw.adapters.register_loader("numeric", WholeNumber)
    return raw


class PostgresStore(Store):
    """A connection to the database; it is reopened when the server has been away."""

    event_parts = (
        f"substr(data, {DATA_START}, metadata_at - {DATA_START} - {GAP_CHARACTERS}),"
        " substr(data, metadata_at, length(data) - metadata_at)"
    )

    def __init__(self, url: str, *, readonly: bool) -> None:
        self._url, self._readonly = url, readonly
        self._raw: psycopg.Connection[Any] | None = None
        self._inside = False
        #: What is held, and the connection whose open transaction holds it.
        self._locks: set[str] = set()
        self._keeper: psycopg.Connection[Any] | None = None
        self._numbers = count()
        self._server()

    def _server(self) -> psycopg.Connection[Any]:
        if self._raw is None or self._raw.closed:
            self._raw = opened(self._url)
            if not self._readonly or not _version(self._raw):
                _upgrade(self._raw)
        return self._raw

    def execute(self, sql: str, values: Values = ()) -> Rows:
        """Run a statement."""
        with self._transaction():
            return self._server().execute(translated(sql), values or None)

    def executemany(self, sql: str, rows: Iterable[Sequence[Any]]) -> Rows:
        """Run a statement for each row."""
        with self._transaction():
            cursor: Cursor[Any] = self._server().cursor()
            cursor.executemany(translated(sql), rows)
            return cursor

    def stream(self, sql: str, values: Values = (), at_once: int = ROWS_PER_FETCH) -> Iterator[Any]:
        """Yield rows, some at a time."""
        with self._server().cursor(name=f"rows_{next(self._numbers)}") as cursor:
            # With a server-side cursor: otherwise the client would fetch all rows before the first
            # is used.
            cursor.itersize = at_once
            cursor.execute(translated(sql), values or None)
            yield from cursor

    def close(self) -> None:
        """Close the connection, and release its locks."""
        for one in (self._raw, self._keeper):
            if one is not None:
                one.close()

    def _begun(self, statement: bytes) -> psycopg.Connection[Any]:
        """Begin a transaction; retry once if the server has been away since the last one."""
        server = self._server()
        try:
            server.execute(statement)
        except psycopg.OperationalError:
            # Only a lost connection is reopened: any other fault would stay.
            if not server.closed:
                raise
            server = self._server()
            server.execute(statement)
        return server

    @contextlib.contextmanager
    def _transaction(self, begin: str = "BEGIN", end: str = "COMMIT") -> Iterator[Store]:
        """Run a block as a transaction, or within the current one."""
        if self._inside:
            yield self
            return
        server = self._begun(f"{begin}; {USE_SCHEMA}".encode())
        self._inside = True
        try:
            yield self
            server.execute(end.encode())
        except BaseException:
            # The connection may be gone: the error being raised says why.
            with contextlib.suppress(psycopg.Error):
                server.execute("ROLLBACK")
            raise
        finally:
            self._inside = False

    def writing(self) -> contextlib.AbstractContextManager[Store]:
        """Write within this block; others write at the same time."""
        return self._transaction()

    def reading(self) -> contextlib.AbstractContextManager[Store]:
        """See the store at one moment within this block."""
        return self._transaction("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", "ROLLBACK")

    def trying(self) -> contextlib.AbstractContextManager[Store]:
        """Undo, at its end, what is written within this block."""
        return self._transaction(end="ROLLBACK")

    def add_ids(self, keys: Sequence[Key]) -> set[Key]:
        """Note ids; returns those that were unknown."""
        with self._transaction():
            return set(self._server().execute(ADD_IDS, _columns(keys)))

    def known_ids(self, keys: Sequence[Key]) -> set[Key]:
        """Return which of the ids are noted."""
        if not keys:
            return set()
        with self._transaction():
            return set(self._server().execute(KNOWN_IDS, _columns(keys)))

    def add_events(self, rows: Sequence[EventRow]) -> None:
        """Store events."""
        # COPY sends rows without a statement for each: the fastest way into PostgreSQL.
        with self._transaction(), self._server().cursor().copy(COPY_EVENTS) as copy:
            for row in rows:
                text = joined(*row[-2:])
                copy.write_row((*row[:-2], text, DATA_START + len(row[-2]) + GAP_CHARACTERS))

    def number_after(self, last: int) -> None:
        """Let request numbers continue after one."""
        self.execute(
            "SELECT setval('inbox_id_seq', greatest(?, (SELECT last_value FROM inbox_id_seq)))",
            (last,),
        )

    def try_lock(self, name: str) -> bool:
        """Hold a lock until the store is closed; False if another one has it.

        It lives in a transaction that stays open on its own connection: a session's lock would stay
        with a pool, and with whoever next gets the same server connection.
        """
        keeper = self._kept()
        if name not in self._locks:
            if not self._locks:
                keeper.execute(KEEP_OPEN)
            row = keeper.execute(TRY_LOCK, (LOCK_SPACE, LOCKS[name])).fetchone()
            if row and row[0]:
                self._locks.add(name)
            elif not self._locks:
                keeper.execute("ROLLBACK")
        return name in self._locks

    def _kept(self) -> psycopg.Connection[Any]:
        """Return the connection for locks; locks that a lost one held are gone."""
        if self._keeper is not None and self._locks:
            with contextlib.suppress(psycopg.OperationalError):
                self._keeper.execute(IS_THERE)
        if self._keeper is None or self._keeper.closed:
            self._locks.clear()
            self._keeper = opened(self._url)
        return self._keeper


def _columns(keys: Sequence[Key]) -> list[list[Any]]:
    return [list(column) for column in zip(*keys, strict=True)] or [[], [], []]


def connect(url: str, *, readonly: bool) -> PostgresStore:
    """Connect; creates or upgrades the tables if need be."""
    return PostgresStore(url, readonly=readonly)


def _version(raw: psycopg.Connection[Any]) -> int:
    row = raw.execute("SELECT to_regclass('ingest.version')").fetchone()
    if row is None or row[0] is None:
        return 0
    found = raw.execute("SELECT coalesce(max(number), 0) FROM ingest.version").fetchone()
    return int(found[0]) if found else 0


def _upgrade(raw: psycopg.Connection[Any]) -> None:
    if _version(raw) >= len(VERSIONS):
        return
    with raw.transaction():
        # Several workers may start at once: one upgrades, and the others find it done.
        raw.execute("SELECT pg_advisory_xact_lock(%s, %s)", (LOCK_SPACE, LOCKS["upgrade"]))
        raw.execute("CREATE SCHEMA IF NOT EXISTS ingest")
        raw.execute(USE_SCHEMA.encode())
        raw.execute("CREATE TABLE IF NOT EXISTS version (number INTEGER PRIMARY KEY)")
        for number in range(_version(raw), len(VERSIONS)):
            raw.execute(VERSIONS[number].encode())
            raw.execute("INSERT INTO version VALUES (%s)", (number + 1,))


class PostgresService:
    """The service's database on a server, which this only reads."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._raw = opened(url)

    def version(self) -> object:
        """Return something new each time, so that callers always read again."""
        return object()

    def ask(self, sql: str, values: Sequence[Any] = ()) -> list[Any]:
        """Return the rows of a query."""
        if self._raw.closed:
            self._raw = opened(self._url)
        return self._raw.execute(translated(sql).encode(), values or None).fetchall()

    def close(self) -> None:
        """Close the connection."""
        self._raw.close()
