"""Recovering what others left: jobs of dead workers, and of those that stopped without dying.

A dead worker is known at once by its lock. One that is stopped (SIGSTOP, a frozen machine) still
has its lock, but no longer renews its leases: when a lease has not been renewed for its whole
length, by this process's own monotonic clock, it is over. No wall clock is compared with another,
so setting one neither steals a job nor strands one.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, literal, select, type_coerce

from ...extensions import db
from ..models import RUNNING
from .claiming import JOB_COLUMNS, Claimed, claimed_columns
from .lifecycle import NOT_BEGUN, WORKER_LOST, Ending, TransactionWrites, failure
from .worker_lock import AnyLock

logger = logging.getLogger(__name__)

#: Seconds between sweeps, where leases are not so short that they need more of them.
SWEEP_S = 5.0

#: These runs are only ended, so no payload is read.
NO_PAYLOAD = type_coerce(literal("{}"), JSON).label("payload")
HELD_JOBS = select(*claimed_columns(NO_PAYLOAD)).where(JOB_COLUMNS.status == RUNNING)
RUNNING_LEASES = select(
    JOB_COLUMNS.id, JOB_COLUMNS.lease_token, JOB_COLUMNS.lease_owner, JOB_COLUMNS.heartbeat_at
).where(JOB_COLUMNS.status == RUNNING)

#: A lease as it was seen: the job, the token, and the heartbeat.
Lease = tuple[int, int, datetime | None]

WORKER_GONE = failure(WORKER_LOST, "The worker that ran it died, or was lost.")


class Sweeper:
    """Finds runs that nobody continues."""

    def __init__(self, worker: AnyLock, lease_s: float, monotonic: Callable[[], float]) -> None:
        self._worker, self._lease_s, self._monotonic = worker, lease_s, monotonic
        #: Seconds between sweeps: no single one, late as it may be, sees a whole lease stand still.
        self.every_s = min(SWEEP_S, lease_s / 3)
        #: For how many seconds each lease was seen unrenewed; and when we last looked.
        self._still: dict[Lease, float] = {}
        self._looked = 0.0

    def sweep(
        self, batch: TransactionWrites, mine: Collection[tuple[int, int]], now: datetime
    ) -> int:
        """End the abandoned runs within the open transaction; returns how many there were.

        `mine` are the runs (job and token) in this process.
        """
        abandoned = self._abandoned(mine)
        for job, ending in abandoned:
            logger.warning("job %s was left by worker %s: %s", job.id, job.worker, ending.outcome)
            batch.settle(job, ending, now)
        return len(abandoned)

    def _abandoned(self, mine: Collection[tuple[int, int]]) -> list[tuple[Claimed, Ending]]:
        rows = db.session.connection().execute(RUNNING_LEASES).all()
        dead = {name for name in {row.lease_owner for row in rows} if self._is_dead(name)}
        over = self._run_out(rows)
        found: dict[int, Ending] = {}
        for row in rows:
            if row.lease_owner == self._worker.name:
                if (
                    row.id,
                    row.lease_token,
                ) not in mine:  # claimed, but the commit's answer was lost
                    found[row.id] = NOT_BEGUN
            elif row.lease_owner in dead or row.id in over:
                found[row.id] = Ending(WORKER_LOST, error=WORKER_GONE)
        held = (
            db.session.connection().execute(HELD_JOBS.where(JOB_COLUMNS.id.in_(found)))
            if found
            else ()
        )
        return [(Claimed.of(row), found[row.id]) for row in held]

    def _is_dead(self, name: str | None) -> bool:
        return name is None or (name != self._worker.name and self._worker.is_dead(name))

    def _run_out(self, rows: Collection[Any]) -> set[int]:
        """Return the jobs whose lease has not been renewed for its whole length.

        While this process slept, or could not reach the database, others may have been no better
        off: that time does not count.
        """
        now = self._monotonic()
        # At most two rounds are counted: a process that slept must not think that all others had
        # stopped.
        passed, self._looked = min(now - self._looked, 2 * self.every_s), now
        known, self._still = self._still, {}
        for row in rows:
            lease = row.id, row.lease_token, row.heartbeat_at
            self._still[lease] = known[lease] + passed if lease in known else 0.0
        return {lease[0] for lease, still in self._still.items() if still >= self._lease_s}
