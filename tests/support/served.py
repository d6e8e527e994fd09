"""Serves the application with types of jobs that wait, stumble and kill: `python -m` this.

A test and the jobs share a folder of traces: jobs append lines to files there, and wait at gates
that the test opens by making a file.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

from flask import Flask
from marshmallow import fields

from collab import create_app
from collab.core.schemas import Schema
from collab.jobs.context import JobContext, Result
from collab.jobs.registry import job_type, register
from collab.server import main

from .servers import ForkedServer

FOLDER = "TRACES"


class Traces:
    """What jobs leave behind outside of the database, and the gates where they wait."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(self, name: str, line: str) -> None:
        """Append a line in one write, which no other process can split."""
        descriptor = os.open(self.folder / name, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.write(descriptor, f"{line}\n".encode())
        os.close(descriptor)

    def lines(self, name: str) -> list[str]:
        """Return the lines of a file; none if nobody has written yet."""
        path = self.folder / name
        return path.read_text().splitlines() if path.exists() else []

    def open(self, gate: str) -> None:
        """Let the jobs go on that wait at a gate, and all that will come."""
        (self.folder / f"{gate}.gate").touch()

    def is_open(self, gate: str) -> bool:
        return (self.folder / f"{gate}.gate").exists()


class JobServer(ForkedServer):
    """Runs this module in a process that can be killed."""

    program = ("-m", "tests.support.served")


class GateIn(Schema):
    """What the gate or the file is called."""

    value = fields.String(load_default=None, allow_none=True)


def _traces() -> Traces:
    return Traces(Path(os.environ[FOLDER]))


def _result(ctx: JobContext) -> Result:
    made = {"attempt": ctx.attempt, "process": os.getpid()}
    return Result(made, body=b"made", content_type="text/plain", filename="made.txt")


def _wait(ctx: JobContext, gate: str, *, deaf: bool = False) -> Result:
    """Wait at a gate; unless deaf, look now and then whether to stop."""
    traces = _traces()
    traces.add("begun", f"{ctx.job_id} {ctx.attempt}")
    while not traces.is_open(gate):
        time.sleep(0.01)
        if not deaf:
            ctx.check()
    traces.add("done", f"{ctx.job_id} {ctx.attempt}")
    return _result(ctx)


@job_type("served_gate", payload=GateIn)
def gate(ctx: JobContext, payload: dict[str, Any]) -> Result:
    """Wait at a gate."""
    ctx.progress(0.5, "waiting")
    return _wait(ctx, payload["value"] or "gate")


@job_type("served_deaf", payload=GateIn)
def deaf(ctx: JobContext, payload: dict[str, Any]) -> Result:
    """Wait at a gate, and never look whether to stop."""
    return _wait(ctx, payload["value"] or "gate", deaf=True)


@job_type("served_line", payload=GateIn)
def line(ctx: JobContext, payload: dict[str, Any]) -> Result:
    """Work for a moment, and leave a line."""
    return _leaves_line(ctx, payload, 0.01)


@job_type("served_long_line", payload=GateIn)
def long_line(ctx: JobContext, payload: dict[str, Any]) -> Result:
    """Work too long to be taken ahead, and leave a line."""
    return _leaves_line(ctx, payload, 0.1)


def _leaves_line(ctx: JobContext, payload: dict[str, Any], seconds: float) -> Result:
    ctx.log("working")
    time.sleep(seconds)
    ctx.progress(0.9)
    _traces().add(payload["value"] or "lines", f"{ctx.job_id} {os.getpid()}")
    return _result(ctx)


@job_type("served_kill", payload=GateIn)
def kill(ctx: JobContext, payload: dict[str, Any]) -> Result:
    """Kill the process that runs it."""
    _traces().add("begun", f"{ctx.job_id} {ctx.attempt}")
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("nobody is left to get here")


def create() -> Flask:
    """Build the application: `flask --app tests.support.served:create worker`."""
    served = create_app()
    register(served, gate, deaf, line, long_line, kill)
    return served


class JobWorker(ForkedServer):
    """Runs jobs by the command `worker`, in a process that can be killed."""

    program = ("-m", "flask", "--app", "tests.support.served:create", "worker")


if __name__ == "__main__":
    main(create())
