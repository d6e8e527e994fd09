"""The entries of the queue: written on the connection, and in the transaction, of the change."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterator, Sequence

from flask import Flask
from procrastinate import App, SyncPsycopgConnector
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job as Entry
from sqlalchemy import ARRAY, String, any_, bindparam, column, delete, literal_column, table
from sqlalchemy.exc import OperationalError

from ...core.compiled import Compiled
from ...core.database import take_write_lock
from ...extensions import db
from ..engine.queue import JobFeed, Queue, QueuedJob
from .deliveries import Deliveries
from .naming import TASK_NAME, lock_name

#: An entry that a worker has taken belongs to it: it will see that the job no longer waits.
_ENTRIES = table("procrastinate_jobs", column("status"), column("queueing_lock"))
FORGET_ENTRIES = Compiled(
    delete(_ENTRIES).where(
        _ENTRIES.c.status == literal_column("'todo'"),
        _ENTRIES.c.queueing_lock == any_(bindparam("locks", type_=ARRAY(String))),
    )
)


class Entries(Queue):
    """Procrastinate's table. Each waiting job has one entry there, in the queue of its type."""

    def __init__(self, address: str) -> None:
        """Know where workers find the server; writes use the session's connection."""
        self._address = address
        self._manager = App(connector=SyncPsycopgConnector()).job_manager

    def defer(self, jobs: Sequence[QueuedJob]) -> None:
        """Write the entries of jobs, replacing any that they have."""
        self.forget([job.id for job in jobs])
        self.defer_new(jobs)

    def defer_new(self, jobs: Sequence[QueuedJob]) -> None:
        """Write the entries of jobs that have none."""
        if not jobs:
            return
        driver = db.session.connection().connection.driver_connection
        with _as_ours():
            self._manager.batch_defer_jobs([_entry(job) for job in jobs], driver)

    def forget(self, job_ids: Collection[int]) -> None:
        """Delete the entries that no worker has taken."""
        if job_ids:
            take_write_lock()
            locks = [lock_name(job_id) for job_id in job_ids]
            FORGET_ENTRIES.run_many(db.session.connection(), [{"locks": locks}])

    def source(
        self, app: Flask, types: Sequence[str], places: int, wake: Callable[[], None]
    ) -> JobFeed:
        """Return what Procrastinate delivers to this process."""
        return Deliveries(app, self, self._address, types, places, wake)


def _entry(job: QueuedJob) -> Entry:
    return Entry(
        queue=job.type,
        task_name=TASK_NAME,
        task_kwargs={"job_id": job.id},
        lock=None,
        queueing_lock=lock_name(job.id),
        scheduled_at=job.due_at,
    )


@contextlib.contextmanager
def _as_ours() -> Iterator[None]:
    """Raise the connection's errors as SQLAlchemy does, which the API answers with 503."""
    try:
        yield
    except ConnectorException as error:
        raise OperationalError("defer", None, error.__cause__ or error) from error
