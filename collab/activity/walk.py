"""Walking the log backwards by its indexes, so that a page costs the same however long it is.

Each source (a project, a topic, an actor) is an index of its own; several are merged. A filter may
find little, so that a request looks at `SCANNED` rows at most and then answers with what it has,
which may be less than a page, and with the place to go on.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Select, bindparam, func, select
from sqlalchemy.orm import aliased

from ..core.json import dumps
from ..core.models import Id
from ..events.models import EventRow
from ..extensions import db

#: Rows that one request looks at, about.
SCANNED = 10_000
#: Rows of one source that are read at once, at the least and at the most.
LEAST, MOST = 4, 500

#: Column -> the values whose rows are wanted; empty: the whole log.
Sources = Mapping[str, Sequence[int | str]]


@dataclass
class Found:
    """The ids that were found, newest first, and whether and where there may be more."""

    ids: list[int]
    next: int | None


def walk(
    sources: Sources,
    columns: Sequence[str],
    passes: Callable[[Any], bool],
    *,
    after: int,
    before: int | None,
    limit: int,
) -> Found:
    """Return up to `limit` ids between two, of rows that pass."""
    keys = sum(len(values) for values in sources.values())
    width = max(LEAST, min(MOST, SCANNED // max(1, keys)))
    ids: list[int] = []
    place, scanned = before, 0
    while scanned < SCANNED:
        rows, place = _step(sources, tuple(columns), after, place, width)
        for row in rows:
            if passes(row):
                if len(ids) == limit:
                    return Found(ids, ids[-1])
                ids.append(row.id)
        if place is None:
            return Found(ids, None)
        scanned += max(len(rows), 1)
    return Found(ids, place)


def _step(
    sources: Sources, columns: tuple[str, ...], after: int, before: int | None, width: int
) -> tuple[list[Any], int | None]:
    """Return the next rows, newest first, and the id before which to go on; None is the end.

    A source that gave all that it may has more below its last row: down to the highest of these
    the merged rows are complete.
    """
    found: dict[int, Any] = {}
    horizon: int | None = None
    for rows in _read(sources, columns, after, before, width):
        found.update((row.id, row) for row in rows)
        if len(rows) == width:
            horizon = max(horizon or 0, rows[-1].id)
    ids = sorted((key for key in found if horizon is None or key >= horizon), reverse=True)
    return [found[key] for key in ids], horizon


def _read(
    sources: Sources, columns: tuple[str, ...], after: int, before: int | None, width: int
) -> Iterator[Sequence[Any]]:
    """Yield the newest rows of each source below an id, newest first."""
    values: dict[str, Any] = {"after": after, "before": before, "width": width}
    if before is None:
        values["before"] = 2**63 - 1
    run = db.session.connection().execute
    if not sources:
        yield run(_whole(columns), values).all()
    for name, wanted in sources.items():
        if len(wanted) == 1:
            yield run(_one(name, columns), values | {"key": wanted[0]}).all()
        elif wanted:
            rows = run(_many(name, columns), values | {"keys": dumps(list(wanted)).decode()})
            grouped: dict[Any, list[Any]] = defaultdict(list)
            for row in rows:
                grouped[getattr(row, name)].append(row)
            for group in grouped.values():
                yield sorted(group, key=lambda row: row.id, reverse=True)


def _newest_below(row: Any, query: Select[Any]) -> Select[Any]:
    between = (row.id > bindparam("after", type_=Id), row.id < bindparam("before", type_=Id))
    return query.where(*between).order_by(row.id.desc()).limit(bindparam("width", type_=Id))


def _shown(columns: tuple[str, ...]) -> list[Any]:
    return [getattr(EventRow, name) for name in columns]


@lru_cache(maxsize=16)
def _whole(columns: tuple[str, ...]) -> Select[Any]:
    return _newest_below(EventRow, select(*_shown(columns)))


@lru_cache(maxsize=64)
def _one(name: str, columns: tuple[str, ...]) -> Select[Any]:
    condition = getattr(EventRow, name) == bindparam("key")
    return _newest_below(EventRow, select(*_shown(columns)).where(condition))


@lru_cache(maxsize=64)
def _many(name: str, columns: tuple[str, ...]) -> Select[Any]:
    """Read some rows of each of many sources, by one seek for each."""
    keys = func.json_each(bindparam("keys")).table_valued("value")
    row = aliased(EventRow)
    ids = _newest_below(row, select(row.id).where(getattr(row, name) == keys.c.value))
    newest = ids.correlate(keys).scalar_subquery()
    return select(*_shown(columns)).select_from(keys).join(EventRow, EventRow.id.in_(newest))
