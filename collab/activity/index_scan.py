"""Walking the log backwards by its indexes, so that a page costs the same however long it is.

Each source (a project, a topic, an actor) is a range of an index; several are merged. A filter may
match little, so a request reads at most about `MAX_ROWS_SCANNED` rows. It then answers with what it
has, which may be less than a page, and with the place to continue from.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from sqlalchemy import Select, String, bindparam, cast, func, select
from sqlalchemy.orm import aliased

from ..core.json import dumps
from ..core.models import Id
from ..core.schemas import MAX_ID
from ..events.models import EventRow
from ..extensions import db

#: Rows that one request reads, about.
MAX_ROWS_SCANNED = 10_000
#: How many of these all sources together yield at first.
FIRST_ROWS_SCANNED = 2_000
#: Minimum rows of one source that are read at once.
MIN_ROWS_PER_READ = 4
#: Maximum rows of one source that are read at once.
MAX_ROWS_PER_READ = 500

#: Keys of one column that are read separately; more are one source, sorted by SQLite.
MAX_SOURCES_APART = 100
#: Rows that are read at once of such a source.
ROWS_READ_TOGETHER = 50

#: Column -> the wanted values; without any, the whole log.
Sources = Mapping[str, Sequence[int | str]]


@dataclass
class Found:
    """The ids that were found, newest first, and before which id there may be more."""

    ids: list[int]
    next: int | None


def scan(
    sources: Sources,
    columns: Sequence[str],
    passes: Callable[[Any], bool],
    *,
    after: int,
    before: int | None,
    limit: int,
) -> Found:
    """Return up to `limit` ids between two, of rows that pass."""
    walker = Walker(sources, tuple(columns), after, before or MAX_ID)
    ids: list[int] = []
    for row in walker.rows():
        if passes(row):
            if len(ids) == limit:
                return Found(ids, ids[-1])
            ids.append(row.id)
    return Found(ids, walker.place)


@dataclass
class _Source:
    """One value of a column (no column: the whole log), and what has been read of it."""

    column: str | None
    key: int | str | Sequence[int | str]
    place: int
    width: int
    rows: list[Any] = field(default_factory=list)
    over: bool = False

    def fill(self, rows: list[Any]) -> None:
        """Take the next rows, oldest first."""
        self.rows, self.over = rows, len(rows) < self.width
        if rows:
            self.place = rows[0].id
        # Doubled: a source that is read further has many wanted rows, the others few.
        self.width = min(MAX_ROWS_PER_READ, self.width * 2)


class Walker:
    """Merges sources, newest first, and reads more where one has run out."""

    def __init__(self, sources: Sources, columns: tuple[str, ...], after: int, before: int) -> None:
        self._columns, self._after, self._scanned = columns, after, 0
        #: After the last row: the id before which to continue, or None at the very end.
        self.place: int | None = before
        keys: list[tuple[str | None, Any]] = [
            (column, key) for column, values in sources.items() for key in _apart(values)
        ]
        width = max(
            MIN_ROWS_PER_READ, min(MAX_ROWS_PER_READ // 10, FIRST_ROWS_SCANNED // max(1, len(keys)))
        )
        if not sources:
            keys = [(None, 0)]
        self._sources = [_Source(column, key, before, width) for column, key in keys]

    def rows(self) -> Iterator[Any]:
        """Yield each row once, down to the end or until enough has been read."""
        self._read(self._sources)
        heap = [(-one.rows[-1].id, at) for at, one in enumerate(self._sources) if one.rows]
        heapq.heapify(heap)
        while heap:
            key, at = heapq.heappop(heap)
            source = self._sources[at]
            row = source.rows.pop()
            # The same row may be in several sources (its project's and its actor's): it counts
            # once.
            if self.place is None or -key < self.place:
                self.place = -key
                yield row
            if not source.rows and not source.over:
                # Only where a source has run out: before that the order would have a gap.
                if self._scanned >= MAX_ROWS_SCANNED:
                    return
                self._read([source])
            if source.rows:
                heapq.heappush(heap, (-source.rows[-1].id, at))
        self.place = None

    def _read(self, sources: Sequence[_Source]) -> None:
        """Read the next rows of some sources, all of one width, by a statement for each column."""
        alike: dict[str | None, list[_Source]] = defaultdict(list)
        for source in sources:
            if isinstance(source.key, int | str):
                alike[source.column].append(source)
            else:
                self._scanned += self._read_merged(source, source.key)
        for column, group in alike.items():
            self._scanned += self._read_alike(column, group)

    def _read_merged(self, source: _Source, keys: Sequence[int | str]) -> int:
        """Read the newest rows of many keys; each key costs an index look-up, if it has no row."""
        source.width = ROWS_READ_TOGETHER
        values: dict[str, Any] = {"after": self._after, "before": source.place}
        values |= {"width": source.width, "keys": dumps(keys).decode()}
        statement = _merged(str(source.column), self._columns)
        source.fill(list(db.session.connection().execute(statement, values).all())[::-1])
        return max(len(keys), len(source.rows))

    def _read_alike(self, column: str | None, sources: list[_Source]) -> int:
        first = sources[0]
        values: dict[str, Any] = {"after": self._after, "width": first.width}
        if len(sources) == 1:
            values |= {"before": first.place} | ({"key": first.key} if column else {})
            rows = db.session.connection().execute(_one(column, self._columns), values).all()
            first.fill(list(rows)[::-1])
            return len(rows)
        values |= {"before": first.place, "keys": dumps([one.key for one in sources]).decode()}
        rows = db.session.connection().execute(_many(str(column), self._columns), values).all()
        found: dict[Any, list[Any]] = defaultdict(list)
        for row in sorted(rows, key=lambda row: row.id):
            found[getattr(row, str(column))].append(row)
        for source in sources:
            source.fill(found[source.key])
        return len(rows)


def _apart(values: Sequence[int | str]) -> Sequence[int | str | Sequence[int | str]]:
    """Return what is read separately: each value, or all together where there are many."""
    return values if len(values) <= MAX_SOURCES_APART else [values]


def _ids_below(column: str, key: Any) -> Select[Any]:
    row = aliased(EventRow)
    return _newest_below(row, select(row.id).where(getattr(row, column) == key))


def _newest_below(row: Any, query: Select[Any]) -> Select[Any]:
    between = (row.id > bindparam("after", type_=Id), row.id < bindparam("before", type_=Id))
    return query.where(*between).order_by(row.id.desc()).limit(bindparam("width", type_=Id))


@lru_cache(maxsize=64)
def _one(column: str | None, columns: tuple[str, ...]) -> Select[Any]:
    query = select(*(getattr(EventRow, name) for name in columns))
    if column is not None:
        query = query.where(getattr(EventRow, column) == bindparam("key"))
    return _newest_below(EventRow, query)


def _key(column: str, value: Any) -> Any:
    """Return a key with its column's type: one out of JSON may be a text."""
    kind = getattr(EventRow, column).type
    return value if isinstance(kind, String) else cast(value, kind)


