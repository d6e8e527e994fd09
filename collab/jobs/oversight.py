"""What admins know about people's own jobs: an outline, so that somebody can always stop them.

What a job works on, reports and made stays private: as in the audit, an admin sees that there is
one, its type, its owner and how it is going.
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
from .models import ACCOUNT_DISABLED, Job

#: What replaces the text of an error, which may quote what the job worked on.
WITHHELD_WORDS = "The words are its owner's to read."


class Outline:
    """A job's row without its owner's private data, for a schema to read."""

    withheld = True
    payload = result = output = progress_message = None

    def __init__(self, job: Job) -> None:
        self._job = job

    def __getattr__(self, name: str) -> Any:
        """Return a column of the job."""
        return getattr(self._job, name)

    @property
    def error(self) -> dict[str, Any] | None:
        """Return the error's code, with words only where they are the service's own."""
        told = self._job.error
        if told is None or told["code"] == ACCOUNT_DISABLED:
            return told
        return {"code": told["code"], "message": WITHHELD_WORDS}

    @property
    def etag(self) -> str:
        """The entity tag's text: different from that of the whole job."""
        return entity_tag("Outline", self._job.etag)


def row_of(job: Job | Outline) -> Job:
    """Return the row of an outline."""
    return job._job if isinstance(job, Outline) else job


def outlined(job: Job, caller: Caller) -> Job | Outline:
    """Return a job of a list as the caller may see it."""
    withheld = job.project_id is None and job.owner_id != caller.user_id
    return Outline(job) if withheld else job


def load(job_id: int, caller: Caller, *, can: Right = Right.READ) -> Job | Outline:
    """Return a job for its readers, or the outline of somebody's own for an admin.

    An admin may also cancel what they see so. Raises NotFound and Forbidden; takes the writer's
    lock first for a change, as `access.load` does.
    """
    try:
        return access.load(Job, job_id, caller, can=can)
    except NotFound:
        if not caller.is_admin:
            raise
    if can is not Right.READ:
        take_write_lock()
    job = db.session.get(Job, job_id, populate_existing=True)
    # A project's job is stopped by the project's own people; an admin is none of them by their
    # role.
    if job is None or job.project_id is not None:
        raise NotFound()
    return Outline(job)
