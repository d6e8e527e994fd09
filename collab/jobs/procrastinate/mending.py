"""Reconciling both sides: lost entries are made again, stale ones are dropped.

All times here are the server's, and decide only what is delivered once more. Locks and leases
decide who owns a job (`engine/sweeper.py`): delivering one too often costs a look.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import text

from ...core.database import take_write_lock
from ...core.models import UtcDateTime
from ...extensions import db
from ..engine.queue import Queue, QueuedJob

#: Seconds between signs of life of Procrastinate's workers, and without one after which what was
#: delivered to such a worker is delivered again.
HEARTBEAT_S = 5.0
STALLED_S = 20.0
#: Seconds between checks for lost entries, and for stale ones, which are also dropped on delivery.
MEND_S = 5.0
TIDY_S = 60.0
#: Seconds that an entry may be later than its job. More than any that is postponed.
LATE_S = 10.0
#: Jobs that are deferred again in one transaction.
MAX_JOBS_MENDED = 1_000

#: Entries that were delivered to a worker that is alive.
HELD_ENTRIES = """
SELECT entry.queueing_lock FROM procrastinate_jobs AS entry
JOIN procrastinate_workers AS worker ON worker.id = entry.worker_id
WHERE entry.status = 'doing' AND entry.queueing_lock IS NOT NULL
AND worker.last_heartbeat >= now() - make_interval(secs => :stalled)"""
#: Waiting jobs that nobody will be told about in time.
LOST_JOBS = text(f"""
SELECT job.id, job.type, job.due_at FROM jobs AS job
WHERE (job.status = 'queued' AND job.due_at IS NULL OR job.due_at IS NOT NULL)
AND 'job:' || job.id NOT IN ({HELD_ENTRIES})
AND NOT EXISTS (
  SELECT FROM procrastinate_jobs AS entry
  WHERE entry.status = 'todo' AND entry.queueing_lock = 'job:' || job.id
  AND (entry.scheduled_at IS NULL OR entry.scheduled_at
       <= greatest(now(), job.due_at AT TIME ZONE 'UTC') + make_interval(secs => :late)))
ORDER BY job.id LIMIT :most""").columns(due_at=UtcDateTime())  # noqa: S608
STALLED_ENTRIES = f"""
FROM procrastinate_jobs AS entry
WHERE entry.status = 'doing' AND entry.queueing_lock NOT IN ({HELD_ENTRIES})"""
ANY_STALLED = text(f"SELECT EXISTS (SELECT {STALLED_ENTRIES})")
DROP_STALLED = text(f"DELETE {STALLED_ENTRIES}")
#: Entries of jobs that have ended, or are gone; those that run may have to be delivered again.
DROP_ENDED = text("""
DELETE FROM procrastinate_jobs AS entry
WHERE entry.status = 'todo' AND NOT EXISTS (
  SELECT FROM jobs AS job WHERE job.id = CAST(entry.args ->> 'job_id' AS bigint)
  AND job.status IN ('queued', 'running', 'retry_wait'))""")

VALUES: dict[str, Any] = {"stalled": STALLED_S, "late": LATE_S, "most": MAX_JOBS_MENDED}


class Mender:
    """Mends, a few times a minute."""

    def __init__(self, queue: Queue, monotonic: Callable[[], float]) -> None:
        self._queue, self._monotonic = queue, monotonic
        self._next_mend = self._next_tidy = 0.0

    def is_due(self) -> bool:
        """Return whether it is time."""
        return self._monotonic() >= self._next_mend

    def mend(self) -> None:
        """Look without a lock, and repair under it what needs repair; commits."""
        now = self._monotonic()
        tidies = now >= self._next_tidy
        if tidies or _is_wrong():
            take_write_lock()
            connection = db.session.connection()
            connection.execute(DROP_STALLED, VALUES)
            self._queue.defer(_lost())
            if tidies:
                connection.execute(DROP_ENDED)
                self._next_tidy = now + TIDY_S
        db.session.commit()
        self._next_mend = now + MEND_S


def _is_wrong() -> bool:
    return bool(db.session.scalar(ANY_STALLED, VALUES) or _lost())


def _lost() -> list[QueuedJob]:
    rows = db.session.connection().execute(LOST_JOBS, VALUES)
    return [QueuedJob(row.id, row.type, row.due_at) for row in rows]