@lru_cache(maxsize=64)
def _merged(column: str, columns: tuple[str, ...]) -> Select[Any]:
    """Read the newest rows of many sources together.

    They are rows of the sources whose newest row is the newest: it takes a look into the index
    for each source, and reads the rows of as many of them as it reads rows.
    """
    keys = func.json_each(bindparam("keys")).table_valued("value")
    width = bindparam("width", type_=Id)
    newest = (
        _ids_below(column, _key(column, keys.c.value)).limit(1).correlate(keys).scalar_subquery()
    )
    tops = select(keys.c.value, newest.label("id")).cte()
    there = select(tops.c.value).where(tops.c.id.is_not(None))
    some = there.order_by(tops.c.id.desc()).limit(width).subquery()
    ids = _ids_below(column, _key(column, some.c.value)).limit(width).correlate(some)
    found = select(EventRow.id).select_from(some).join(EventRow, EventRow.id.in_(ids))
    found = found.order_by(EventRow.id.desc()).limit(width)
    query = select(*(getattr(EventRow, name) for name in columns))
    return query.where(EventRow.id.in_(found)).order_by(EventRow.id.desc())


@lru_cache(maxsize=64)
def _many(column: str, columns: tuple[str, ...]) -> Select[Any]:
    """Read some rows of each of many sources, by one seek for each."""
    keys = func.json_each(bindparam("keys")).table_valued("value")
    row = aliased(EventRow)
    ids = _newest_below(
        row, select(row.id).where(getattr(row, column) == _key(column, keys.c.value))
    )
    newest = ids.correlate(keys).scalar_subquery()
    shown = (getattr(EventRow, name) for name in columns)
    return select(*shown).select_from(keys).join(EventRow, EventRow.id.in_(newest))
