"""A server that is told to stop hands its jobs back; one that stands still loses them."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from collab.execution.programs import bubblewrap

from ...execution.support import alive, descendants, needs_bubblewrap
from ...support import history
from ...support.people import Person
from ...support.served import JobServer, Traces
from ...support.waiting import PATIENCE, eventually
from .conftest import Scene
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


def is_over(server: JobServer, worker: int) -> None:
    """Wait until all of the server has ended; the jobs never would."""
    server.process.wait(timeout=PATIENCE)
    eventually(lambda: not alive(worker))


@dataclass
class Stopped:
    """A server that was told to stop in the middle of jobs, and what it left."""

    scene: Scene
    long: list[int]
    code: int | None
    #: The processes that ran the code.
    box: set[int]


@pytest.fixture(scope="module", params=[terminate, interrupt, kill_the_arbiter])
def told_to_stop(request: pytest.FixtureRequest, scenes: Callable[[], Scene]) -> Stopped:
    """Stop a server in one of the ways, while it runs jobs that never look, and code."""
    scene = scenes()
    server = scene.launch(CODE_TIMEOUT_SECONDS="100")
    alice = scene.at(server)
    types = ("served_gate", "served_deaf")
    long = [alice.submits(kind, max_attempts=1)["id"] for kind in types]
    code = runs_code(scene.at(server, "bob")) if bubblewrap() else None
    began(scene.traces, times=2)
    worker = server.worker
    box = descendants(worker)
    request.param(server)
    is_over(server, worker)
    return Stopped(scene, long, code, box)


def test_long_jobs_are_handed_back(told_to_stop: Stopped) -> None:
    """And what was handed back is run again, as the test of a reload shows."""
    alice = told_to_stop.scene.person()
    for one in told_to_stop.long:
        assert (job(alice, one)["status"], outcomes(alice, one)) == ("queued", ["handed_back"])


@needs_bubblewrap
def test_code_is_killed_and_its_job_told_lost(told_to_stop: Stopped) -> None:
    assert told_to_stop.box
    assert told_to_stop.code is not None
    assert not any(map(alive, told_to_stop.box))
    ended = job(told_to_stop.scene.person("bob"), told_to_stop.code)
    assert (ended["status"], ended["attempt"]) == ("failed", 1)
    assert ended["error"]["code"] == "worker_lost"
    assert kinds(told_to_stop.scene.app, told_to_stop.code)[-1] == "job.failed"


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


@dataclass
class StoodStill:
    """A worker that stood still, and another one that took over its two jobs."""

    scene: Scene
    second: int
    #: What is to end before the first goes on, and what goes on after it.
    early: int
    late: int
    #: What was to be seen of the early one when the other had made it, and of its events.
    seen: dict[str, object]
    told: list[int]
    #: How the late one was when the first had gone on and run another job.
    meanwhile: str


@pytest.fixture(scope="module")
def stood_still(scenes: Callable[[], Scene]) -> StoodStill:
    """Let a worker stand still until another one has taken its jobs, and go on then.

    It is stopped while it waits for the database, so that it does not hold the lock.
    """
    scene = scenes()
    alice, traces = scene.person(), scene.traces
    first = scene.launch(JOB_LEASE_SECONDS="1")
    early, late = (scene.at(first).submits("served_deaf", gate)["id"] for gate in ("early", "late"))
    began(traces, times=2)
    with locked(scene.instance):
        os.kill(first.worker, signal.SIGSTOP)
    second = scene.launch(JOB_LEASE_SECONDS="1")
    again = {f"{early} 2", f"{late} 2"}
    eventually(lambda: again <= {*traces.lines("begun")})
    traces.open("early")
    seen = becomes(alice, early, "succeeded")
    told = history.ids(scene.app, f"job:{early}")
    os.kill(first.worker, signal.SIGCONT)
    eventually(lambda: traces.lines("done") == [f"{early} 2", f"{early} 1"])
    # Whoever runs these, the first has a place for one and tries to end the early job before it.
    becomes(alice, scene.at(first).submits("served_line")["id"], "succeeded")
    meanwhile = job(alice, late)["status"]
    traces.open("late")
    becomes(alice, late, "succeeded")
    made_by = second.worker
    assert second.stop() == 0
    # Only the first one is left to run this, and by then it has tried to end the others.
    becomes(alice, scene.at(first).submits("served_line")["id"], "succeeded")
    return StoodStill(scene, made_by, early, late, seen, told, meanwhile)


def test_a_worker_that_stood_still_changes_nothing_when_it_goes_on(stood_still: StoodStill) -> None:
    scene, made, alice = stood_still.scene, stood_still.early, stood_still.scene.person()
    assert job(alice, made) == stood_still.seen
    assert history.ids(scene.app, f"job:{made}") == stood_still.told
    assert outcomes(alice, made) == ["worker_lost", "succeeded"]
    assert not illegal(scene.app, made)


def test_a_worker_that_goes_on_in_the_middle_of_the_next_run_does_not_disturb_it(
    stood_still: StoodStill,
) -> None:
    alice, made = stood_still.scene.person(), stood_still.late
    assert stood_still.meanwhile == "running"
    assert job(alice, made)["result"]["process"] == stood_still.second
    lost, made_it = attempts(alice, made)
    assert lost["worker"] != made_it["worker"]
