"""The server's side of the worker: starts the process, knocks, and restarts it if it dies."""

from __future__ import annotations

import contextlib
import logging
import os
import subprocess
import threading
import time
from pathlib import Path

from flask import Flask

from ...core.parts import PARTS, BackgroundThread
from ...core.security import kept_secret
from ...core.slots import Slot
from ...core.transactions.database_file import database_file
from ..pipeline.queues.in_hand import path_of
from .loop import Options, Worker, only_one
from .process import ended_in_time, has_ended, start, unheard

log = logging.getLogger(__name__)

THREAD_WARNING = (
    "INGEST_WORKER=thread: a turn of the worker has no limit of time or memory here, and shares"
    " the server's interpreter; if strangers send events, run it as a process"
)
#: Seconds before a dead process is restarted: doubled each time, up to the second number.
FIRST_BACKOFF_S = 0.2
MAX_BACKOFF_S = 10.0
#: Seconds after which a process counts as healthy.
WELL_AFTER_S = 60.0
#: Seconds between two checks of the process.
LOOK_S = 1.0
#: Seconds after which one that reads no knock is ended: longer than a turn may take. It has been
#: stopped (SIGSTOP, a debugger, a frozen container), or hangs where no alarm reaches it.
DEAF_AFTER_S = 90.0
#: What is added to the store's name for the lock of the process that has to keep a worker.
DUTY_SUFFIX = ".duty"


class NoWorker(BackgroundThread):
    """Stands in where a process runs no worker."""

    def __init__(self) -> None:
        super().__init__("ingest", off="INGEST_WORKER is off")

    def _run(self) -> None:
        raise AssertionError("it is off")

    def knock(self) -> None:
        """Do nothing: another process polls every second."""


class WorkerThread(BackgroundThread):
    """The worker as a thread of the server: for a single process, as in a container for tests.

    Nothing ends a turn of it that takes too long or too much memory: those are the server's own.
    """

    def __init__(self, options: Options) -> None:
        super().__init__("ingest")
        self._options = options
        self._knocked = threading.Event()

    def _run(self) -> None:
        log.warning(THREAD_WARNING)
        Worker(self._options, self._pause).run()

    def _pause(self, seconds: float) -> bool:
        self._knocked.wait(seconds)
        self._knocked.clear()
        return not self._stopping.is_set()

    def knock(self) -> None:
        """Say that something waits."""
        self._knocked.set()

    _wake = knock


class Supervisor(BackgroundThread):
    """Keeps one worker process alive.

    If the store is a file, one worker loads, so one of the processes that share it has the duty to
    keep a worker; when that process ends, another takes over within a second.
    """

    def __init__(
        self,
        options: Options,
        *,
        first_backoff_s: float = FIRST_BACKOFF_S,
        deaf_after_s: float = DEAF_AFTER_S,
    ) -> None:
        super().__init__("ingest")
        self._options, self._first_backoff_s = options, first_backoff_s
        self._deaf_after_s = deaf_after_s
        #: Whether the process that runs now has read its knocks at least once.
        self.hears = False
        self._process: subprocess.Popen[bytes] | None = None
        self._trouble = ""
        #: Set once there is a store: without events no process is needed.
        self._needed = threading.Event()

    @property
    def state(self) -> str:
        """Return `ok`, or how the process ended last, for `/ready`."""
        return self._trouble or super().state

    @property
    def pid(self) -> int | None:
        """Return the number of the process that runs now."""
        process = self._process
        return process.pid if process and process.poll() is None else None

    def knock(self) -> None:
        """Say that something waits; any thread may call this, and it never blocks."""
        self._needed.set()
        process = self._process
        if process and process.stdin:
            # A full pipe is full of knocks, and a restarted process looks at once.
            with contextlib.suppress(OSError, ValueError):
                os.write(process.stdin.fileno(), b".")

    def _run(self) -> None:
        if self._options.redis_url or self._options.store_url:  # any number may load from there
            self._keep_alive()
            return
        while not self._stopping.is_set() and not Path(self._options.store).exists():
            self._needed.wait(LOOK_S)  # another process may create it
        while not self._stopping.is_set():
            try:
                with only_one(f"{self._options.store}{DUTY_SUFFIX}", self._goes_on) as is_ours:
                    if is_ours:
                        self._keep_alive()
            except OSError as error:
                self._trouble = f"can't take turns: {error}"
                self._stopping.wait(MAX_BACKOFF_S)

    def _goes_on(self, seconds: float) -> bool:
        """Wait for this many seconds; returns whether to go on then."""
        return not self._stopping.wait(seconds)

    def _keep_alive(self) -> None:
        """Start a process, and restart it whenever it has ended, until we have to stop."""
        backoff_s = self._first_backoff_s
        while not self._stopping.is_set():
            try:
                lived_long = self._live_once()
            except OSError as error:
                self._trouble, lived_long = f"can't be started: {error}", False
            if self._stopping.is_set():
                return
            log.warning("ingest worker: %s", self._trouble)
            self._stopping.wait(backoff_s)
            backoff_s = self._first_backoff_s if lived_long else min(2 * backoff_s, MAX_BACKOFF_S)

    def _live_once(self) -> bool:
        """Run a process until it ends, or we have to; returns whether it lived for long."""
        process = self._process = start(self._options)
        begun = heard = time.monotonic()
        self.hears = False
        try:
            while not has_ended(process, LOOK_S):
                now = time.monotonic()
                if now - begun > WELL_AFTER_S:
                    self._trouble = ""
                if not unheard(process):
                    heard, self.hears = now, True
                # It may take a while until it reads at all.
                if now - heard > (self._deaf_after_s if self.hears else DEAF_AFTER_S):
                    self._trouble = "did nothing for long, and is restarted"
                    return False
            self._trouble = f"ended with {process.returncode}, and is restarted"
            return time.monotonic() - begun > WELL_AFTER_S
        finally:
            self._end_process(process)

    def _wake(self) -> None:
        self._needed.set()
        process = self._process
        if process:
            self._end_process(process)

    def _end_process(self, process: subprocess.Popen[bytes]) -> None:
        """Have it end; if it has to be killed, no request is to blame."""
        if not ended_in_time(process):
            process.kill()
            process.wait()
            # What it had in hand is in that file, and would be blamed for its death.
            path_of(self._options.store).unlink(missing_ok=True)


def options_of(app: Flask) -> Options:
    """Return what a worker of this application is told."""
    instance: Path = app.config["INSTANCE_PATH"]
    key = kept_secret(instance / "ingest_key")
    database = app.config["SQLALCHEMY_DATABASE_URI"]
    return Options(
        store=str(instance / "ingest.db"),
        database=str(database_file(database) or database),
        archive=str(instance / "archive"),
        hash_key=key.encode().hex(),
        retention_days=app.config["INGEST_RETENTION_DAYS"],
        plugins=tuple(app.config["INGEST_PLUGINS"]),
        lookup_url=app.config["INGEST_LOOKUP_URL"],
        lookup_required=app.config["INGEST_LOOKUP_REQUIRED"],
        redis_url=app.config["REDIS_URL"],
        store_url=app.config["INGEST_DATABASE_URL"],
    )


def _make(app: Flask) -> NoWorker | WorkerThread | Supervisor:
    kind = app.config["INGEST_WORKER"]
    if kind == "off":
        return NoWorker()
    return (WorkerThread if kind == "thread" else Supervisor)(options_of(app))


WORKER: Slot[NoWorker | WorkerThread | Supervisor] = Slot("ingest worker", _make)


def init_app(app: Flask) -> None:
    """Have the worker start with the server."""
    PARTS.of(app).add("ingest", WORKER)
