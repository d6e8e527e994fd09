"""A server that is killed loses no job: what may be repeated runs again, the rest is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from collab.execution.programs import bubblewrap

from ...execution.support import alive, descendants, needs_bubblewrap
from ...support import history
from ...support.people import Person, ok
from ...support.served import JobServer, Traces
from ...support.waiting import eventually
from .conftest import Scene
from .support import (
    becomes,
    began,
    count,
    illegal,
    job,
    kinds,
    locked,
    locks,
    outcomes,
    runs_code,
    said,
    submits,
)

Launch = Callable[..., JobServer]
Over = Callable[..., Person]


@dataclass
class CutOff:
    """A server that was killed in the middle of jobs and has started again, and these jobs."""

    scene: Scene
    server: JobServer
    gate: int
    cancelled: int
    report: int
    #: Code of alice's and of bob's, and the processes that ran it; none without bubblewrap.
    codes: list[int]
    box: set[int]
    #: The jobs that were running for people while no server was.
    running: set[int]

    @property
    def alice(self) -> Person:
        return self.scene.person()


@pytest.fixture(scope="module")
def cut_off(scenes: Callable[[], Scene]) -> CutOff:
    """Kill a server once, with all kinds of jobs in hand, and start it again."""
    scene = scenes()
    history.fill(scene.app, scene.project, 5000)
    server = scene.launch(JOB_WORKERS="8", CODE_TIMEOUT_SECONDS="100", CODE_AT_ONCE="2")
    alice, bob = scene.at(server), scene.at(server, "bob")
    gate = alice.submits("served_gate")["id"]
    cancelled = alice.submits("served_deaf", "never")["id"]
    codes = [runs_code(alice), runs_code(bob)] if bubblewrap() else []
    box = descendants(server.worker)
    began(scene.traces, times=2)
    ok(alice.post(f"/jobs/{cancelled}/cancel"))
    report = cut_off_a_report(server, scene.instance, alice, scene.project)
    made = (gate, report, *codes[:1])
    running = {one for one in made if job(scene.person(), one)["status"] == "running"}
    eventually(lambda: not any(map(alive, box)))
    scene.traces.open("gate")
    server.start()
    return CutOff(scene, server, gate, cancelled, report, codes, box, running)


def test_a_job_that_was_cut_off_runs_again_and_makes_one_result(cut_off: CutOff) -> None:
    scene, made = cut_off.scene, cut_off.gate
    assert made in cut_off.running
    ended = becomes(cut_off.alice, made, "succeeded")
    assert (ended["attempt"], ended["result"]["attempt"]) == (2, 2)
    assert outcomes(cut_off.alice, made) == ["worker_lost", "succeeded"]
    assert count(scene.instance, f"job_results WHERE job_id = {made}") == 1
    assert scene.traces.lines("done") == [f"{made} 2"]
    assert not illegal(scene.app, made)


def test_a_report_that_was_cut_off_is_made_again(cut_off: CutOff) -> None:
    alice, made = cut_off.alice, cut_off.report
    assert made in cut_off.running
    ended = becomes(alice, made, "succeeded")
    assert ended["attempt"] == 2
    assert outcomes(alice, made) == ["worker_lost", "succeeded"]
    assert b"<svg" in alice.get(f"/jobs/{made}/output").content
    assert not illegal(cut_off.scene.app, made)


def test_a_cancel_that_was_answered_outlives_the_server(cut_off: CutOff) -> None:
    alice, made = cut_off.alice, cut_off.cancelled
    becomes(alice, made, "cancelled")
    barrier(cut_off.scene.at(cut_off.server))
    assert job(alice, made)["status"] == "cancelled"
    begun = [line for line in cut_off.scene.traces.lines("begun") if line.startswith(f"{made} ")]
    assert begun == [f"{made} 1"]


def cut_off_a_report(server: JobServer, instance: Path, alice: Person, project: int) -> int:
    """Kill the server while a report runs, and return the job.

    A report is quick: one that ends before the database is locked is not the one.
    """
    while True:
        made = ok(alice.post("/jobs", {"type": "report", "project_id": project}))["id"]
        has_begun(alice, made)
        with locked(instance):
            if job(alice, made)["status"] == "running":
                server.kill()
                return int(made)


def has_begun(person: Person, job_id: int) -> None:
    """Wait until a job no longer waits."""
    eventually(lambda: job(person, job_id)["status"] != "queued")


@needs_bubblewrap
def test_code_that_was_cut_off_leaves_no_process_and_never_runs_again_by_itself(
    cut_off: CutOff,
) -> None:
    alice, made = cut_off.alice, cut_off.codes[0]
    assert cut_off.box
    assert not any(map(alive, cut_off.box))
    ended = becomes(alice, made, "failed")
    assert (ended["attempt"], ended["error"]["code"]) == (1, "worker_lost")
    barrier(cut_off.scene.at(cut_off.server))
    told = kinds(cut_off.scene.app, made)
    assert (told[:2], told[-1]) == (["job.queued", "job.started"], "job.failed")
    assert set(told[2:-1]) == {"job.output"}
    assert outcomes(alice, made) == ["worker_lost"]


@needs_bubblewrap
def test_code_that_was_cut_off_runs_again_on_request(cut_off: CutOff) -> None:
    bob, made = cut_off.scene.person("bob"), cut_off.codes[1]
    becomes(bob, made, "failed")
    ok(cut_off.scene.at(cut_off.server, "bob").post(f"/jobs/{made}/retry"))
    eventually(lambda: said(bob, made, attempt=2) == "hello\n")
    ok(cut_off.scene.at(cut_off.server, "bob").post(f"/jobs/{made}/cancel"))
    becomes(bob, made, "cancelled")
    assert outcomes(bob, made) == ["worker_lost", "cancelled"]


def barrier(person: Person) -> None:
    """Wait until a job that comes now has run: what was waiting before it has begun, too."""
    becomes(person, person.submits("served_line")["id"], "succeeded")


def test_a_job_that_kills_its_worker_is_dead_in_the_end_and_others_go_on(
    launch: Launch, instance: Path, traces: Traces, alice: Person, bob: Person, over: Over
) -> None:
    # With two of them the next one is a fork; a lone one would begin by importing everything.
    server = launch(WEB_PROCESSES="2")
    arbiter, before = server.process.pid, eventually(lambda: both(instance))
    # It may kill the process that is about to answer.
    deadly = submits(over(server, alice), "deadly", kind="served_kill", max_attempts=2)
    for attempt in (1, 2):
        began(traces, times=attempt)
        made = submits(over(server, bob), f"after-{attempt}", value="bob")
        becomes(bob, made, "succeeded")
    ended = becomes(alice, deadly, "dead")
    assert (ended["attempt"], ended["error"]["code"]) == (2, "worker_lost")
    assert outcomes(alice, deadly) == ["worker_lost"] * 2
    assert (server.process.pid, server.process.poll()) == (arbiter, None)
    # The locks of the killed are cleared away, and the new processes have their own.
    eventually(lambda: both(instance) and set(both(instance)) != set(before))
    assert len(traces.lines("bob")) == 2


def both(instance: Path) -> list[str]:
    """Return the locks of two processes that work; nothing while there are more, or fewer."""
    found = locks(instance)
    return found if len(found) == 2 else []
