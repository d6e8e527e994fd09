"""Periods, in whole milliseconds since 1970 UTC, and how they are divided."""

# ruff: noqa: S608  (SQL is only made from what is in here)

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from ...frozen import frozen
from ..pipeline.engines.face import Store
from ..pipeline.event import MAX_TIME_MS, MIN_TIME_MS

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
WEEK_MS = 7 * DAY_MS
#: 1970 began on a Thursday; weeks begin on Mondays (ISO 8601).
FIRST_MONDAY_MS = 4 * DAY_MS

UNIX_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def milliseconds(moment: datetime) -> int:
    """Return a moment as the store writes it."""
    return (moment - UNIX_EPOCH) // timedelta(milliseconds=1)


def moment(ms: int) -> datetime:
    """Return a stored time as a moment."""
    return UNIX_EPOCH + timedelta(milliseconds=ms)


def _possible(ms: int) -> int:
    return min(max(ms, MIN_TIME_MS), MAX_TIME_MS)


@frozen
class Period:
    """From `start` on, and before `end`."""

    start: int
    end: int

    @classmethod
    def between(
        cls, since: datetime | None, until: datetime | None, now: datetime, length: timedelta
    ) -> Period:
        """Return a period; by default it ends now, and begins this long before.

        It lies within the times that events can have.
        """
        end = _possible(milliseconds(until or now))
        start = milliseconds(since) if since else end - length // timedelta(milliseconds=1)
        return cls(_possible(start), end)

    def aligned(self, width: int, first: int = 0) -> Period:
        """Return the period that begins and ends with whole buckets of this width."""
        start = (self.start - first) // width * width + first
        end = -((first - self.end) // width) * width + first
        return Period(start, end)


@frozen
class Reach:
    """How far back a reading goes that examines no more than a number of events."""

    period: Period
    #: Events in it, as the roll-ups count them.
    events: int
    #: Whether that is everything requested.
    complete: bool


def reach(
    connection: Store,
    project: int,
    period: Period,
    most: int,
    types: Sequence[str] = (),
) -> Reach:
    """Return the newest part of a period that has at most `most` events, in whole minutes.

    It reads the roll-ups, newest first, and stops there: never more than `most` rows.
    """
    some = f" AND type IN ({', '.join('?' * len(types))})" if types else ""
    rows = connection.stream(
        "SELECT minute, events FROM minutes WHERE project = ? AND minute >= ? AND minute < ?"
        f"{some} ORDER BY minute DESC",
        (project, period.start // MINUTE_MS, -(-period.end // MINUTE_MS), *types),
    )
    found, inside, present = 0, 0, None
    for minute, events in rows:
        # A minute counts as a whole or not at all: each of several types may have a row in it.
        if minute != present:
            inside, present = found, minute
        found += events
        if found > most:
            cut = Period(max(period.start, (minute + 1) * MINUTE_MS), period.end)
            return Reach(cut, inside, False)
    return Reach(period, found, True)
