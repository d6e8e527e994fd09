"""Who is told that a job is waiting, and what makes a worker look for one.

With a database file nobody is told: the table is the queue, and a worker looks at it in each tick.
Where the database is a server, workers are in other processes: there Procrastinate is told within
the same transaction, and a worker looks once that has delivered something (`../procrastinate/`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime

from flask import Flask

from ...core.slots import Registry
from ...frozen import frozen


@frozen
class QueuedJob:
    """A job that waits to be run."""

    id: int
    type: str
    #: Not before this time; None: at once.
    due_at: datetime | None


class JobFeed:
    """What makes the worker of a process look for jobs: here, every tick."""

    @property
    def trouble(self) -> str | None:
        """Return why nothing may come, for `/ready`."""
        return None

    @property
    def has_called(self) -> bool:
        """Return whether there is a reason to look for jobs now."""
        return True

    @property
    def is_busy(self) -> bool:
        """Return whether something still has to be answered."""
        return False

    def start(self) -> None:
        """Begin to listen."""

    def close(self) -> None:
        """Accept nothing more, without waiting; what was accepted is still answered."""

    def look(self, worker: str, now: datetime, lease_s: float, *, closed: bool) -> None:
        """Decide in the open transaction what is answered, once the worker has claimed."""

    def answer(self) -> None:
        """Give the answers, once that transaction is committed."""

    def mend(self) -> None:
        """Reconcile the queue and the table of jobs, in a transaction of its own."""


class Queue:
    """Where waiting jobs are announced: here, nowhere."""

    def defer(self, jobs: Sequence[QueuedJob]) -> None:
        """Have jobs delivered to a worker when they are due, if the open transaction commits."""

    def defer_new(self, jobs: Sequence[QueuedJob]) -> None:
        """Do the same with jobs that the open transaction has made."""

    def forget(self, job_ids: Collection[int]) -> None:
        """Have jobs no longer delivered, if the open transaction commits."""

    def source(
        self, app: Flask, types: Sequence[str], places: int, wake: Callable[[], None]
    ) -> JobFeed:
        """Return what tells a process about jobs of some types, and wakes its worker."""
        return JobFeed()


QUEUE: Registry[Queue] = Registry("queue of jobs", lambda _: Queue())
