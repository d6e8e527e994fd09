"""The decisions about jobs in this process, a tick at a time.

A tick ends runs that are over, writes the others' output, renews leases, recovers what dead workers
left, and claims as many jobs as there is room for: all in one transaction, so the more there is to
do, the less a job costs. Nothing is forgotten before the commit; if that fails, the next tick
writes it again.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Collection
from datetime import datetime, timedelta

from flask import Flask
from sqlalchemy import select

from ...core.database import commit_lazily
from ...core.models import utcnow
from ...extensions import db
from ..context import JobContext, RunReport
from ..models import RUNNING, Job
from ..numbers import RUNS
from . import claiming, fenced
from .attempt import Run, stopped
from .claiming import Claimed
from .fairness import FairTurns, Pace
from .lifecycle import BACKOFF_CAP, NOT_BEGUN, Ending, TransactionWrites, repeatable
from .queue import JobFeed
from .sweeper import Sweeper
from .worker_lock import AnyLock

logger = logging.getLogger(__name__)

#: Seconds between looks at the table without a call (another process may have written).
POLL_S = 1.0
#: Seconds between writes of what runs report.
OUTPUT_INTERVAL_S = 0.1
#: Seconds between looks for what other processes cancelled.
CANCEL_INTERVAL_S = 0.5
#: Seconds that a run has to end after it was told to stop; after that its row ends without it.
STOP_S = 0.8
#: Seconds that a quick job, taken ahead, may wait for a thread before it is handed back.
AHEAD_WAIT_S = 0.1

JOB_COLUMNS = Job.__table__.c


class Timer:
    """Says when something is due again."""

    def __init__(self, every_s: float) -> None:
        self._every_s, self._next = every_s, 0.0

    def due(self, now: float) -> bool:
        """Return whether it is time, and if so, count from now."""
        if now < self._next:
            return False
        self._next = now + self._every_s
        return True


class Scheduler:
    """Decides and writes for the runs of one process; one thread calls `tick`."""

    def __init__(
        self,
        app: Flask,
        worker: AnyLock,
        begin: Callable[[Run], None],
        *,
        workers: int,
        source: JobFeed | None = None,
        types: Collection[str] | None = None,
        lease_s: float = 30.0,
        clock: Callable[[], datetime] = utcnow,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Make it; it claims jobs of `types` (None: all) when the `source` calls for it."""
        self._app, self._worker, self._begin = app, worker, begin
        self._source, self._types = source or JobFeed(), types
        #: Whether it found a job when it last looked.
        self._finds = False
        #: Whether this process has made a job wait since then: nobody needs to announce that.
        self.called = False
        self._lease = timedelta(seconds=lease_s)
        self._clock, self._monotonic = clock, monotonic
        self._sweeper = Sweeper(worker, lease_s, monotonic)
        self._pace = Pace()
        self._turns = FairTurns(workers, self._pace)
        self._say, self._looking = Timer(OUTPUT_INTERVAL_S), Timer(CANCEL_INTERVAL_S)
        # Three times per lease: one failed renewal does not end it.
        self._sweep, self._renew = Timer(self._sweeper.every_s), Timer(lease_s / 3)
        self._ended: deque[tuple[Run, Ending]] = deque()
        #: The runs of this process, by job and lease: the job of a deaf run may be there twice.
        self.runs: dict[tuple[int, int], Run] = {}
        self.closed = False
        #: Somebody cancelled a running job.
        self.look = False

    # -- from the pool's threads ------------------------------------------------------------------

    def over(self, run: Run, ending: Ending) -> None:
        """Learn that a run's code has returned, or was never called."""
        self._ended.append((run, ending))

    # -- a tick -----------------------------------------------------------------------------------

    def tick(self) -> float:
        """Do what there is to do; returns the seconds until there may be more to do."""
        now = self._monotonic()
        self._stop_the_late(now)
        self._take_back(now)
        ended = [self._ended.popleft() for _ in range(len(self._ended))]
        speaking = self._gather(now, ended)
        try:
            with self._app.app_context():
                claimed, deaf, pause = self._write(ended, speaking, now)
        except BaseException:
            self._ended.extendleft(reversed(ended))  # in their order, before what ended since
            raise
        self._forget(ended, speaking, deaf)
        for job in claimed:  # not before the commit: until then another worker may run it, too
            self._start(job)
        return pause

    def _take_back(self, now: float) -> None:
        """Hand back jobs that were taken ahead, and wait for runs that take unexpectedly long."""
        for run in tuple(self.runs.values()):
            if not run.begun and now - run.claimed_at > AHEAD_WAIT_S and run.withdraw():
                self.over(run, NOT_BEGUN)

    def _stop_the_late(self, now: float) -> None:
        for run in self.runs.values():
            if run.begun and now >= run.context.deadline:
                run.context.stop("timeout")
        self._note_stops(now)

    def _note_stops(self, now: float) -> None:
        for run in self.runs.values():
            if run.stopped_at is None and run.context.cancelled:
                # Noted once, not per reason: STOP_S counts from here, whoever asked.
                run.stopped_at = now

    def _gather(self, now: float, ended: list[tuple[Run, Ending]]) -> list[Run]:
        """Return the runs whose output is written now: those that end, and periodically all."""
        say = self._say.due(now)
        runs = list(self.runs.values()) if say else [run for run, _ in ended]
        for run in runs:
            run.unsaid.add(run.context.take_report())
        return [run for run in runs if run.unsaid and not run.settled]

    def _write(
        self, ended: list[tuple[Run, Ending]], speaking: list[Run], now: float
    ) -> tuple[list[Claimed], list[Run], float]:
        batch, clock = TransactionWrites(), self._clock()
        for run in speaking:
            if not batch.say(run.job, run.unsaid):
                run.context.stop("lost")
            if run.job.id in batch.silenced:
                run.context.stop("quota")
        # After the output, so that followers get a run's last words before its end.
        batch.settle_all([(run.job, ending) for run, ending in ended if not run.settled], clock)
        deaf = self._end_the_deaf(batch, now, clock)
        self._keep_house(batch, now, clock)
        # Last: runs that have ended in this tick make room for those that begin in it.
        claimed, pause = self._claim(batch, clock, {run.key for run, _ in ended})
        lease_s = self._lease.total_seconds()
        self._source.look(self._worker.name, clock, lease_s, closed=self.closed)
        batch.flush()
        # A claim that a power cut undoes is run again, and nobody has been told about it: but a job
        # that must not be run again starts only once its claim is on disk.
        if all(repeatable(job) for job in claimed):
            commit_lazily()
        db.session.commit()
        return claimed, deaf, pause

    def _end_the_deaf(self, batch: TransactionWrites, now: float, clock: datetime) -> list[Run]:
        """End the rows of runs that were told to stop but keep running."""
        deaf = [
            run
            for run in self.runs.values()
            if not run.settled and run.stopped_at is not None and now - run.stopped_at >= STOP_S
        ]
        for run in deaf:
            batch.settle(run.job, stopped(run.context.stop_reason), clock)
        return deaf

    def _keep_house(self, batch: TransactionWrites, now: float, clock: datetime) -> None:
        if self.runs and self._renew.due(now):
            fenced.renew(self._worker.name, clock, clock + self._lease)
        if self.runs and (self._looking.due(now) or self.look):
            self.look = False
            self._look_for_changes()
            self._note_stops(now)
        if self._sweep.due(now):
            self._worker.keep()
            # It writes, and so comes first: while nobody can write, nobody can renew a lease, and
            # none must be found stale.
            claiming.clamp_retries(clock, BACKOFF_CAP)
            self._sweeper.sweep(batch, self.runs.keys(), clock)

    def _look_for_changes(self) -> None:
        """Stop the runs that were cancelled, and those whose row is no longer this worker's."""
        query = select(JOB_COLUMNS.id, JOB_COLUMNS.lease_token, JOB_COLUMNS.cancel_requested)
        query = query.where(
            JOB_COLUMNS.id.in_([key[0] for key in self.runs]), JOB_COLUMNS.status == RUNNING
        )
        held = {(row.id, row.lease_token): row for row in db.session.connection().execute(query)}
        for key, run in self.runs.items():
            row = held.get(key)
            if row is None:
                run.context.stop("lost")
            elif row.cancel_requested:
                run.context.stop("cancelled")

    def _claim(
        self, batch: TransactionWrites, clock: datetime, ended: set[tuple[int, int]]
    ) -> tuple[list[Claimed], float]:
        # Before looking: jobs that are made from here on call again.
        if self.called:  # else a call in this moment would be lost
            self.called, self._finds = False, True
        waiting = claiming.look()
        if waiting.next_due is not None and waiting.next_due <= clock:
            claiming.promote(clock)
            waiting = claiming.look()
        # Runs that are settled but still running take a thread, and so count.
        going_on = [run.job for key, run in self.runs.items() if key not in ended]
        self._turns.begin(going_on)
        ids: list[int] = []
        # Once called, it looks until it finds nothing: where one job waits, others may.
        if self._turns.free > 0 and (self._source.has_called or self._finds) and not self.closed:
            ids = claiming.choose(self._turns, waiting.lines, self._types)
            self._finds = bool(ids)
        claimed = claiming.claim(ids, self._worker.name, clock, self._lease) if ids else []
        for job in claimed:
            batch.started(job)
        return claimed, self._pause(waiting.next_due, clock, busy=bool(self.runs or claimed))

    def _pause(self, due: datetime | None, clock: datetime, busy: bool) -> float:
        if self._ended:  # during this tick
            return 0.0
        pause = POLL_S if due is None else (due - clock).total_seconds()
        return min(OUTPUT_INTERVAL_S if busy else POLL_S, max(0.01, pause))

    def _forget(
        self, ended: list[tuple[Run, Ending]], speaking: list[Run], deaf: list[Run]
    ) -> None:
        """Forget what is on disk now."""
        self._source.answer()
        for run in speaking:
            run.unsaid = RunReport()
        for run in deaf:
            run.settled = True
        for run, ending in ended:
            # By job and lease: the same job may run again here, while the deaf one has not
            # returned.
            self.runs.pop(run.key, None)
            if run.seconds is not None:
                self._pace.note(run.job.type, run.seconds)
                counted = RUNS.of(self._app).child(run.job.type, ending.outcome)
                counted.observe(run.seconds)

    def _start(self, job: Claimed) -> None:
        context = JobContext(
            job_id=job.id,
            attempt=job.attempt,
            owner_id=job.owner_id,
            project_id=job.project_id,
            timeout_s=job.timeout_s,
            monotonic=self._monotonic,
        )
        run = Run(job, context, claimed_at=self._monotonic())
        self.runs[run.key] = run
        self._begin(run)

    # -- stopping ---------------------------------------------------------------------------------

    def close(self) -> None:
        """Claim nothing more, and tell all runs to stop; their jobs are handed back."""
        self.closed = True
        for run in tuple(self.runs.values()):
            run.context.stop("stopping")
            if run.withdraw():
                self.over(run, NOT_BEGUN)
