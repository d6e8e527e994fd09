"""A run ends when it is told to, with all that it started."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from collab.jobs.context import JobContext, JobError, Result, Stopped
from tests.support.fork_server import ForkServer
from tests.support.handlers import (
    Call,
    Running,
    context,
    processes_in,
    refused,
    written,
)
from tests.support.servers import fork_server
from tests.support.waiting import eventually

WAITS = """
import time
def handler(event, context):
    context.progress(0.1, "running")
    time.sleep(1000)
"""


def test_a_run_that_is_told_to_stop_ends_at_once(start: Callable[..., Running]) -> None:
    running = start(WAITS)
    eventually(lambda: running.heard("running"))
    running.ctx.stop("cancelled")
    with pytest.raises(Stopped, match="cancelled"):
        running.outcome()


class Blind(JobContext):
    """Never sees that it has to stop when it looks by itself."""

    @property
    def cancelled(self) -> bool:
        return False


def test_a_run_does_not_have_to_look_whether_it_is_to_stop(tmp_path: Path) -> None:
    ctx = Blind(job_id=1, attempt=1, owner_id=1, project_id=None, timeout_s=60)
    running = Running(ctx, written(tmp_path, WAITS), {})
    eventually(lambda: running.heard("running"))
    ctx.stop("cancelled")
    with pytest.raises(Stopped):
        running.outcome()


def test_a_run_that_is_told_to_stop_while_it_starts_ends(tmp_path: Path) -> None:
    for _ in range(10):
        running = Running(context(), written(tmp_path, WAITS), {})
        running.ctx.stop("cancelled")
        with pytest.raises(Stopped):
            running.outcome()


def test_a_run_that_was_told_to_stop_does_not_start(call: Call, ctx: JobContext) -> None:
    ctx.stop("stopping")
    with pytest.raises(Stopped, match="stopping"):
        call("def handler(event, context): pass")


def test_stopping_a_run_that_has_ended_does_no_harm(call: Call, ctx: JobContext) -> None:
    ended = call("def handler(event, context): return {'a': 1}")
    ctx.stop("cancelled")
    assert ended.data == {"a": 1}


FAMILY = """
import os, subprocess, time
def handler(event, context):
    subprocess.Popen(["sleep", "1000"])
    subprocess.Popen(["sleep", "1000"], start_new_session=True)
    subprocess.run("setsid sh -c 'sleep 1000 & sleep 1000' &", shell=True)
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0: time.sleep(1000)
        os._exit(0)
    {then}
"""


def test_stopping_ends_all_that_a_handler_started(
    start: Callable[..., Running], temp: Path
) -> None:
    running = start(FAMILY.format(then="context.log('started'); time.sleep(1000)"))
    eventually(lambda: running.heard("started") and len(processes_in(temp)) >= 7)
    running.ctx.stop("cancelled")
    with pytest.raises(Stopped):
        running.outcome()
    assert processes_in(temp) == []


@pytest.mark.parametrize("then", ["pass", "raise ValueError", "os._exit(1)", "os.abort()"])
def test_the_end_of_a_handler_ends_all_that_it_started(call: Call, temp: Path, then: str) -> None:
    source = FAMILY.format(then=then)
    if then == "pass":
        assert call(source) == Result(None)
    else:
        assert isinstance(refused(call, source), JobError)
    assert processes_in(temp) == []


def test_a_handler_that_kills_its_guard_takes_its_group_along(call: Call, temp: Path) -> None:
    source = """
        import os, signal, subprocess, time
        def handler(event, context):
            subprocess.Popen(["sleep", "1000"])
            os.kill(os.getppid(), signal.SIGKILL)
            time.sleep(1000)
    """
    assert refused(call, source).code == "process_died"
    eventually(lambda: processes_in(temp) == [])


def test_a_handler_that_freezes_its_guard_can_still_be_stopped(
    start: Callable[..., Running], temp: Path
) -> None:
    source = """
        import os, signal, time
        def handler(event, context):
            os.kill(os.getppid(), signal.SIGSTOP)
            context.log("frozen")
            time.sleep(1000)
    """
    running = start(source)
    eventually(lambda: running.heard("frozen"))
    running.ctx.stop("cancelled")
    with pytest.raises(Stopped):
        running.outcome()
    eventually(lambda: processes_in(temp) == [])


@pytest.fixture(scope="module")
def forks() -> ForkServer:
    """Return what starts servers: it is there before the test begins, and stays after it."""
    return fork_server()


def test_killing_the_server_ends_its_handlers_and_removes_their_files(
    forks: ForkServer, tmp_path: Path, temp: Path
) -> None:
    handler = written(tmp_path, FAMILY.format(then="time.sleep(1000)"))
    command = ["-m", "tests.support.handlers", str(temp), str(handler)]
    server = forks.start(command, dict(os.environ), tmp_path / "output")
    eventually(lambda: len(processes_in(temp)) >= 7)
    server.kill()
    server.wait()
    eventually(lambda: processes_in(temp) == [])
    eventually(lambda: list(temp.iterdir()) == [])


def test_a_process_that_can_not_be_started_is_told(
    call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "no-python"))
    error = refused(call, "def handler(event, context): pass")
    assert (error.code, error.retry) == ("not_started", True)
