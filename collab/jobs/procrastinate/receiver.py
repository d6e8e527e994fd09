"""Procrastinate's worker, in a thread of its own: it fetches entries, and waits for the answers."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any

from procrastinate import App

from ...core.parts import BackgroundThread
from .lazy_connector import LazyConnector
from .mending import HEARTBEAT_S, STALLED_S
from .naming import TASK_NAME

logger = logging.getLogger(__name__)

#: Seconds between looks for entries, besides those that NOTIFY causes: behind a pool in transaction
#: mode nobody hears it.
POLL_S = 1.0
#: Connections for fetching and forgetting entries; one more listens.
MAX_QUEUE_CONNECTIONS = 3
#: Seconds until it starts again after the server has gone away.
RESTART_S = 1.0
#: Seconds for which a stopping worker waits for the answers.
ANSWERS_S = 1.0
#: Nothing is aborted by way of the queue: its worker need not look for that.
NEVER_S = 86_400.0
#: Whose lines go where ours go, from warnings on.
LOGGERS = ("procrastinate", "psycopg.pool")


class Receiver(BackgroundThread):
    """Runs the worker until it is told to stop, and restarts it when something in it fails."""

    def __init__(
        self,
        address: str,
        types: Sequence[str],
        places: int,
        take: Callable[[int], Future[None]],
        ended: Callable[[], None],
    ) -> None:
        """Make it; `take` is called with each job's id, and `ended` once nothing more comes."""
        super().__init__("queue")
        self._address, self._types, self._places = address, list(types), places
        self._take, self._ended = take, ended
        #: Whether nothing more comes, and nothing is waited for.
        self.over = False
        self._running: tuple[asyncio.AbstractEventLoop, asyncio.Task[None]] | None = None

    def end(self) -> None:
        """Accept nothing more; waits for what was accepted."""
        if not self._stopping.is_set():  # a second call would break that off
            self._end()

    def _wake(self) -> None:
        running = self._running
        if running is not None:
            loop, task = running
            with contextlib.suppress(RuntimeError):  # the loop has just ended
                loop.call_soon_threadsafe(task.cancel)

    def _run(self) -> None:
        _log_like_us()
        while not self._stopping.is_set():
            try:
                asyncio.run(self._work())
            except asyncio.CancelledError:
                pass
            except Exception as error:
                logger.error("the queue does not answer, beginning anew: %s", error)
            self._running = None
            self._stopping.wait(RESTART_S)
        self.over = True
        self._ended()

    async def _work(self) -> None:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None  # noqa: S101
        self._running = loop, task
        loop.set_task_factory(Watched(task))
        if self._stopping.is_set():
            return
        app = App(connector=LazyConnector(self._address, MAX_QUEUE_CONNECTIONS))
        app.task(name=TASK_NAME)(self._deliver)
        async with app.open_async():
            await app.run_worker_async(
                queues=self._types,
                concurrency=self._places,
                fetch_job_polling_interval=POLL_S,
                abort_job_polling_interval=NEVER_S,
                shutdown_graceful_timeout=ANSWERS_S,
                delete_jobs="always",
                install_signal_handlers=False,
                update_heartbeat_interval=HEARTBEAT_S,
                stalled_worker_timeout=STALLED_S,
            )

    async def _deliver(self, job_id: int) -> None:
        await asyncio.wrap_future(self._take(job_id))


class Watched:
    """Makes the tasks of a loop; one that fails ends the main task, which stands for them all.

    Procrastinate watches what runs beside its worker only until the first of these has ended; then
    a worker without heartbeats would go on.
    """

    def __init__(self, whole: asyncio.Task[None]) -> None:
        self._whole = whole

    def __call__(self, loop: asyncio.AbstractEventLoop, coro: Any, **more: Any) -> Any:
        """Make a task."""
        task: asyncio.Task[Any] = asyncio.Task(coro, loop=loop, **more)
        task.add_done_callback(self._look_at)
        return task

    def _look_at(self, task: asyncio.Task[Any]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.warning("the queue stumbled, beginning anew: %s", error)
            self._whole.cancel()


def _log_like_us() -> None:
    for name in LOGGERS:
        theirs = logging.getLogger(name)
        theirs.handlers[:] = logging.getLogger("collab").handlers
        theirs.setLevel(logging.WARNING)
        theirs.propagate = False
