"""Who sees which rows of the log, by their present rights."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from ..core.caller import Caller
from ..events.topics import open_to_all
from ..extensions import db
from ..jobs.models import Job
from ..projects import access
from ..projects.models import Member
from .privacy import withheld

#: How many of a person's newest own jobs their feed follows.
JOBS_FOLLOWED = 100


def jobs_followed(caller: Caller) -> list[int]:
    """Return the ids of the newest of the caller's jobs that are in no project."""
    mine = select(Job.id).where(Job.owner_id == caller.user_id, Job.project_id.is_(None))
    return list(db.session.scalars(mine.order_by(Job.id.desc()).limit(JOBS_FOLLOWED)))


#: Projects that are looked up one by one; past that, all of them are queried.
MAX_PROJECTS_ONE_BY_ONE = 20


class Sight:
    """What a person may see, as it was when this was made."""

    def __init__(self, caller: Caller) -> None:
        self._caller, self._own = caller, f"user:{caller.user_id}"
        self._member: dict[int, bool] = {}
        self._all: set[int] | None = None
        self._jobs = {f"job:{key}" for key in jobs_followed(caller)}

    def _is_member(self, project_id: int) -> bool:
        """Return whether they are in a project; many are looked up all at once."""
        if self._all is None and project_id not in self._member:
            one = access.projects_of(self._caller)
            if len(self._member) < MAX_PROJECTS_ONE_BY_ONE:
                one = one.where(Member.project_id == project_id)
                self._member[project_id] = db.session.scalar(one) is not None
            else:
                self._all = {key for (key,) in db.session.connection().execute(one)}
        return project_id in self._all if self._all is not None else self._member[project_id]

    def sees(self, row: Any) -> bool:
        """Return whether they may know of a row: as a reader of its topic, or as an admin."""
        return self._caller.is_admin or self.reads(row)

    def reads(self, row: Any) -> bool:
        """Return whether they may read a row and all that it says."""
        if row.project_id is not None:
            return self._caller.is_admin or self._is_member(row.project_id)
        if open_to_all(row.topic) or row.topic == self._own or row.topic in self._jobs:
            return True
        if row.topic.startswith("job:"):  # an older one of their own: nobody else acts there
            return bool(row.actor == self._caller.user_id)
        return self._caller.is_admin and not withheld(row.topic, row.type, row.project_id)
