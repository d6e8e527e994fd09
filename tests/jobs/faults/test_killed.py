"""A server that is killed loses no job: what may be repeated runs again, the rest is told."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from ...execution.support import alive, descendants, needs_bubblewrap
from ...support import history
from ...support.people import Person, ok
from ...support.served import JobServer, Traces
from ...support.waiting import eventually
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


def test_a_job_that_was_cut_off_runs_again_and_makes_one_result(
    launch: Launch, instance: Path, traces: Traces, app: Flask, alice: Person, over: Over
) -> None:
    server = launch()
    made = over(server, alice).submits("served_gate")["id"]
    began(traces)
    server.kill()
    assert job(alice, made)["status"] == "running"
    traces.open("gate")
    server.start()
    ended = becomes(alice, made, "succeeded")
    assert (ended["attempt"], ended["result"]["attempt"]) == (2, 2)
    assert outcomes(alice, made) == ["worker_lost", "succeeded"]
    assert (count(instance, "job_results"), traces.lines("done")) == (1, [f"{made} 2"])
    assert not illegal(app, made)


def test_a_report_that_was_cut_off_is_made_again(
    launch: Launch, instance: Path, app: Flask, alice: Person, project: int, over: Over
) -> None:
    history.fill(app, project, 5000)
    server = launch()
    made = cut_off_a_report(server, instance, over(server, alice), project)
    server.start()
    ended = becomes(alice, made, "succeeded")
    assert ended["attempt"] == 2
    assert outcomes(alice, made) == ["worker_lost", "succeeded"]
    assert b"<svg" in alice.get(f"/jobs/{made}/output").content
    assert not illegal(app, made)


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
    launch: Launch, app: Flask, alice: Person, over: Over
) -> None:
    server = launch(CODE_TIMEOUT_SECONDS="100")
    made = runs_code(over(server, alice))
    box = descendants(server.worker)
    assert box
    server.kill()
    eventually(lambda: not any(map(alive, box)))
    server.start()
    ended = becomes(alice, made, "failed")
    assert (ended["attempt"], ended["error"]["code"]) == (1, "worker_lost")
    barrier(over(server, alice))
    told = kinds(app, made)
    assert (told[:2], told[-1]) == (["job.queued", "job.started"], "job.failed")
    assert set(told[2:-1]) == {"job.output"}
    assert outcomes(alice, made) == ["worker_lost"]


@needs_bubblewrap
def test_code_that_was_cut_off_runs_again_on_request(
    launch: Launch, alice: Person, over: Over
) -> None:
    server = launch(CODE_TIMEOUT_SECONDS="100")
    made = runs_code(over(server, alice))
    server.kill()
    server.start()
    becomes(alice, made, "failed")
    ok(over(server, alice).post(f"/jobs/{made}/retry"))
    eventually(lambda: said(alice, made, attempt=2) == "hello\n")
    ok(over(server, alice).post(f"/jobs/{made}/cancel"))
    becomes(alice, made, "cancelled")
    assert outcomes(alice, made) == ["worker_lost", "cancelled"]


def barrier(person: Person) -> None:
    """Wait until a job that comes now has run: what was waiting before it has begun, too."""
    becomes(person, person.submits("served_line")["id"], "succeeded")


@pytest.mark.parametrize("whom", ["the arbiter", "the worker"])
def test_a_job_is_taken_up_when_one_process_of_the_server_dies(
    whom: str, launch: Launch, traces: Traces, app: Flask, alice: Person, over: Over
) -> None:
    server = launch()
    made = over(server, alice).submits("served_gate")["id"]
    began(traces)
    worker = server.worker
    if whom == "the worker":
        os.kill(worker, signal.SIGKILL)
    else:
        server.process.kill()
        server.process.wait()
        eventually(lambda: not alive(worker))
        server.start()
    began(traces, times=2)
    traces.open("gate")
    becomes(alice, made, "succeeded")
    assert not illegal(app, made)


def test_a_job_that_kills_its_worker_is_dead_in_the_end_and_others_go_on(
    launch: Launch, instance: Path, traces: Traces, alice: Person, bob: Person, over: Over
) -> None:
    server = launch()
    arbiter = server.process.pid
    deadly = over(server, alice).submits("served_kill", max_attempts=2)["id"]
    for attempt in (1, 2):
        began(traces, times=attempt)
        made = submits(over(server, bob), f"after-{attempt}", value="bob")
        becomes(bob, made, "succeeded")
    ended = becomes(alice, deadly, "dead")
    assert (ended["attempt"], ended["error"]["code"]) == (2, "worker_lost")
    assert outcomes(alice, deadly) == ["worker_lost"] * 2
    assert (server.process.pid, server.process.poll()) == (arbiter, None)
    eventually(lambda: len(locks(instance)) == 1)
    assert len(traces.lines("bob")) == 2
