"""The days that a report is about, and the query for the events of a project in them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Connection, Select, select

from ..events.catalogue.jobs import JobOutput, JobProgressed
from ..events.models import EventRow
from ..frozen import frozen

CHATTER_TYPES = (JobOutput.type, JobProgressed.type)

Query = Select[*tuple[Any, ...]]

#: By how much the clock may have been set back while the log was written.
CLOCK_SLACK = timedelta(days=1)


@frozen
class Period:
    """Whole days in UTC, the first and the last included."""

    first: date
    last: date

    @classmethod
    def ending(cls, now: datetime, days: int) -> Period:
        """Return the days up to the one that `now` is in."""
        last = now.astimezone(UTC).date()
        return cls(last - timedelta(days=days - 1), last)

    @property
    def days(self) -> list[date]:
        """Return each day."""
        count = (self.last - self.first).days + 1
        return [self.first + timedelta(days=number) for number in range(count)]

    @property
    def start(self) -> datetime:
        """Return the midnight that it begins with."""
        return datetime.combine(self.first, time(), UTC)

    @property
    def end(self) -> datetime:
        """Return the midnight that it ends before."""
        return datetime.combine(self.last + timedelta(days=1), time(), UTC)


@frozen
class Scope:
    """What is reported on, and the connection to read it through."""

    connection: Connection
    project_id: int
    period: Period
    #: Events with ids up to this one are older than the period.
    after: int = 0

    @classmethod
    def of(cls, connection: Connection, project_id: int, period: Period) -> Scope:
        """Find where in the log the period begins.

        Ids follow commits, and times nearly so: a writer reads the clock before it waits for its
        turn, and clocks are set. Hence the slack.
        """
        older = select(EventRow.id).where(EventRow.time < period.start - CLOCK_SLACK)
        last = connection.scalar(older.order_by(EventRow.time.desc()).limit(1))
        return cls(connection, project_id, period, last or 0)

    def events(self, *columns: Any) -> Query:
        """Return the query for columns of the project's events in the period.

        What a running job says while it works would drown everything else.
        """
        mine = select(*columns).where(EventRow.project_id == self.project_id)
        return self.within(mine.where(EventRow.type.not_in(CHATTER_TYPES)))

    def within(self, query: Query) -> Query:
        """Return a query of events, narrowed to the period."""
        query = query.where(EventRow.id > self.after, EventRow.time >= self.period.start)
        return query.where(EventRow.time < self.period.end)

    def rows(self, query: Query) -> list[Any]:
        """Return all rows of a query."""
        return list(self.connection.execute(query))
