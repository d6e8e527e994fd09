"""Begins the one process that serves, and becomes the program that watches it (`watcher.py`).

gunicorn's arbiter would stay as large as the application that it was forked with, and every page
that the worker writes to would exist twice. Where several web processes share one application, it
is the other way round, and the arbiter stays.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from gunicorn.app.base import BaseApplication
from gunicorn.sock import create_sockets

from . import watcher
from .watcher import BOOT_ERROR, HELD_SIGNALS, LEFT_VARIABLE

log = logging.getLogger(__name__)

#: The worker's number, as gunicorn counts them.
FIRST_AGE = 1
#: Interpreter options for the small program: they leave out this folder and what packages install.
BARE_FLAGS = ("-I", "-S")


class Left(NamedTuple):
    """What the previous server left: its port, and how it ended (None: as it was told)."""

    sockets: tuple[int, ...]
    code: int | None

    @property
    def binds(self) -> list[str]:
        """Return gunicorn's names for sockets that are open already."""
        return [f"fd://{one}" for one in self.sockets]


def take_left() -> Left | None:
    """Return what the previous server left, if there was one; nobody else sees it."""
    found = os.environ.pop(LEFT_VARIABLE, None)
    if found is None:
        return None
    sockets, _, code = found.partition(" ")
    return Left(tuple(map(int, sockets.split(","))), int(code) if code else None)


def serve(server: BaseApplication, left: Left | None) -> None:
    """Serve from a new process, until it ends; this one becomes the program that watches it."""
    cfg = server.cfg
    gunicorn_log = cfg.logger_class(cfg)
    sockets = create_sockets(cfg, gunicorn_log)
    if left and left.code is not None:
        log.error("the process that served ended with %s, another one begins", left.code)
    cfg.when_ready(server)
    half = cfg.timeout / 2  # seconds between two signs of life, at most
    worker = cfg.worker_class(FIRST_AGE, os.getpid(), sockets, server, half, cfg, gunicorn_log)
    signal.pthread_sigmask(signal.SIG_BLOCK, HELD_SIGNALS)
    child = os.fork()
    if child:
        _watch(child, worker)
    _work(worker)


def hear_signals() -> None:
    """Unblock signals that were held back since before the fork, now that they have handlers."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, HELD_SIGNALS)


def _watch(child: int, worker: Any) -> NoReturn:
    kept = [worker.tmp.fileno(), *(one.fileno() for one in worker.sockets)]
    for one in kept:
        os.set_inheritable(one, True)
    cfg = worker.cfg
    told = (
        child,
        kept[0],
        ",".join(map(str, kept[1:])),
        cfg.timeout,
        cfg.graceful_timeout,
        *command(),
    )
    program = str(Path(watcher.__file__).resolve())
    os.execv(sys.executable, [sys.executable, *BARE_FLAGS, program, *map(str, told)])  # noqa: S606


def command() -> list[str]:
    """Return the command that restarts this program."""
    spec = sys.modules["__main__"].__spec__
    if spec is None:
        return [sys.executable, *sys.argv]
    return [sys.executable, "-m", spec.name, *sys.argv[1:]]


def _work(worker: Any) -> None:
    worker.pid = os.getpid()
    try:
        worker.init_process()
    except SystemExit:
        raise
    except Exception:
        log.exception("the process that serves has failed")
        sys.exit(1 if worker.booted else BOOT_ERROR)
    sys.exit(0)
