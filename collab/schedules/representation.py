"""A schedule as it is shown: its row, with what its jobs work on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from ..core.caller import Caller
from ..core.lists.reading import as_text
from ..extensions import db
from .models import Schedule
from .oversight import Outline, outlined


class Whole:
    """A schedule with what its jobs work on, for a schema to read."""

    def __init__(self, schedule: Schedule) -> None:
        self._schedule, self.payload = schedule, _payload_of(schedule)

    def __getattr__(self, name: str) -> Any:
        """Return a column of the schedule."""
        return getattr(self._schedule, name)


def as_seen(schedule: Schedule, caller: Caller) -> Whole | Outline:
    """Return a schedule with what its jobs work on, or the outline."""
    seen = outlined(schedule, caller)
    return seen if isinstance(seen, Outline) else Whole(seen)


def _payload_of(schedule: Schedule) -> Mapping[str, Any]:
    """Return what the jobs of a schedule work on, as the text that it is kept as."""
    if "payload" in vars(schedule):
        return schedule.payload
    query = select(as_text(Schedule.__table__.c.payload)).where(Schedule.id == schedule.id)
    found: Mapping[str, Any] = db.session.scalars(query).one()
    return found
