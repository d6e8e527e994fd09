"""A page of events, newest first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from ...core.json import Stored
from ...frozen import frozen
from ..pipeline.engines.face import Store
from ..pipeline.tables import compact
from .periods import DAY_MS, Period, moment
from .walking import Place, Walk

#: Events that one request examines, if a filter lets few of them pass.
MAX_EVENTS_EXAMINED = 20_000

#: Bytes that an event takes on a page besides its data.
EVENT_BYTES = 400

#: The index for each way to ask; other conditions are checked row by row.
BY_TIME = Walk(("project",))
BY_TYPE = Walk(("project", "type"), ("user_id",))
BY_USER = Walk(("project", "user_id"), ("type", "session_id"))

#: All that there can be.
ALL_TIME = Period(0, 2**62)


@frozen(kw_only=True)
class Wanted:
    """Which events of a project; None lets everything pass."""

    project: int
    type: str | None = None
    user_id: str | None = None
    session_id: str | None = None
    source: int | None = None
    event_id: str | None = None
    period: Period = ALL_TIME


@frozen
class Shown:
    """An event as it is stored."""

    id: int
    source_id: int
    type: str
    event_id: str
    user_id: str | None
    session_id: str | None
    timestamp: datetime
    received_at: datetime
    late: bool
    data: Stored
    metadata: Stored


@frozen
class Found:
    """Some events, and the place after which there may be more."""

    items: list[Shown]
    next: Place | None


def walk_of(wanted: Wanted) -> tuple[Walk, tuple[Any, ...]]:
    """Return the narrowest index, and the values given for it."""
    if wanted.user_id is not None:
        return BY_USER, (wanted.project, wanted.user_id)
    if wanted.type is not None:
        return BY_TYPE, (wanted.project, wanted.type)
    return BY_TIME, (wanted.project,)


def find(
    connection: Store, wanted: Wanted, limit: int, place: Place | None, most_bytes: int
) -> Found:
    """Return up to `limit` events after a place, of `most_bytes` together or one.

    There may be fewer, even none, with a place to continue from, if many were examined and did not
    match. A remembered id is looked for around its days.
    """
    if wanted.event_id is not None and place is None:
        for day in _days_of(connection, wanted.project, wanted.event_id):
            around = Period(
                # A day to each side: the remembered day is by the sender's clock, which may be
                # wrong.
                max(wanted.period.start, (day - 1) * DAY_MS),
                min(wanted.period.end, (day + 2) * DAY_MS),
            )
            found = _page(connection, replace(wanted, period=around), limit, None, most_bytes)
            if found.items:
                return Found(found.items, None)
    return _page(connection, wanted, limit, place, most_bytes)


def _days_of(connection: Store, project: int, event_id: str) -> list[int]:
    """Return the days for which an id is remembered, with an index look-up for each day."""
    rows = connection.execute(
        "SELECT DISTINCT seen.day FROM totals JOIN seen_days ON seen_days.source = totals.source"
        " JOIN seen ON seen.source = seen_days.source AND seen.day = seen_days.day AND seen.id = ?"
        " WHERE totals.project = ? ORDER BY seen.day DESC",
        (compact(event_id), project),
    )
    return [day for (day,) in rows]


def _page(
    connection: Store, wanted: Wanted, limit: int, place: Place | None, most_bytes: int
) -> Found:
    items: list[Shown] = []
    size, reached = 0, None
    for seen, (at, row) in enumerate(_matching(connection, wanted, place), 1):
        if row is not None:
            # Checked before it is read: the page ends here, and the next one begins with this
            # event.
            if len(items) == limit or size >= most_bytes:
                return Found(items, reached)
            items.append(_shown(connection, row))
            size += len(items[-1].data.text) + len(items[-1].metadata.text) + EVENT_BYTES
        reached = at
        if seen >= MAX_EVENTS_EXAMINED:
            return Found(items, reached)
    return Found(items, None)


def _matching(
    connection: Store, wanted: Wanted, after: Place | None
) -> Iterator[tuple[Place, int | None]]:
    """Yield the place of each row examined, and its id if it is wanted."""
    walk, values = walk_of(wanted)
    width = len(walk.by)
    named = walk is BY_USER and wanted.type is not None
    for row in walk.rows(connection, values, wanted.period, after):
        source, session, event = row[width:]
        passes = (
            (wanted.source is None or source == wanted.source)
            and (wanted.session_id is None or session == wanted.session_id)
            and (wanted.event_id is None or event == wanted.event_id)
            and (not named or row[1] == wanted.type)
        )
        place = row[:width]
        yield place, place[-1] if passes else None


def _shown(connection: Store, key: int) -> Shown:
    """Read an event; its data goes out as the stored text."""
    row = connection.execute(
        "SELECT id, source, type, event_id, user_id, session_id, ts, received, late,"  # noqa: S608
        f" {connection.event_parts} FROM events WHERE id = ?",
        (key,),
    ).fetchone()
    times = moment(row[6]), moment(row[7])
    shown: list[Any] = [*row[:6], *times, bool(row[8]), Stored(row[9]), Stored(row[10])]
    return Shown(*shown)
