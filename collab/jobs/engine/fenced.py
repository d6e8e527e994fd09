"""Changes to running jobs: only the worker that holds them makes them, by the lease token."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import bindparam, literal_column, select, update

from ...core.compiled import Compiled
from ...core.database import take_write_lock
from ...core.database.functions import numbers
from ...core.json import dumps
from ...core.models import Id, UtcDateTime, utcnow
from ...extensions import db
from ..models import CANCELLED, RUNNING, SUCCEEDED, Job
from .claiming import Claimed

JOB_COLUMNS = Job.__table__.c
IS_HELD = (
    (JOB_COLUMNS.id == bindparam("held_id", type_=Id))
    & (JOB_COLUMNS.status == literal_column("'running'"))
    & (JOB_COLUMNS.lease_token == bindparam("held_token", type_=Id))
)


STILL_HELD = Compiled(
    select(JOB_COLUMNS.id, JOB_COLUMNS.lease_token)
    .where(JOB_COLUMNS.id.in_(numbers("ids")), JOB_COLUMNS.status == RUNNING)
    .where(JOB_COLUMNS.cancel_requested.is_(False))
    .with_for_update()
)


#: By the owner's name, all at once: one statement, however many jobs are running there.
RENEW_LEASES = (
    update(Job.__table__)  # type: ignore[arg-type]
    .where(JOB_COLUMNS.lease_owner == bindparam("worker"), JOB_COLUMNS.status == RUNNING)
    .values(
        heartbeat_at=bindparam("now", type_=UtcDateTime()),
        lease_until=bindparam("until", type_=UtcDateTime()),
        version=JOB_COLUMNS.version + 1,
    )
)


def renew(worker: str, now: datetime, until: datetime) -> None:
    """Renew the leases on all jobs that a worker runs."""
    changed = {"worker": worker, "now": now, "until": until}
    db.session.connection().execute(RENEW_LEASES, changed)


def held(jobs: Sequence[Claimed]) -> dict[tuple[int, int], Claimed]:
    """Return those of many jobs that their worker still holds, and that nobody has cancelled.

    The answer holds until the commit, as only this transaction writes. A single job is not looked
    up: its UPDATE shows.
    """
    # For one, the look-up would cost as much as the change that it saves.
    if len(jobs) < 2:
        return {}
    take_write_lock()
    found = STILL_HELD.all({"ids": dumps([job.id for job in jobs]).decode()})
    held = {(row.id, row.lease_token) for row in found}
    return {key: job for job in jobs if (key := (job.id, job.token)) in held}


def succeed(jobs: Collection[Claimed], now: datetime) -> None:
    """Record success for jobs that `held` has returned."""
    values = dict.fromkeys(SUCCEEDED_COLUMNS) | {"status": SUCCEEDED, "progress": 1.0}
    values |= {"finished_at": now, "updated_at": now}
    rows = [values | {"held_id": job.id, "held_token": job.token} for job in jobs]
    if rows:
        _SUCCEED.run_many(db.session.connection(), rows)


def change(job: Claimed, status: str, *, unless_cancelled: bool = False, **values: Any) -> bool:
    """Change a job's row if this worker still holds it; returns whether it does."""
    if status != RUNNING:
        # A job that is not running has no lease, or the sweeper would find it expired.
        values |= {"lease_owner": None, "lease_until": None}
    values |= {"status": status, "updated_at": utcnow()}
    # The column is part of the condition: a cancel between a look and this write is not lost.
    guarded = unless_cancelled and status != CANCELLED
    statement = _change_of_one(tuple(sorted(values)), guarded)
    parameters = values | {"held_id": job.id, "held_token": job.token}
    return bool(statement.run(db.session.connection(), parameters))


@lru_cache(maxsize=64)
def _change_of_one(columns: tuple[str, ...], guarded: bool) -> Compiled:
    """Build, once for each set of columns, the change of a job, which returns its id."""
    return Compiled(_update(columns, guarded).returning(JOB_COLUMNS.id))


def _update(columns: tuple[str, ...], guarded: bool) -> Any:
    """Build the UPDATE that the lease's token fences."""
    statement = update(Job.__table__).where(IS_HELD)  # type: ignore[arg-type]
    if guarded:
        statement = statement.where(JOB_COLUMNS.cancel_requested.is_(False))
    new = {name: bindparam(name, type_=JOB_COLUMNS[name].type) for name in columns}
    return statement.values(version=JOB_COLUMNS.version + 1, **new)


#: What changes of a job that has succeeded.
SUCCEEDED_COLUMNS = (
    *("error", "finished_at", "lease_owner", "lease_until", "progress", "status", "updated_at"),
)
_SUCCEED = Compiled(_update(SUCCEEDED_COLUMNS, guarded=True))
