"""The threads of a process that runs jobs: the scheduler's one, and the pool."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection, Set
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from ...core.errors import ApiError
from ...core.parts import PARTS, STUCK_AFTER_S, BackgroundThread
from ...core.slots import Slot
from ...core.transactions.after_commit import after_commit
from .. import registry
from .attempt import Run, carry_out
from .lifecycle import NOT_BEGUN
from .queue import QUEUE
from .scheduler import POLL_S, Scheduler
from .worker_lock import lock_of

#: Seconds from the beginning of a tick to that of the next, at least: work that comes when all is
#: quiet does not wait, and the more there is, the more each tick does. Where ticks take long, as
#: when each statement waits for a server, they leave the others seven eighths of the time, up to
#: the longest.
GATHER_S = 0.008
GATHER_TICKS = 8
MAX_GATHER_S = 0.02

logger = logging.getLogger(__name__)

T = TypeVar("T")


class Runner(BackgroundThread):
    """Runs jobs with JOB_WORKERS threads; with 0 this process leaves them to others."""

    stuck_after_s = STUCK_AFTER_S

    def __init__(self, app: Flask, types: Collection[str] | None = None) -> None:
        """Make it without starting it; it runs jobs of some types, or of all."""
        self._app, self._workers = app, app.config["JOB_WORKERS"]
        super().__init__("scheduler", off=None if self._workers else "JOB_WORKERS is 0")
        self._worker = lock_of(app)
        self._call = threading.Event()
        with app.app_context():
            served = [
                one.name for one in registry.all_types() if types is None or one.name in types
            ]
        self._source = QUEUE.of(app).source(app, served, self._workers, self._call.set)
        self._scheduler = Scheduler(
            app,
            self._worker,
            self._submit,
            workers=self._workers,
            source=self._source,
            types=served,
            lease_s=app.config["JOB_LEASE_SECONDS"],
        )
        self._pool: ThreadPoolExecutor | None = None

    def _prepare(self) -> None:
        self._worker.begin()
        # After `begin`, which sets the name whose lock must not be tidied up.
        self._worker.tidy()
        self._pool = ThreadPoolExecutor(self._workers, thread_name_prefix="job")
        self._source.start()

    def wake(self, *, look: bool = False) -> None:
        """Signal that there is something to do; `look`: somebody cancelled a running job."""
        if look:
            self._scheduler.look = True
        self._scheduler.called = True
        self._call.set()

    @property
    def state(self) -> str:
        """Return its state, and that of the queue that tells it about jobs."""
        own = super().state
        return self._source.trouble or own if own == "ok" else own

    def close(self) -> None:
        """Stop all runs, and hand their jobs back: another process may begin them at once."""
        self._source.close()
        self._end()

    def stop(self) -> None:
        """Stop all runs, hand their jobs back, and end the threads."""
        self._source.close()
        super().stop()
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)

    def _wake(self) -> None:
        self._call.set()

    @property
    def running(self) -> int:
        """Return how many places of the pool are taken."""
        return len(self._scheduler.runs)

    def _submit(self, run: Run) -> None:
        assert self._pool is not None  # noqa: S101
        try:
            run.withdraw = self._pool.submit(self._carry_out, run).cancel
        except RuntimeError:  # no thread is available, or the process is ending
            # Ended at once, or its claim would stay until the lease expires.
            self._scheduler.over(run, NOT_BEGUN)
            raise

    def _carry_out(self, run: Run) -> None:
        self._scheduler.over(run, carry_out(self._app, run))
        self._call.set()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._beat()
            began = time.monotonic()
            pause = self._tick()
            took = time.monotonic() - began
            self._call.wait(pause)
            self._call.clear()  # a call that came during the tick is for the next one
            # While there is much to do, let some of it accumulate: it shares a commit.
            gather_s = max(GATHER_S, min(GATHER_TICKS * took, MAX_GATHER_S))
            if (early := began + gather_s - time.monotonic()) > 0:
                time.sleep(early)
        self._scheduler.close()
        # Until each run's end is written: a job that is handed back starts elsewhere at once.
        while self._scheduler.runs or self._source.is_busy:
            self._call.wait(self._tick())
            self._call.clear()
        self._worker.end()

    def _tick(self) -> float:
        self._try(self._source.mend)
        pause = self._try(self._scheduler.tick)
        return POLL_S if pause is None else pause

    def _try(self, step: Callable[[], T]) -> T | None:
        try:
            return step()
        except (SQLAlchemyError, ApiError) as error:
            logger.error("jobs wait, the database does not answer: %s", error)
        except Exception:
            logger.exception("the scheduler stumbled, trying again")
        return None


RUNNER: Slot[Runner] = Slot("runner", Runner)


def init_app(app: Flask) -> None:
    """Make the runner of an application; it starts with the server, or the first request.

    Not with the first job: commands and the server before its fork may submit, too.
    """
    PARTS.of(app).add("jobs", RUNNER, with_requests=True)


def runner() -> Runner:
    """Return this application's runner."""
    return RUNNER.here()


def wake_after_commit(*, look: bool = False) -> None:
    """Wake the runner after the commit of the open transaction; `look` as in `Runner.wake`."""
    after_commit(_wake, *(["look"] if look else []))


def _wake(details: Set[str]) -> None:
    runner().wake(look="look" in details)
