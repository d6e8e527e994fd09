"""Which job goes next, and taking it: by one conditional UPDATE.

People take turns, so that nobody's thousand jobs hold back another's one; among one person's jobs
the higher priority goes first, then the older one. No step here walks over waiting jobs: the
person's next one is the first entry of an index, however many stand behind it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import bindparam, exists, func, literal_column, null, select, union_all, update

from ...auth.models import User
from ...core.compiled import Compiled
from ...core.models import Id, UtcDateTime
from ...extensions import db
from .. import registry
from ..models import QUEUED, RETRY_WAIT, RUNNING, Job
from .fairness import FairTurns

JOB_COLUMNS = Job.__table__.c
IS_READY = (JOB_COLUMNS.status == literal_column("'queued'")) & JOB_COLUMNS.due_at.is_(None)


@dataclass(frozen=True)
class Claimed:
    """A job that this worker runs; `token` is what its writes are fenced by."""

    id: int
    type: str
    owner_id: int
    project_id: int | None
    payload: dict[str, Any]
    attempt: int
    attempts_forgiven: int
    max_attempts: int
    timeout_s: int
    token: int
    started_at: datetime
    worker: str
    trace: str | None

    @classmethod
    def of(cls, row: Any) -> Claimed:
        """Make it from a row whose columns have these names."""
        return cls(**row._mapping)

    @property
    def spent(self) -> bool:
        """Return whether this attempt was the last one."""
        return self.attempt - self.attempts_forgiven >= self.max_attempts


def claimed_columns(payload: Any) -> tuple[Any, ...]:
    """Return the columns that `Claimed.of` reads, with what stands for the payload."""
    return (
        JOB_COLUMNS.id,
        JOB_COLUMNS.type,
        JOB_COLUMNS.owner_id,
        JOB_COLUMNS.project_id,
        payload,
        JOB_COLUMNS.attempt,
        JOB_COLUMNS.attempts_forgiven,
        JOB_COLUMNS.max_attempts,
        JOB_COLUMNS.timeout_s,
        JOB_COLUMNS.lease_token.label("token"),
        JOB_COLUMNS.started_at,
        JOB_COLUMNS.lease_owner.label("worker"),
        JOB_COLUMNS.trace,
    )


# -- promotion ------------------------------------------------------------------------------------

NEXT_DUE = Compiled(
    select(func.min(JOB_COLUMNS.due_at).label("due_at")).where(JOB_COLUMNS.due_at.is_not(None))
)
PROMOTE_DUE = (
    update(Job.__table__)  # type: ignore[arg-type]
    .where(JOB_COLUMNS.due_at <= bindparam("now", type_=UtcDateTime()))
    .values(
        status=QUEUED,
        due_at=null(),
        version=JOB_COLUMNS.version + 1,
        updated_at=bindparam("now", type_=UtcDateTime()),
    )
)


def next_due() -> datetime | None:
    """Return when the next waiting job is due."""
    due: datetime | None = NEXT_DUE.one({}).due_at
    return due


def promote(now: datetime) -> None:
    """Make ready what is due: delayed jobs, and those that wait for a retry."""
    db.session.connection().execute(PROMOTE_DUE, {"now": now})


def clamp_retries(now: datetime, longest: timedelta) -> None:
    """Shorten waits longer than any retry's: the clock was set back after they were set."""
    far = update(Job).where(Job.status == RETRY_WAIT, Job.due_at > now + longest)
    db.session.execute(far.values(due_at=now + longest, version=Job.version + 1))


# -- choosing -------------------------------------------------------------------------------------


def _waiting_people() -> Any:
    """Build the query for everybody with a ready job: one index seek a person."""
    first = select(func.min(JOB_COLUMNS.owner_id).label("id")).where(IS_READY)
    people = first.cte("people", recursive=True)
    following = select(func.min(JOB_COLUMNS.owner_id)).where(
        IS_READY, people.c.id < JOB_COLUMNS.owner_id
    )
    people = people.union_all(
        select(following.correlate(people).scalar_subquery()).where(people.c.id.is_not(None))
    )
    # Disabling cancels all that waits: this holds whatever else may ever leave a job behind.
    disabled = exists().where(User.id == people.c.id, User.disabled_at.is_not(None))
    return select(people.c.id).where(people.c.id.is_not(None), ~disabled)


