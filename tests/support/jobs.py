"""Types of jobs for the tests, and a scheduler that runs jobs in the calling thread."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from flask import Flask
from marshmallow import fields

from collab.core.models import utcnow
from collab.core.schemas import Schema
from collab.jobs.context import FatalError, JobContext, JobError, Result
from collab.jobs.engine.attempt import Run, carry_out
from collab.jobs.engine.queue import JobFeed
from collab.jobs.engine.scheduler import Scheduler
from collab.jobs.engine.server_lock import ServerLock
from collab.jobs.engine.worker_lock import lock_of
from collab.jobs.registry import JobType, job_type, register

from .waiting import PATIENCE, eventually


class AnyIn(Schema):
    """A payload with a value to give back, or to stumble over."""

    value = fields.Raw(load_default=None, allow_none=True)


#: What the blocking jobs of a test wait for, by the payload's value.
gates: dict[Any, threading.Event] = {}
#: The contexts of runs that wait at a gate.
waiting: dict[Any, JobContext] = {}


@job_type("test_echo", payload=AnyIn)
def echo(ctx: JobContext, payload: dict[str, Any]) -> Result:
    """Give the value back."""
    return Result({"value": payload["value"], "attempt": ctx.attempt})


@job_type("test_file", payload=AnyIn)
def file(ctx: JobContext, payload: dict[str, Any]) -> Result:
    """Make a file."""
    return Result({}, body=b"made", content_type="text/plain", filename="made.txt")


@job_type("test_failing", payload=AnyIn, max_attempts=3)
def failing(ctx: JobContext, payload: dict[str, Any]) -> Result:
    """Fail until the attempt that the value names; never succeed without."""
    ctx.log(f"attempt {ctx.attempt}")
    if payload["value"] is None or ctx.attempt < payload["value"]:
        raise JobError("unlucky", f"attempt {ctx.attempt} failed")
    return Result({"attempt": ctx.attempt})


@job_type("test_hopeless", payload=AnyIn)
def hopeless(ctx: JobContext, payload: dict[str, Any]) -> Result:
    """Fail for good, with what there was before."""
    raise FatalError("hopeless", "There is no use.", result=Result({"before": 1}))


@job_type("test_hopeless_talker", payload=AnyIn)
def hopeless_talker(ctx: JobContext, payload: dict[str, Any]) -> Result:
    """Say something, and fail for good."""
    ctx.log("no use")
    raise FatalError("hopeless", "There is no use.")


@job_type("test_buggy", payload=AnyIn, max_attempts=1)
def buggy(ctx: JobContext, payload: dict[str, Any]) -> Result:
    """Raise what nobody foresaw."""
    raise {"exit": SystemExit(3), "key": KeyError("nothing")}[payload["value"]]


def _wait(ctx: JobContext, gate: Any) -> Result:
    opened = gates.setdefault(gate, threading.Event())
    waiting[gate] = ctx
    while not opened.wait(0.01):
        ctx.check()
    return Result({"attempt": ctx.attempt})


@job_type("test_gate", payload=AnyIn, timeout_s=60)
def gate(ctx: JobContext, payload: dict[str, Any]) -> Result:
    """Wait until the test opens the gate; look now and then whether to stop."""
    return _wait(ctx, payload["value"])


@job_type("test_once", payload=AnyIn, repeatable=False, max_attempts=1)
def once(ctx: JobContext, payload: dict[str, Any]) -> Result:
    """Wait like a gate, but never run twice."""
    return _wait(ctx, payload["value"])


@job_type("test_deaf", payload=AnyIn)
def deaf(ctx: JobContext, payload: dict[str, Any]) -> Result:
    """Wait until the test opens the gate, and never look whether to stop."""
    opened = gates.setdefault(payload["value"], threading.Event())  # before the test sees the run
    waiting[payload["value"]] = ctx
    opened.wait(60)
    return Result({"late": True})


@job_type("test_talker", payload=AnyIn, max_attempts=1)
def talker(ctx: JobContext, payload: dict[str, Any]) -> Result:
    """Say each item of the value: `[stream, text]` as output, or `[fraction, message]`."""
    for first, text in payload["value"]:
        if isinstance(first, str):
            ctx.output(first, text)
        else:
            ctx.progress(first, text)
    return Result({"said": len(payload["value"])})


#: What the next `test_strange` jobs do.
strange: list[Callable[[JobContext], Any]] = []


@job_type("test_strange", payload=AnyIn, max_attempts=1)
def strangely(ctx: JobContext, payload: dict[str, Any]) -> Any:
    """Do what the test says."""
    return strange.pop(0)(ctx)


@job_type("test_single", payload=AnyIn, at_once=lambda: 1)
def single(ctx: JobContext, payload: dict[str, Any]) -> Result:
    """Wait like a gate; one at a time."""
    return _wait(ctx, payload["value"])


#: Why `test_away` jobs can't be taken now, if anything is in it.
away: list[str] = []


@job_type("test_away", payload=AnyIn, unavailable=lambda: away[0] if away else None)
def sometimes(ctx: JobContext, payload: dict[str, Any]) -> Result:
    """Be there or not, as the test says."""
    return Result({})


def bring_types(app: Flask) -> Flask:
    """Let an application run the types above."""
    register(app, *(one for one in globals().values() if isinstance(one, JobType)))
    return app


class Clock:
    """A clock that moves when it is told to, on the wall and since some moment."""

    def __init__(self) -> None:
        self.wall, self.steady = utcnow(), 1000.0

    def passes(self, seconds: float) -> None:
        """Let time pass."""
        self.wall += timedelta(seconds=seconds)
        self.steady += seconds

    def is_set(self, seconds: float) -> None:
        """Set the wall clock forward or back; no time passes."""
        self.wall += timedelta(seconds=seconds)

    def now(self) -> datetime:
        return self.wall

    def monotonic(self) -> float:
        return self.steady


class Desk:
    """One worker whose jobs run in the calling thread, or in one of their own."""

    def __init__(
        self,
        app: Flask,
        *,
        workers: int = 4,
        lease_s: float = 30.0,
        clock: Clock | None = None,
        source: JobFeed | None = None,
    ) -> None:
        self.clock = clock or Clock()
        self.app, self.worker = app, lock_of(app)
        self.worker.begin()
        self.threads: list[threading.Thread] = []
        self._at: dict[Any, threading.Thread] = {}
        self.begin: Callable[[Run], None] = self.at_once
        self.scheduler = Scheduler(
            app,
            self.worker,
            lambda run: self.begin(run),
            workers=workers,
            lease_s=lease_s,
            source=source,
            clock=self.clock.now,
            monotonic=self.clock.monotonic,
        )

    def at_once(self, run: Run) -> None:
        """Run a job before the tick returns."""
        self.scheduler.over(run, carry_out(self.app, run))

    def in_a_thread(self, run: Run) -> None:
        """Run a job in a thread."""
        thread = threading.Thread(target=self.at_once, args=(run,))
        self.threads.append(thread)
        self._at[run.job.payload["value"]] = thread
        thread.start()

    def starts(self, *at: Any) -> list[JobContext]:
        """Start what is ready in threads; returns the contexts of those that came to a gate."""
        self.begin = self.in_a_thread
        self.tick()
        return [eventually(lambda gate=gate: waiting.get(gate)) for gate in at]

    def opens(self, *at: Any) -> None:
        """Let runs go on from their gates to the end, and take note of it."""
        self.lets_go(*at)
        self.tick()

    def lets_go(self, *at: Any) -> None:
        """Let runs go on from their gates to the end."""
        for gate in at:
            gates[gate].set()
        for gate in at:
            self._at[gate].join(PATIENCE)
            assert not self._at[gate].is_alive(), "the run goes on"

    def hears(self, *at: Any) -> None:
        """Wait for runs to end by themselves, or since they were told to; take note of it."""
        for gate in at:
            self._at[gate].join(PATIENCE)
            assert not self._at[gate].is_alive(), "the run goes on"
        self.tick()

    def dies(self) -> None:
        """End like a killed process: the system lets go of the lock, the file stays."""
        if isinstance(self.worker, ServerLock):
            self.worker._let_go()
            eventually(lambda: self.worker.is_dead(self.worker.name))  # the server has to see it
            return
        assert self.worker._held is not None
        self.worker._held.close()
        self.worker._held = None

    def work(self) -> None:
        """Run what is ready, until nothing is."""
        self.scheduler.tick()
        while self.scheduler.runs:
            self.scheduler.tick()

    def tick(self) -> None:
        self.scheduler.tick()

    def join(self) -> None:
        """Wait until the threads have ended."""
        for thread in self.threads:
            thread.join(PATIENCE)

    def close(self) -> None:
        for opened in gates.values():
            opened.set()
        self.join()
        self.worker.end()
