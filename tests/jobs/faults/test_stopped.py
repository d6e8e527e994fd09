"""A server that is told to stop hands its jobs back; one that stands still loses them."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from ...execution.support import alive, descendants, needs_bubblewrap
from ...support import history
from ...support.people import Person
from ...support.served import JobServer, Traces
from ...support.waiting import PATIENCE, eventually
from .support import attempts, becomes, began, illegal, job, kinds, locked, outcomes, runs_code

Launch = Callable[..., JobServer]
Over = Callable[..., Person]


def terminate(server: JobServer) -> None:
    server.signal(signal.SIGTERM)


def interrupt(server: JobServer) -> None:
    """Press Ctrl-C: the terminal tells all processes in the foreground."""
    os.killpg(server.process.pid, signal.SIGINT)


def kill_the_arbiter(server: JobServer) -> None:
    server.process.kill()


STOPS = pytest.mark.parametrize("stop", [terminate, interrupt, kill_the_arbiter])


def is_over(server: JobServer, worker: int) -> None:
    """Wait until all of the server has ended; the jobs never would."""
    server.process.wait(timeout=PATIENCE)
    eventually(lambda: not alive(worker))


@STOPS
def test_long_jobs_are_handed_back_and_the_attempt_does_not_count(
    stop: Callable[[JobServer], None],
    launch: Launch,
    traces: Traces,
    app: Flask,
    alice: Person,
    over: Over,
) -> None:
    server = launch()
    person = over(server, alice)
    kinds = ("served_gate", "served_deaf")
    made = [person.submits(kind, max_attempts=1)["id"] for kind in kinds]
    began(traces, times=2)
    worker = server.worker
    stop(server)
    is_over(server, worker)
    for one in made:
        assert (job(alice, one)["status"], outcomes(alice, one)) == ("queued", ["handed_back"])
    traces.open("gate")
    server.start()
    for one in made:
        becomes(alice, one, "succeeded")
        assert outcomes(alice, one) == ["handed_back", "succeeded"]
        assert not illegal(app, one)


@needs_bubblewrap
@pytest.mark.parametrize("stop", [terminate, interrupt])
def test_code_is_killed_and_its_job_told_lost(
    stop: Callable[[JobServer], None], launch: Launch, app: Flask, alice: Person, over: Over
) -> None:
    server = launch(CODE_TIMEOUT_SECONDS="100")
    made = runs_code(over(server, alice))
    worker = server.worker
    box = descendants(worker)
    assert box
    stop(server)
    is_over(server, worker)
    assert not any(map(alive, box))
    ended = job(alice, made)
    assert (ended["status"], ended["attempt"]) == ("failed", 1)
    assert ended["error"]["code"] == "worker_lost"
    assert kinds(app, made)[-1] == "job.failed"


def test_a_stop_while_the_database_is_locked_is_in_time_too(
    launch: Launch, instance: Path, traces: Traces, alice: Person, over: Over
) -> None:
    server = launch()
    made = over(server, alice).submits("served_gate")["id"]
    began(traces)
    with locked(instance):
        server.signal(signal.SIGTERM)
        server.process.wait(timeout=PATIENCE)
    traces.open("gate")
    server.start()
    becomes(alice, made, "succeeded")
    assert len(outcomes(alice, made)) == 2


@pytest.fixture
def stopped(
    launch: Launch, instance: Path, traces: Traces, alice: Person, over: Over
) -> tuple[JobServer, JobServer, int]:
    """Return a server whose worker stands still, another one, and a job that went over to that.

    The first is stopped while it waits for the database, so that it does not hold the lock.
    """
    first = launch(JOB_LEASE_SECONDS="1")
    made = over(first, alice).submits("served_deaf", "first")["id"]
    began(traces)
    with locked(instance):
        os.kill(first.worker, signal.SIGSTOP)
    second = launch(JOB_LEASE_SECONDS="1")
    eventually(lambda: traces.lines("begun") == [f"{made} 1", f"{made} 2"])
    return first, second, made


def test_a_worker_that_stood_still_changes_nothing_when_it_goes_on(
    stopped: tuple[JobServer, JobServer, int],
    traces: Traces,
    app: Flask,
    alice: Person,
    over: Over,
) -> None:
    first, second, made = stopped
    traces.open("first")
    becomes(alice, made, "succeeded")
    made_by_second, told = job(alice, made), history.ids(app, f"job:{made}")
    os.kill(first.worker, signal.SIGCONT)
    eventually(lambda: traces.lines("done") == [f"{made} 2", f"{made} 1"])
    assert second.stop() == 0
    # Only the first one is left to run this, and by then it has tried to end the other one.
    becomes(alice, over(first, alice).submits("served_line")["id"], "succeeded")
    assert job(alice, made) == made_by_second
    assert history.ids(app, f"job:{made}") == told
    assert outcomes(alice, made) == ["worker_lost", "succeeded"]
    assert not illegal(app, made)


def test_a_worker_that_goes_on_in_the_middle_of_the_next_run_does_not_disturb_it(
    stopped: tuple[JobServer, JobServer, int], traces: Traces, alice: Person, over: Over
) -> None:
    first, second, made = stopped
    os.kill(first.worker, signal.SIGCONT)
    becomes(alice, over(first, alice).submits("served_line")["id"], "succeeded")
    assert job(alice, made)["status"] == "running"
    traces.open("first")
    assert becomes(alice, made, "succeeded")["result"]["process"] == second.worker
    lost, made_it = attempts(alice, made)
    assert lost["worker"] != made_it["worker"]
