"""The parent of several processes that serve: a worker that has just begun is told to stop."""

from __future__ import annotations

import logging
import os
import signal
from types import SimpleNamespace
from typing import Any

from collab.serving.leaving import LeavingArbiter


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
