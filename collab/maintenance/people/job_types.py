"""The job types `export` and `erase`."""

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
from ...jobs.models import ERASE_TYPE
from ...jobs.registry import job_type
from . import erasing, exporting, keeping

#: Seconds that an export may take: some GiB of files.
EXPORT_TIMEOUT_S = 1800
EXPORT_ATTEMPTS = 3
#: Exports that one process makes at once: so workers remain for other people's jobs.
EXPORTS_AT_ONCE = 2
#: Seconds of one run of an erasure; the next one goes on where it ended.
ERASE_TIMEOUT_S = 3600
#: Half an hour of checks whether somebody still reads the erased data; then another job is made.
ERASE_ATTEMPTS = 20


class ExportIn(Schema):
    """Nothing: it exports the data of the job's owner."""


def _refuse_export(payload: dict[str, Any], project_id: int | None, caller: Caller) -> None:
    """Refuse it except at its own address, where there is one at a time."""
    raise invalid("type", "Order your export with POST auth/me/export.")


@job_type(
    keeping.EXPORT_TYPE,
    payload=ExportIn,
    timeout_s=EXPORT_TIMEOUT_S,
    max_attempts=EXPORT_ATTEMPTS,
    admit=_refuse_export,
    at_once=lambda: EXPORTS_AT_ONCE,
    owed=True,
    alone=True,
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


class EraseIn(Schema):
    """Nothing: it erases the job's owner."""


def _refuse_erase(payload: dict[str, Any], project_id: int | None, caller: Caller) -> None:
    """Refuse it to everybody: an erasure needs proof, and begins elsewhere."""
    raise invalid("type", "Only the server makes these jobs: DELETE auth/me, or users/{id}.")


@job_type(
    ERASE_TYPE,
    payload=EraseIn,
    timeout_s=ERASE_TIMEOUT_S,
    max_attempts=ERASE_ATTEMPTS,
    admit=_refuse_erase,
    # Side by side, the first would end later.
    at_once=lambda: 1,
    tells=False,
)
def erase(ctx: JobContext, payload: dict[str, Any]) -> None:
    """Erase an account and its own data; only the server makes these jobs."""
    while erasing.step(ctx.owner_id, ctx.progress):
        ctx.check()
    if erasing.goes_on(ctx.owner_id):
        raise JobError("read_meanwhile", "Something still reads an older state of what is erased.")
