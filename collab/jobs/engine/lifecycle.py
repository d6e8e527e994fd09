"""How a running job ends, and every write of its run: all fenced by the lease token.

    queued ──claim──▶ running ──▶ succeeded
      ▲  ▲               │  ├───▶ failed       another attempt would not help, or is not allowed
      │  │               │  ├───▶ dead         the last attempt failed
      │  └── handed back ┤  └───▶ cancelled    asked for while it ran, or while it waited
      └──── due ── retry_wait

A write names the token that the claim gave out. A worker that has lost the job since (its lease
expired, or its row is gone) changes nothing: the row count says so.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert

from ...core.compiled import Compiled
from ...core.database import engine
from ...core.models import Model, utcnow
from ...core.usage.counted import ROW_BYTES
from ...core.usage.models import PERSON, PROJECT
from ...core.usage.quota import Allowance, QuotaSpent
from ...events import log
from ...events.catalogue.jobs import (
    JobDied,
    JobEvent,
    JobFailed,
    JobOutput,
    JobProgressed,
    JobQueued,
    JobRetryScheduled,
    JobStarted,
    JobSucceeded,
)
from ...extensions import db
from ...frozen import frozen
from .. import registry
from ..context import Result, RunReport, Said, storable
from ..models import (
    CANCELLED,
    DEAD,
    ENDED_STATUSES,
    FAILED,
    QUEUED,
    RETRY_WAIT,
    RUNNING,
    SUCCEEDED,
    Attempt,
    JobResult,
    LogLine,
    event_place,
)
from . import fenced
from .claiming import Claimed
from .queue import QUEUE, QueuedJob
from .reasons import cancelled

#: The longest wait after the first failure; it doubles with each further one, up to the cap.
BACKOFF_BASE = timedelta(seconds=2)
BACKOFF_CAP = timedelta(minutes=5)

#: How an attempt without a result can end.
HANDED_BACK = "handed_back"
WORKER_LOST = "worker_lost"
TIMED_OUT = "timeout"


def _inserting(model: type[Model]) -> Compiled:
    """Build the INSERT of rows that get their ids from the database."""
    columns = [one.name for one in model.__table__.columns if one.name != "id"]
    return Compiled(insert(model.__table__), columns=columns)  # type: ignore[arg-type]


INSERT_ATTEMPTS = _inserting(Attempt)
INSERT_LINES = _inserting(LogLine)
INSERT_RESULTS = _inserting(JobResult)


@frozen
class Ending:
    """How a run ended, as its worker saw it."""

    #: succeeded, failed, cancelled, timeout, worker_lost or handed_back.
    outcome: str
    result: Result | None = None
    error: dict[str, Any] | None = None
    #: Whether another attempt may help.
    retry: bool = True
    #: Whether the job's code was called: if not, even a job that runs at most once may be run
    #: again.
    begun: bool = True


#: How many times a job's output is stored: in its log, and in the event that carries it.
COPIES_OF_OUTPUT = 2

#: The ending of a run whose code was never called.
NOT_BEGUN = Ending(HANDED_BACK, begun=False)


def failure(code: str, message: str) -> dict[str, Any]:
    """Return an error as the row stores it: a word for programs, a sentence for people."""
    # Cut: an exception's text may quote all of its input.
    return {"code": storable(code), "message": storable(message[:2000])}


def backoff(failures: int, rng: Callable[[], float] = random.random) -> timedelta:
    """Return how long to wait after the n-th failure: exponential, with full jitter."""
    ceiling = min(BACKOFF_CAP, BACKOFF_BASE * 2 ** min(failures - 1, 30))
    # Jitter: jobs that failed together, for one cause, must not all come back together.
    return timedelta(seconds=ceiling.total_seconds() * rng())


@dataclass
class TransactionWrites:
    """What one transaction writes besides the jobs' rows; `flush` sends it in few statements."""

    events: list[JobEvent] = field(default_factory=list)
    attempts: list[dict[str, Any]] = field(default_factory=list)
    lines: list[dict[str, Any]] = field(default_factory=list)
    results: list[dict[str, Any]] = field(default_factory=list)
    #: Jobs that are waiting again, and those that no longer wait.
    waiting: list[QueuedJob] = field(default_factory=list)
    taken: set[int] = field(default_factory=set)
    #: Jobs whose output no longer fits the quotas.
    silenced: set[int] = field(default_factory=set)
    _room: Allowance = field(default_factory=Allowance)

    def flush(self) -> None:
        """Write what was gathered into the open transaction, events last."""
        connection = db.session.connection()
        gathered = (
            (INSERT_ATTEMPTS, self.attempts),
            (INSERT_LINES, self.lines),
            (INSERT_RESULTS, self.results),
        )
        with engine().together(connection):
            for statement, rows in gathered:
                if rows:
                    statement.run_many(connection, rows)
            log.record_all(self.events, actor=None)
            QUEUE.here().forget(self.taken)
            QUEUE.here().defer(self.waiting)

    # -- what may happen to a claimed job ---------------------------------------------------------

    def started(self, job: Claimed) -> None:
        """Note that an attempt began."""
        self.taken.add(job.id)
        self.events.append(JobStarted(attempt=job.attempt, **event_place(job)))

    def say(self, job: Claimed, report: RunReport) -> bool:
        """Write what a run has reported; returns whether the job is still this worker's."""
        values: dict[str, Any] = {}
        if report.progress is not None:
            values = {"progress": report.progress, "progress_message": report.message or None}
        if not fenced.change(job, RUNNING, **values):
            return False
        for said in self._with_room(job, report):
            line = {"job_id": job.id, "attempt": job.attempt, "time": utcnow()}
            self.lines.append(line | {"stream": said.stream, "text": said.text})
            told = JobOutput(
                attempt=job.attempt, stream=said.stream, text=said.text, **event_place(job)
            )
            self.events.append(told)
        if report.progress is not None:
            message = report.message or ""
            told_far = JobProgressed(progress=report.progress, message=message, **event_place(job))
            self.events.append(told_far)
        return True

    def _with_room(self, job: Claimed, report: RunReport) -> Sequence[Said]:
        """Return the output if there is room for it; if not, the run has to be stopped."""
        size = COPIES_OF_OUTPUT * sum(len(said.text.encode()) + ROW_BYTES for said in report.said)
        try:
            self._room.take(size, ((PERSON, job.owner_id), (PROJECT, job.project_id)))
        except QuotaSpent:
            # Not an error here: the row's lease must be renewed in any case, and the run is told to
            # stop.
            self.silenced.add(job.id)
            return ()
        return report.said

    def settle_all(self, endings: Sequence[tuple[Claimed, Ending]], now: datetime) -> None:
        """End runs; those that have succeeded, and that nobody cancelled, by one statement."""
        held = fenced.held([job for job, ending in endings if ending.outcome == SUCCEEDED])
        fenced.succeed(held.values(), now)
        for job, ending in endings:
            if (job.id, job.token) in held:
                self._keep(job, ending, now, JobSucceeded(attempt=job.attempt, **event_place(job)))
                self._keep_result(job, ending)
            else:
                self.settle(job, ending, now)

    def settle(self, job: Claimed, ending: Ending, now: datetime) -> bool:
        """End a run; returns whether the job was still this worker's to end.

        A cancellation requested before this counts, whatever the run produced.
        """
        status, values, event = _resolve(job, ending, now)
        if fenced.change(job, status, unless_cancelled=True, **values):
            self._keep(job, ending, now, event)
            if status in (QUEUED, RETRY_WAIT):
                self.waiting.append(QueuedJob(job.id, job.type, values.get("due_at")))
            if status in ENDED_STATUSES:
                self._keep_result(job, ending)
            return True
        # Lost, or cancelled meanwhile? The same fence without the guard tells the two apart.
        if fenced.change(job, CANCELLED, finished_at=now):
            self._keep(job, Ending(CANCELLED), now, cancelled(job))
            return True
        return False

    def _keep(self, job: Claimed, ending: Ending, now: datetime, event: JobEvent) -> None:
        self.taken.add(job.id)  # it may have been delivered while it ran
        self.attempts.append(
            {
                "job_id": job.id,
                "number": job.attempt,
                "worker": job.worker,
                "outcome": ending.outcome,
                "error": ending.error,
                "started_at": job.started_at,
                "finished_at": now,
            }
        )
        self.events.append(event)

    def _keep_result(self, job: Claimed, ending: Ending) -> None:
        result = ending.result
        if result is not None:
            row = {"job_id": job.id, "data": result.data, "body": result.body}
            kind = result.content_type if result.body is not None else None
            self.results.append(row | {"content_type": kind, "filename": result.filename})


