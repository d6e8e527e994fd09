"""What admins know about people's own schedules: an outline, so that somebody can pause them.

As for jobs (`jobs/oversight.py`): its owner, its type, when it runs, and how it is going; its name
and what its jobs work on stay private.
"""

from __future__ import annotations

from typing import Any

from ..core.caller import Caller
from ..core.database import take_write_lock
from ..core.errors import NotFound
from ..core.models import entity_tag
from ..extensions import db
from ..projects import access
from ..projects.access import Right
from .models import Schedule


class Outline:
    """A schedule's row without its owner's private data, for a schema to read."""

    withheld = True
    name = payload = None

    def __init__(self, schedule: Schedule) -> None:
        self._schedule = schedule

    def __getattr__(self, name: str) -> Any:
        """Return a column of the schedule."""
        return getattr(self._schedule, name)

    @property
    def etag(self) -> str:
        """The entity tag's text: different from that of the whole schedule."""
        return entity_tag("Outline", self._schedule.etag)


def outlined(schedule: Schedule, caller: Caller) -> Schedule | Outline:
    """Return a schedule of a list as the caller may see it."""
    withheld = schedule.project_id is None and schedule.owner_id != caller.user_id
    return Outline(schedule) if withheld else schedule


def load(schedule_id: int, caller: Caller, *, can: Right = Right.READ) -> Schedule:
    """Return a schedule for its readers, or somebody's own for an admin, who sees an outline.

    Raises NotFound and Forbidden; takes the writer's lock first for a change.
    """
    try:
        return access.load(Schedule, schedule_id, caller, can=can)
    except NotFound:
        if not caller.is_admin:
            raise
    if can is not Right.READ:
        take_write_lock()
    found = db.session.get(Schedule, schedule_id, populate_existing=True)
    if found is None or found.project_id is not None:
        raise NotFound()
    return found
