"""Sessions: what one user did without a long break, or under one session id."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from statistics import median

from ...frozen import frozen
from ..pipeline.engines.face import Store
from .periods import Period, Reach, moment, reach

#: Events that one request combines; if there are more, the newest.
MAX_SESSION_EVENTS = 200_000
DEFAULT_GAP_MINUTES = 30
MAX_SESSIONS_SHOWN = 1000

#: user, session id, time, type; the oldest first.
Row = tuple[str | None, str | None, int, str]


@dataclass(slots=True)
class Span:
    """A session being put together; times are milliseconds."""

    user_id: str | None
    session_id: str | None
    start: int
    end: int
    events: int
    first_type: str
    last_type: str


@frozen
class Session:
    """A session."""

    user_id: str | None
    session_id: str | None
    started_at: datetime
    ended_at: datetime
    seconds: int
    events: int
    first_type: str
    last_type: str


@frozen
class Sessions:
    """The sessions of a period: how many, how long, and the newest of them."""

    since: datetime
    until: datetime
    complete: bool
    gap_minutes: int
    sessions: int
    users: int
    events: int
    #: Events that have neither a user nor a session.
    unassigned: int
    median_seconds: float | None
    #: Sessions of a single event.
    single: int
    items: list[Session]


def find(
    connection: Store,
    project: int,
    period: Period,
    *,
    gap_minutes: int = DEFAULT_GAP_MINUTES,
    user_id: str | None = None,
    limit: int = 100,
) -> Sessions:
    """Return the sessions of a period; those of one user, or of everybody.

    A session that began before the period, or continues after it, is shown as far as it is in it.
    """
    if user_id is None:
        within, rows = _of_everybody(connection, project, period)
    else:
        within, rows = _of_user(connection, project, user_id, period)
    spans, unassigned = cut(rows, gap_minutes * 60_000)
    spans.sort(key=lambda one: (one.start, one.end), reverse=True)
    lengths = [one.end - one.start for one in spans]
    return Sessions(
        moment(within.period.start),
        moment(within.period.end),
        within.complete,
        gap_minutes,
        len(spans),
        len({one.user_id for one in spans} - {None}),
        sum(one.events for one in spans),
        unassigned,
        median(lengths) / 1000 if lengths else None,
        sum(one.events == 1 for one in spans),
        [_shown(one) for one in spans[:limit]],
    )


def cut(rows: Iterable[Row], gap_ms: int) -> tuple[list[Span], int]:
    """Combine events, the oldest first, into sessions; also returns how many belong to none.

    A session id is a session, however long its breaks. Without one, a user's events are a session
    as long as each comes within the gap of the one before.
    """
    named: dict[str, Span] = {}
    open_of: dict[str, Span] = {}
    ended: list[Span] = []
    unassigned = 0
    for user, session, ts, kind in rows:
        if session is not None:
            span = named.get(session)
        elif user is not None:
            span = open_of.get(user)
            if span is not None and ts - span.end > gap_ms:
                ended.append(span)
                span = None
        else:
            unassigned += 1
            continue
        if span is None:
            span = Span(user, session, ts, ts, 0, kind, kind)
            if session is not None:
                named[session] = span
            else:
                open_of[str(user)] = span
        span.end, span.last_type = ts, kind
        span.events += 1
        if user is not None:
            # In a session with an id, the user may have signed in only later.
            span.user_id = user
    return [*ended, *open_of.values(), *named.values()], unassigned


def _of_everybody(connection: Store, project: int, period: Period) -> tuple[Reach, Iterable[Row]]:
    within = reach(connection, project, period, MAX_SESSION_EVENTS)
    return within, connection.stream(
        "SELECT user_id, session_id, ts, type FROM events"
        " WHERE project = ? AND ts >= ? AND ts < ? ORDER BY ts",
        (project, within.period.start, within.period.end),
    )


def _of_user(
    connection: Store, project: int, user_id: str, period: Period
) -> tuple[Reach, Iterable[Row]]:
    """Return one user's events, from the covering index."""
    rows = connection.execute(
        "SELECT user_id, session_id, ts, type FROM events"
        " WHERE project = ? AND user_id = ? AND ts >= ? AND ts < ? ORDER BY ts DESC LIMIT ?",
        (project, user_id, period.start, period.end, MAX_SESSION_EVENTS + 1),
    ).fetchall()
    within = Reach(period, len(rows), True)
    if len(rows) > MAX_SESSION_EVENTS:
        # Events in the millisecond that was cut in two are left out.
        start = rows[-1][2] + 1
        rows = [row for row in rows if row[2] >= start]
        within = Reach(Period(start, period.end), len(rows), False)
    # Read from the end, so that the bound cuts off the oldest; combined from the beginning.
    return within, reversed(rows)


def _shown(span: Span) -> Session:
    return Session(
        span.user_id,
        span.session_id,
        moment(span.start),
        moment(span.end),
        round((span.end - span.start) / 1000),
        span.events,
        span.first_type,
        span.last_type,
    )