def _resolve(job: Claimed, ending: Ending, now: datetime) -> tuple[str, dict[str, Any], JobEvent]:
    """Decide what an ending means: the next status, the row's values, the event."""
    where, attempt = event_place(job), job.attempt
    error = ending.error or {}
    if ending.outcome == SUCCEEDED:
        # The error of an earlier attempt goes: the attempts keep their own.
        values = {"finished_at": now, "progress": 1.0, "error": None}
        return SUCCEEDED, values, JobSucceeded(attempt=attempt, **where)
    if ending.outcome == CANCELLED:
        return CANCELLED, {"finished_at": now}, cancelled(job)
    if ending.outcome == HANDED_BACK and (repeatable(job) or not ending.begun):
        # We caused its end, so the attempt does not count.
        values = {"attempts_forgiven": job.attempts_forgiven + 1}
        return QUEUED, values, JobQueued(job_type=job.type, reason=HANDED_BACK, **where)
    if not ending.retry or not repeatable(job):
        values = {"finished_at": now, "error": error}
        return FAILED, values, JobFailed(attempt=attempt, error=error, **where)
    if job.spent:
        values = {"finished_at": now, "error": error}
        return DEAD, values, JobDied(attempt=attempt, error=error, **where)
    # Forgiven attempts were not the job's fault: they don't make it wait longer.
    due = now + backoff(job.attempt - job.attempts_forgiven)
    told = JobRetryScheduled(attempt=attempt, error=error, due_at=due.isoformat(), **where)
    return RETRY_WAIT, {"due_at": due, "error": error}, told


def repeatable(job: Claimed) -> bool:
    """Return whether a job that was begun may be run again."""
    kind = registry.find(job.type)
    return kind is None or kind.repeatable
