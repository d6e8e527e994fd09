"""The parent of several processes that serve: a worker that has just begun is told to stop."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from collab.serving.leaving import LeavingArbiter

from ..support.servers import ProcessServer
from ..support.waiting import eventually


class Beginner:
    """A worker that is told to stop before it has handlers; it ends with 0 if that waits for it."""

    def __init__(self, *given: Any) -> None:
        self.pid = 0

    def init_process(self) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        os._exit(0 if signal.SIGTERM in signal.sigpending() else 1)


def arbiter() -> Any:
    """Return one that has been told nothing but what it takes to start a worker."""
    made: Any = object.__new__(LeavingArbiter)
    made.pid, made.worker_age, made.worker_class = os.getpid(), 0, Beginner
    made.LISTENERS, made.WORKERS, made.app, made.timeout = [], {}, None, 30
    made.proc_name, made.log = "collab", logging.getLogger("test")
    made._stats = {"workers_spawned": 0}
    made.cfg = SimpleNamespace(
        reuse_port=False, pre_fork=lambda *_: None, post_fork=lambda *_: None
    )
    return made


def test_a_worker_that_is_told_to_stop_before_it_has_handlers_hears_it_later() -> None:
    _, status = os.waitpid(arbiter().spawn_worker(), 0)
    assert os.waitstatus_to_exitcode(status) == 0
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    assert signal.SIGTERM not in blocked, "the parent hears it at once"


@pytest.mark.parametrize("processes", [1, 2])
def test_no_thread_of_a_worker_holds_back_what_stops_the_programs_that_it_starts(
    process: Callable[..., ProcessServer], processes: int
) -> None:
    server = process(WEB_PROCESSES=str(processes))
    eventually(lambda: len(server.workers) == processes)
    worker = server.workers[-1]
    # Not at once: of several, another one may have answered that the server is ready.
    eventually(lambda: len(masks(worker)) > 1 and not any(map(holds_back_sigterm, masks(worker))))


def holds_back_sigterm(mask: int) -> bool:
    return bool(mask >> (signal.SIGTERM - 1) & 1)


def masks(process: int) -> list[int]:
    """Return which signals each thread of a process holds back (proc_pid_status(5))."""
    statuses = [one.read_text() for one in Path(f"/proc/{process}/task").glob("*/status")]
    return [int(one.partition("SigBlk:")[2].split()[0], 16) for one in statuses]
