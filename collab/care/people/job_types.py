"""The job type `export`."""

from __future__ import annotations

from typing import Any

from ...auth.models import User
from ...core.caller import Caller
from ...core.errors import DiskFull, invalid
from ...core.models import utcnow
from ...core.personal.declared import Subject
from ...core.schemas import Schema
from ...core.storage.free_space import is_full
from ...core.text import times
from ...extensions import db
from ...jobs.context import JobContext, JobError, Result
from ...jobs.registry import job_type
from . import exporting, keeping

#: Seconds that an export may take: some GiB of files.
EXPORT_TIMEOUT_S = 1800
EXPORT_ATTEMPTS = 3
#: Exports that one process makes at once: others' jobs keep workers.
EXPORTS_AT_ONCE = 2


class ExportIn(Schema):
    """Nothing: it is the export of whose job it is."""


def _refuse_export(payload: dict[str, Any], project_id: int | None, caller: Caller) -> None:
    """Refuse it but at its own address, where there is one at a time."""
    raise invalid("type", "Order your export by POST auth/me/export.")


@job_type(
    keeping.EXPORT_TYPE,
    payload=ExportIn,
    timeout_s=EXPORT_TIMEOUT_S,
    max_attempts=EXPORT_ATTEMPTS,
    admit=_refuse_export,
    at_once=lambda: EXPORTS_AT_ONCE,
    owed=True,
)
def export(ctx: JobContext, payload: dict[str, Any]) -> Result:
    """Put together all that is kept of you; ordered, and fetched, at `auth/me/export`."""
    user = db.session.get_one(User, ctx.owner_id)
    whom = Subject(user.id, user.email, user.name)
    db.session.rollback()
    try:
        with keeping.new_file(ctx) as file:
            counts = exporting.write(file, whom, ctx)
            size = file.tell()
    except (DiskFull, OSError) as error:
        if isinstance(error, OSError) and not is_full(error):
            raise
        raise JobError("disk_full", "The server's disk has no room for it now.") from None
    told = {"size": size, "rows": counts.rows, "files": counts.files}
    return Result(told | {"deleted_at": times.write(utcnow() + keeping.life())})
