"""Reading a project's events and numbers from the store."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from ...core.errors import Unprocessable
from ...core.lists.paging import Page
from ...core.lists.reading import PAGE_BYTES
from ...core.models import utcnow
from ...frozen import frozen
from ..store import in_stream, reader
from ..worker.supervisor import WORKER
from . import cohorts, events, funnels, health, latency, sessions, stats, walking
from .events import ALL_TIME, Wanted, walk_of
from .health import SourceHealth
from .periods import Period, milliseconds

#: How far back readings go by default.
DEFAULT_LENGTHS = {
    "minute": timedelta(hours=1),
    "hour": timedelta(days=1),
    "day": timedelta(days=30),
}
COHORT_LENGTHS = {"day": timedelta(days=13), "week": timedelta(weeks=7)}
A_DAY = timedelta(days=1)
A_WEEK = timedelta(days=7)


def list_events(
    project: int,
    *,
    limit: int,
    cursor: str | None,
    since: datetime | None,
    until: datetime | None,
    **filters: Any,
) -> Page:
    """Return a page of events, newest first; raises Malformed."""
    start = ALL_TIME.start if since is None else milliseconds(since)
    end = ALL_TIME.end if until is None else milliseconds(until)
    wanted = Wanted(project=project, period=Period(start, end), **filters)
    # Before a connection is borrowed: a bad cursor is refused without one.
    walk, _ = walk_of(wanted)
    place = walking.place_of(walk, cursor)
    with reader() as connection:
        found = events.find(connection, wanted, limit, place, PAGE_BYTES)
    return Page(found.items, walking.cursor_of(walk, found.next))


def count(
    project: int,
    *,
    bucket: str,
    since: datetime | None,
    until: datetime | None,
    **filters: Any,
) -> stats.Stats:
    """Count events by minute, hour or day; raises Unprocessable for too much at once."""
    period = Period.between(since, until, utcnow(), DEFAULT_LENGTHS[bucket])
    with reader() as connection:
        try:
            return stats.count(connection, project, period, bucket, **filters)
        except stats.TooMuch as error:
            raise _too_long(str(error)) from None


def measure(
    project: int, *, bucket: str, since: datetime | None, until: datetime | None, source: int | None
) -> latency.Latency:
    """Return how long storing took; raises Unprocessable for too much."""
    period = Period.between(since, until, utcnow(), DEFAULT_LENGTHS[bucket])
    with reader() as connection:
        try:
            return latency.measure(connection, project, period, bucket, source)
        except stats.TooMuch as error:
            raise _too_long(str(error)) from None


def _too_long(detail: str) -> Unprocessable:
    """Make the 422 for a period that has too much in it."""
    return Unprocessable(detail, pointer="#/query/since")


def find_sessions(
    project: int, *, since: datetime | None, until: datetime | None, **options: Any
) -> sessions.Sessions:
    """Return the sessions in a period, by default the last day."""
    period = Period.between(since, until, utcnow(), A_DAY)
    with reader() as connection:
        return sessions.find(connection, project, period, **options)


def find_funnel(
    project: int,
    *,
    steps: list[str],
    window_s: int,
    since: datetime | None,
    until: datetime | None,
) -> funnels.Funnel:
    """Return how far users got through some steps, by default in the last week."""
    period = Period.between(since, until, utcnow(), A_WEEK)
    with reader() as connection:
        return funnels.find(connection, project, period, steps, window_s)


def find_retention(
    project: int, *, unit: str, since: datetime | None, until: datetime | None
) -> cohorts.Retention:
    """Return how many new users came again; raises Unprocessable for too long a period."""
    period = Period.between(since, until, utcnow(), COHORT_LENGTHS[unit])
    width, first = cohorts.UNITS[unit]
    whole = period.aligned(width, first)
    if (whole.end - whole.start) // width > cohorts.MAX_PERIODS[unit]:
        most = cohorts.MAX_PERIODS[unit]
        raise _too_long(f"That is more than {most} {unit}s: narrow the time range.")
    with reader() as connection:
        return cohorts.find(connection, project, period, unit)


@frozen
class Shown:
    """The health of some sources, and the state of the worker."""

    worker: str
    health: health.Health

    @property
    def sources(self) -> list[SourceHealth]:
        """Return the sources that are listed; `balanced` covers all."""
        return self.health.sources[: health.MAX_SOURCES_TOLD]

    def __getattr__(self, name: str) -> Any:
        """Return what the health shows."""
        return getattr(self.health, name)


def examine(project: int | None) -> Shown:
    """Return the health of a project's pipeline, or of all projects'."""
    with reader() as connection:
        stream = in_stream(connection)
        found = health.examine(connection, milliseconds(utcnow()), project, stream)
        noted = stream.trouble or health.worker_note(connection)
    state = WORKER.here().state
    return Shown(state if noted == "ok" or state != "ok" else noted, found)