WAITING_PEOPLE = Compiled(_waiting_people())


@lru_cache(maxsize=64)
def _heads(types: tuple[str, ...]) -> Compiled:
    """Build the query for a person's next jobs of some types."""
    parts = [
        select(JOB_COLUMNS.id, JOB_COLUMNS.type, JOB_COLUMNS.rank)
        .where(
            IS_READY, JOB_COLUMNS.owner_id == bindparam("owner", type_=Id), JOB_COLUMNS.type == kind
        )
        .order_by(JOB_COLUMNS.rank, JOB_COLUMNS.id)
        .limit(bindparam("limit"))
        .subquery()
        for kind in types
    ]
    every = union_all(*(select(part) for part in parts)).subquery()
    return Compiled(select(every).order_by(every.c.rank, every.c.id))


def choose(turns: FairTurns, served: Collection[str] | None = None) -> list[int]:
    """Return the ids of the jobs that go next, as many as there is room for.

    They are of the types that are `served`; None: of all.
    """
    waiting = sorted((one.id for one in WAITING_PEOPLE.all({})), key=turns.order)
    kinds = [kind for kind in registry.all_types() if served is None or kind.name in served]
    types = tuple(kind.name for kind in kinds if not turns.is_full(kind))
    if not waiting or not types:
        return []
    # Enough per person that one alone could fill the pool, for at most as many people as jobs.
    lines: dict[int, deque[Any]] = {}
    values = {"limit": turns.most()}
    for who in waiting:
        if len(lines) >= values["limit"]:
            break
        # Whoever waits for other types only must not block those after them.
        if line := _heads(types).all(values | {"owner": who}):
            lines[who] = deque(line)
    return list(_deal(lines, turns))


def _deal(lines: dict[int, deque[Any]], turns: FairTurns) -> Iterator[int]:
    """Take jobs from people's lines in turn."""
    while lines:
        who = min(lines, key=turns.order)
        line = lines[who]
        # Passed and not waited for: a full type must not hold up a person's other jobs.
        while line and turns.is_full(registry.require(line[0].type)):
            line.popleft()
        if not line or not turns.has_room(who, line[0].type):
            del lines[who]
            continue
        job = line.popleft()
        turns.take(who, job.type)
        yield job.id


# -- claiming -------------------------------------------------------------------------------------

#: A job that was cancelled, or taken by another process, since it was chosen is not ready any more.
#: The token grows with each claim: whoever held the job before it changes nothing from here on.
CLAIM_READY = (
    update(Job.__table__)  # type: ignore[arg-type]
    .where(JOB_COLUMNS.id.in_(bindparam("ids", expanding=True)), IS_READY)
    .values(
        status=RUNNING,
        # Counted at the claim: a run that kills its process has been an attempt.
        attempt=JOB_COLUMNS.attempt + 1,
        lease_owner=bindparam("worker"),
        lease_token=JOB_COLUMNS.lease_token + 1,
        lease_until=bindparam("until", type_=UtcDateTime()),
        heartbeat_at=bindparam("now", type_=UtcDateTime()),
        started_at=bindparam("now", type_=UtcDateTime()),
        updated_at=bindparam("now", type_=UtcDateTime()),
        # What an earlier attempt had reached says nothing of this one.
        progress=null(),
        progress_message=null(),
        version=JOB_COLUMNS.version + 1,
    )
    .returning(*claimed_columns(JOB_COLUMNS.payload))
)


def claim(ids: Sequence[int], worker: str, now: datetime, lease: timedelta) -> list[Claimed]:
    """Take jobs for a worker; returns those that were still there to take, in the same order."""
    values = {"ids": list(ids), "worker": worker, "now": now, "until": now + lease}
    rows = db.session.connection().execute(CLAIM_READY, values).all()
    place = {key: number for number, key in enumerate(ids)}
    return sorted((Claimed.of(row) for row in rows), key=lambda job: place[job.id])
