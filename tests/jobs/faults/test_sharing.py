"""Many submissions, several servers, a full pool: each job runs once, and nobody waits for long."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import httpx
from flask import Flask

from collab.core.models import utcnow

from ...support.people import Person
from ...support.problems import problem
from ...support.served import JobServer, Traces
from ...support.waiting import eventually
from .support import becomes, began, count, illegal, job

Launch = Callable[..., JobServer]
Over = Callable[..., Person]

RACERS = 32
#: Several seconds' work for one server, while the other looks for jobs once a second.
JOBS = 100


def test_racing_submissions_with_one_key_make_one_job(
    launch: Launch, instance: Path, traces: Traces, alice: Person, over: Over
) -> None:
    server = launch()
    start = threading.Barrier(RACERS)

    def order(person: Person) -> httpx.Response:
        start.wait(30)
        body = {"type": "served_line", "payload": {"value": "line"}}
        return person.post("/jobs", body, headers={"Idempotency-Key": "one"})

    with ThreadPoolExecutor(RACERS) as pool:
        answers = list(pool.map(order, [over(server, alice) for _ in range(RACERS)]))
    assert [answer.status_code for answer in answers] == [201] * RACERS
    (made,) = {answer.json()["id"] for answer in answers}
    assert sum("Idempotency-Replayed" in answer.headers for answer in answers) == RACERS - 1
    becomes(alice, made, "succeeded")
    assert (count(instance, "jobs"), count(instance, "job_keys")) == (1, 1)
    assert len(traces.lines("line")) == 1


def test_the_same_key_with_another_payload_is_refused(
    launch: Launch, instance: Path, alice: Person, over: Over
) -> None:
    person = over(launch(), alice)
    person.submits("served_line", "this", idempotency_key="one")
    body = {"type": "served_line", "payload": {"value": "that"}, "idempotency_key": "one"}
    problem(person.post("/jobs", body), 422)
    assert count(instance, "jobs") == 1


def test_two_servers_share_the_jobs_and_double_none(
    launch: Launch, traces: Traces, app: Flask, alice: Person, over: Over
) -> None:
    first, second = launch(), launch()
    person, due = over(first, alice), (utcnow() + timedelta(seconds=3)).isoformat()
    made = [person.submits("served_long_line", run_at=due)["id"] for _ in range(JOBS)]
    eventually(lambda: len(traces.lines("lines")) >= JOBS, patience=60)
    for one in made:
        becomes(alice, one, "succeeded")
    lines = [tuple(map(int, line.split())) for line in traces.lines("lines")]
    assert sorted(job_id for job_id, _ in lines) == made
    assert {process for _, process in lines} == {first.worker, second.worker}
    assert not illegal(app, *made)


def test_a_pool_full_of_one_persons_long_jobs_leaves_room_for_another(
    launch: Launch, traces: Traces, alice: Person, bob: Person, over: Over
) -> None:
    server = launch(JOB_WORKERS="4")
    long = [over(server, alice).submits("served_deaf")["id"] for _ in range(8)]
    began(traces, times=3)
    for _ in range(3):
        short = over(server, bob).submits("served_line")["id"]
        becomes(bob, short, "succeeded")
    assert [job(alice, one)["status"] for one in long] == ["running"] * 3 + ["queued"] * 5
    traces.open("gate")
    for one in long:
        becomes(alice, one, "succeeded")
