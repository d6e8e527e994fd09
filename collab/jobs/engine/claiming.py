"""Which job goes next, and claiming it, by one conditional UPDATE.

People take turns, so that nobody's thousand jobs hold back another's one; among one person's jobs
the higher priority goes first, then the older one.

No step here walks over waiting jobs: a person's next one is the first entry of an index, however
many follow it.
"""

from __future__ import annotations

import heapq
from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    bindparam,
    exists,
    func,
    literal_column,
    null,
    select,
    tuple_,
    type_coerce,
    union_all,
    update,
)

from ...auth.models import User
from ...core.compiled import Compiled
from ...core.database.functions import numbers
from ...core.json import dumps
from ...core.models import Id, UtcDateTime
from ...extensions import db
from ...frozen import frozen
from .. import registry
from ..models import ERASE_TYPE, QUEUED, RETRY_WAIT, RUNNING, Job
from .fairness import FairTurns

JOB_COLUMNS = Job.__table__.c
#: Higher than any rank, which is a priority with its sign inverted.
MAX_RANK = 2**62
IS_READY = (JOB_COLUMNS.status == literal_column("'queued'")) & JOB_COLUMNS.due_at.is_(None)


@frozen
class Claimed:
    """A job that this worker runs; `token` fences its writes."""

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


def promote(now: datetime) -> None:
    """Make due jobs ready: delayed ones, and those that wait for a retry."""
    db.session.connection().execute(PROMOTE_DUE, {"now": now})


CLAMP_RETRIES = (
    update(Job.__table__)  # type: ignore[arg-type]
    .where(
        JOB_COLUMNS.status == RETRY_WAIT,
        JOB_COLUMNS.due_at > bindparam("latest", type_=UtcDateTime()),
    )
    .values(due_at=bindparam("latest", type_=UtcDateTime()), version=JOB_COLUMNS.version + 1)
)


def clamp_retries(now: datetime, longest: timedelta) -> None:
    """Shorten waits longer than any retry's: the clock was set back after they were set."""
    db.session.connection().execute(CLAMP_RETRIES, {"latest": now + longest})


# -- choosing -------------------------------------------------------------------------------------


@frozen
class Waiting:
    """What is waiting: whose jobs of which types are ready, and when the next other one is due."""

    lines: list[tuple[int, str]]
    next_due: datetime | None


def _waiting() -> Any:
    """Build the query for what waits: one index seek for each person and type, and one more."""
    place = (JOB_COLUMNS.owner_id, JOB_COLUMNS.type)
    head = select(JOB_COLUMNS.id).where(IS_READY).order_by(*place).limit(1)
    line = select(*place)
    first = line.where(JOB_COLUMNS.id == head.correlate(None).scalar_subquery())
    lines = first.cte("lines", recursive=True)
    # Past the last possible rank, since SQLite begins at equal entries and walks from there. And an
    # expression instead of the type, or it would not look it up in the index.
    last = tuple_(lines.c.owner_id, lines.c.type + "", literal_column(str(MAX_RANK)))
    after = head.where(tuple_(*place, JOB_COLUMNS.rank) > last)
    next_head = after.correlate(lines).scalar_subquery()
    lines = lines.union_all(line.join(lines, JOB_COLUMNS.id == next_head))
    # Disabling cancels all waiting jobs: this holds even if something else ever leaves one behind.
    disabled = exists().where(User.id == lines.c.owner_id, User.disabled_at.is_not(None))
    stays = disabled & (lines.c.type != literal_column(f"'{ERASE_TYPE}'"))
    due = func.min(JOB_COLUMNS.due_at)
    next_due = select(type_coerce(null(), Id).label("owner_id"), null().label("type"), due)
    next_due = next_due.where(JOB_COLUMNS.due_at.is_not(None))
    ready = select(lines.c.owner_id, lines.c.type, null()).where(~stays)
    return union_all(next_due, ready)


WAITING_LINES = Compiled(_waiting())
NEXT_OF_LINE = Compiled(
    select(JOB_COLUMNS.id, JOB_COLUMNS.type, JOB_COLUMNS.rank)
    .where(
        IS_READY,
        JOB_COLUMNS.owner_id == bindparam("owner", type_=Id),
        JOB_COLUMNS.type == bindparam("type"),
    )
    .order_by(JOB_COLUMNS.rank, JOB_COLUMNS.id)
    .limit(bindparam("limit"))
)


def look() -> Waiting:
    """Return what waits."""
    rows = WAITING_LINES.all({})
    due = next(due for owner_id, _, due in rows if owner_id is None)
    return Waiting([(one.owner_id, one.type) for one in rows if one.owner_id is not None], due)


def choose(
    turns: FairTurns, lines: Iterable[tuple[int, str]], served: Collection[str] | None = None
) -> list[int]:
    """Return the ids of the next jobs from some queues, as many as there is room for.

    Only `served` types count; None: all.
    """
    kinds = [kind for kind in registry.all_types() if served is None or kind.name in served]
    types = {kind.name for kind in kinds if not turns.is_full(kind)}
    # People who wait only for other types must not block those after them.
    waiting: dict[int, list[str]] = defaultdict(list)
    for owner_id, kind in lines:
        if kind in types:
            waiting[owner_id].append(kind)
    # Enough per person that one alone could fill the pool, for at most as many people as jobs.
    most = turns.most()
    people = sorted(waiting, key=turns.order)[:most]
    return list(_deal({who: _next_jobs(who, waiting[who], most) for who in people}, turns))


def _next_jobs(owner_id: int, types: Collection[str], most: int) -> deque[Any]:
    """Return a person's next jobs of some types, in their order."""
    values = {"owner": owner_id, "limit": most}
    lines = [NEXT_OF_LINE.all(values | {"type": kind}) for kind in types]
    return deque(heapq.merge(*lines, key=lambda job: (job.rank, job.id)))


def _deal(lines: dict[int, deque[Any]], turns: FairTurns) -> Iterator[int]:
    """Take jobs from people's queues in turn."""
    while lines:
        who = min(lines, key=turns.order)
        line = lines[who]
        # Skipped, not waited for: a full type must not hold up a person's other jobs.
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
#: The token grows with each claim: an earlier holder of the job changes nothing from here on.
CLAIM_READY = Compiled(
    update(Job.__table__)  # type: ignore[arg-type]
    .where(JOB_COLUMNS.id.in_(numbers("ids")), IS_READY)
    .values(
        status=RUNNING,
        # Counted at the claim: a run that kills its process counts as an attempt.
        attempt=JOB_COLUMNS.attempt + 1,
        lease_owner=bindparam("worker"),
        lease_token=JOB_COLUMNS.lease_token + 1,
        lease_until=bindparam("until", type_=UtcDateTime()),
        heartbeat_at=bindparam("now", type_=UtcDateTime()),
        started_at=bindparam("now", type_=UtcDateTime()),
        updated_at=bindparam("now", type_=UtcDateTime()),
        # The progress of an earlier attempt says nothing about this one.
        progress=null(),
        progress_message=null(),
        version=JOB_COLUMNS.version + 1,
    )
    .returning(*claimed_columns(JOB_COLUMNS.payload))
)


def claim(ids: Sequence[int], worker: str, now: datetime, lease: timedelta) -> list[Claimed]:
    """Take jobs for a worker; returns those that were still there to take, in the same order."""
    values = {"ids": dumps(ids).decode(), "worker": worker, "now": now, "until": now + lease}
    rows = CLAIM_READY.run(db.session.connection(), values)
    place = {key: number for number, key in enumerate(ids)}
    return sorted((Claimed.of(row) for row in rows), key=lambda job: place[job.id])
