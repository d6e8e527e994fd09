"""Filters on the log: which rows somebody asks for."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from ..events.catalogue import canonical_type
from ..events.models import EventRow
from ..extensions import db
from ..frozen import frozen

#: Types that feeds leave out unless they are asked for by name: there are many such events.
NOISY_TYPES = (
    "file.edited",
    "job.output",
    "job.progressed",
    "notification.created",
    "notification.read",
)

#: How far the order of times may differ from the order of ids: a row's time is taken before its
#: writer waits for the lock, and a clock may be set back a little.
CLOCK_SKEW = timedelta(minutes=5)


@frozen(kw_only=True)
class Wanted:
    """A filter; None lets everything pass."""

    type: str | None = None
    actor: int | None = None
    topic: str | None = None
    project_id: int | None = None
    address: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    noise: bool = True

    def matches(self, row: Any) -> bool:
        """Return whether a row passes."""
        return (
            self._of_type(row.type)
            and (self.actor is None or row.actor == self.actor)
            and (self.topic is None or row.topic == self.topic)
            and (self.project_id is None or row.project_id == self.project_id)
            and (self.address is None or row.address == self.address)
            and (self.since is None or row.time >= self.since)
            and (self.until is None or row.time < self.until)
        )

    def _of_type(self, kind: str) -> bool:
        if self.type is None:
            return self.noise or kind not in NOISY_TYPES
        wanted = canonical_type(self.type)
        if kind == wanted:
            return True
        return kind.startswith(wanted + ".") and (self.noise or kind not in NOISY_TYPES)

    def columns(self) -> list[str]:
        """Return which columns decide; time and address, stored after the data, cost more."""
        needed = ["id", "topic", "type", "actor", "project_id"]
        if self.since or self.until:
            needed.append("time")
        return needed if self.address is None else [*needed, "address"]

    def bounds(self) -> tuple[int, int | None]:
        """Return the id after which, and the id before which, all wanted rows are."""
        after, before = 0, None
        if self.since is not None:
            early = _shifted(self.since, -CLOCK_SKEW)
            first = select(EventRow.id).where(EventRow.time >= early).order_by(EventRow.time)
            found = db.session.scalar(first.limit(1))
            after = _newest() if found is None else found - 1
        if self.until is not None:
            late = _shifted(self.until, CLOCK_SKEW)
            last = select(EventRow.id).where(EventRow.time < late).order_by(EventRow.time.desc())
            before = (db.session.scalar(last.limit(1)) or 0) + 1
        return after, before


def _newest() -> int:
    return db.session.scalar(select(EventRow.id).order_by(EventRow.id.desc()).limit(1)) or 0


def _shifted(moment: datetime, by: timedelta) -> datetime:
    try:
        return moment + by
    except OverflowError:  # at the ends of the calendar
        return moment
