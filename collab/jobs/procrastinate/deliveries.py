"""What Procrastinate has delivered to this process, and the answers.

A delivery says that a job is waiting. It does not say who runs it: the scheduler claims by its own
order, in which people take turns, and the delivered job may have to wait or be claimed elsewhere.
The delivery is held until it is known which, and then Procrastinate forgets it. Where the job must
be delivered once more, that is a new entry, written before the answer is given.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from flask import Flask
from sqlalchemy import select

from ...core.compiled import Compiled
from ...core.database import take_write_lock
from ...core.database.functions import numbers
from ...core.json import dumps
from ...frozen import frozen
from ..engine.queue import JobFeed, Queue, QueuedJob
from ..models import ENDED_STATUSES, RUNNING, Job
from .mending import Mender
from .receiver import Receiver

#: Seconds that a job's time may be to come, by this machine's clock, and its delivery is held: the
#: server, whose clock has delivered it, may be ahead of us.
EARLY_S = 1.0
#: Seconds for which a delivery is held: a job that can't run here in this time goes to another
#: worker.
HELD_S = 20.0
#: Seconds after which it is delivered again.
POSTPONED_S = 3.0

JOB_COLUMNS = Job.__table__.c
DELIVERED_JOBS = Compiled(
    select(
        *(JOB_COLUMNS.id, JOB_COLUMNS.type, JOB_COLUMNS.status),
        *(JOB_COLUMNS.due_at, JOB_COLUMNS.lease_owner),
    ).where(JOB_COLUMNS.id.in_(numbers("ids")))
)


@dataclass(eq=False)
class Delivery:
    """A job's id, and what waits for the answer."""

    job_id: int
    since: float
    answered: Future[None] = field(default_factory=Future)


class Deliveries(JobFeed):
    """The deliveries that are held in this process."""

    def __init__(
        self,
        app: Flask,
        queue: Queue,
        address: str,
        types: Sequence[str],
        places: int,
        wake: Callable[[], None],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Make it; `places` is how many are held at most, and `types` are their queues."""
        self._app, self._queue, self._wake, self._monotonic = app, queue, wake, monotonic
        self._lock = threading.Lock()
        self._held: list[Delivery] = []
        self._settled: list[Delivery] = []
        self._mender = Mender(queue, monotonic)
        self._receiver = Receiver(address, types, places, self.take, wake)

    # -- from Procrastinate's thread --------------------------------------------------------------

    def take(self, job_id: int) -> Future[None]:
        """Hold a delivery; the future is over when it is answered."""
        delivery = Delivery(job_id, self._monotonic())
        with self._lock:
            self._held.append(delivery)
        self._wake()
        return delivery.answered

    # -- from the scheduler's ---------------------------------------------------------------------

    @property
    def trouble(self) -> str | None:
        """Return why nothing may come, for `/ready`."""
        return None if self._receiver.state == "ok" else f"queue: {self._receiver.state}"

    @property
    def has_called(self) -> bool:
        """Return whether a delivery is held."""
        return bool(self._held)

    @property
    def is_busy(self) -> bool:
        """Return whether something is held, or may still come."""
        return self.has_called or (self._receiver.started and not self._receiver.over)

    def start(self) -> None:
        """Have Procrastinate deliver."""
        self._receiver.start()

    def close(self) -> None:
        """Have it deliver nothing more."""
        self._receiver.end()

    def mend(self) -> None:
        """Reconcile the entries and the jobs, now and then."""
        if self._mender.is_due():
            with self._app.app_context():
                self._mender.mend()

    def look(self, worker: str, now: datetime, lease_s: float, *, closed: bool) -> None:
        """Settle the deliveries of jobs that no longer wait, or not here; defer others again."""
        with self._lock:
            self._held = [one for one in self._held if not one.answered.cancelled()]
            held = list(self._held)
        self._settled = []
        if not held:
            return
        view = View(worker, now, lease_s, closed, self._monotonic())
        rows = _with_rows(held)
        if any(view.again(one, row) for one, row in rows):
            take_write_lock()
            rows = _with_rows(held)  # once more: now nobody changes it
        again: dict[int, QueuedJob] = {}
        for delivery, row in rows:
            if (anew := view.again(delivery, row)) is not None:
                again[delivery.job_id] = anew
            elif view.waits(row):
                continue
            self._settled.append(delivery)
        self._queue.defer(list(again.values()))

    def answer(self) -> None:
        """Let Procrastinate forget what is settled."""
        settled, self._settled = set(self._settled), []
        with self._lock:
            self._held = [one for one in self._held if one not in settled]
        for delivery in settled:
            if delivery.answered.set_running_or_notify_cancel():
                delivery.answered.set_result(None)


def _with_rows(held: Sequence[Delivery]) -> list[tuple[Delivery, Any]]:
    """Return deliveries with the rows of their jobs; None where one is gone."""
    ids = dumps([one.job_id for one in held]).decode()
    rows = {row.id: row for row in DELIVERED_JOBS.all({"ids": ids})}
    return [(one, rows.get(one.job_id)) for one in held]


@frozen
class View:
    """How a worker sees what was delivered to it."""

    worker: str
    now: datetime
    lease_s: float
    closed: bool
    monotonic: float

    @staticmethod
    def waits(row: Any) -> bool:
        """Return whether a job waits to be claimed."""
        return row is not None and row.status not in (RUNNING, *ENDED_STATUSES)

    def again(self, delivery: Delivery, row: Any) -> QueuedJob | None:
        """Return when a job must be delivered once more, if it must."""
        if row is None or row.status in ENDED_STATUSES:
            return None
        if row.status == RUNNING:
            # It may be on a live worker's lease. But that worker may also be dead, and nobody knows
            # it yet: a delivery dropped here would be the last one.
            return None if row.lease_owner == self.worker else self._in(row, self.lease_s)
        held_s = self.monotonic - delivery.since
        if self.closed or (row.due_at is not None and row.due_at > self.now and held_s >= EARLY_S):
            return QueuedJob(row.id, row.type, row.due_at)
        return self._in(row, POSTPONED_S) if held_s >= HELD_S else None

    def _in(self, row: Any, seconds: float) -> QueuedJob:
        return QueuedJob(row.id, row.type, self.now + timedelta(seconds=seconds))
