"""Several servers, a full pool: each job runs once, and nobody waits for long."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from flask import Flask

from collab.core.models import utcnow

from ...support.people import Person
from ...support.served import JobServer, Traces
from ...support.waiting import eventually
from .support import becomes, began, count, illegal, job

Launch = Callable[..., JobServer]
Over = Callable[..., Person]

#: Several seconds' work for one server, while the other looks for jobs once a second.
JOBS = 40


def test_two_servers_share_the_jobs_and_double_none(
    launch: Launch, instance: Path, traces: Traces, app: Flask, alice: Person, over: Over
) -> None:
    first, second = launch(), launch()
    person, due = over(first, alice), (utcnow() + timedelta(seconds=2)).isoformat()
    made = [person.submits("served_long_line", run_at=due)["id"] for _ in range(JOBS)]
    eventually(lambda: count(instance, "jobs WHERE status = 'succeeded'") == JOBS)
    lines = [tuple(map(int, line.split())) for line in traces.lines("lines")]
    assert sorted(job_id for job_id, _ in lines) == made
    assert {process for _, process in lines} == {first.worker, second.worker}
    assert not illegal(app, *made)


def test_a_pool_full_of_one_persons_long_jobs_leaves_room_for_another(
    launch: Launch, traces: Traces, alice: Person, bob: Person, over: Over
) -> None:
    server = launch(JOB_WORKERS="4")
    hers, his = over(server, alice), over(server, bob)
    long = [hers.submits("served_deaf")["id"] for _ in range(8)]
    began(traces, times=3)
    for _ in range(3):
        short = his.submits("served_line")["id"]
        becomes(bob, short, "succeeded")
    assert [job(alice, one)["status"] for one in long] == ["running"] * 3 + ["queued"] * 5
    traces.open("gate")
    for one in long:
        becomes(alice, one, "succeeded")
