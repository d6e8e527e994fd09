"""Servers and workers are killed again and again: every job that was accepted ends well, once."""

from __future__ import annotations

import os
import random
import signal
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

from flask import Flask

from ...support import databases
from ...support.people import Person
from ...support.served import JobServer, Traces
from ...support.waiting import eventually
from .support import count, illegal, submits

Launch = Callable[..., JobServer]
Over = Callable[..., Person]

#: Every fourth kill takes the whole server, the others one of its two workers, whose successor is a
#: fork: a lone one would begin by importing everything, a second of the processor each time.
KILLS, PATIENCE = 4, 60.0


def test_every_accepted_job_ends_well_and_once_whatever_is_killed(
    launch: Launch,
    instance: Path,
    traces: Traces,
    app: Flask,
    alice: Person,
    bob: Person,
    vera: Person,
    over: Over,
) -> None:
    seed = int(os.environ.get("SEED") or 1)
    print(f"SEED={seed}")
    server, enough = launch(WEB_PROCESSES="2"), threading.Event()
    with ThreadPoolExecutor(3) as pool:
        people = [over(server, person) for person in (alice, bob, vera)]
        working = [pool.submit(work, person, enough) for person in people]
        try:
            storm(server, traces, random.Random(seed))
        finally:
            enough.set()
        made = [job_id for one in working for job_id in one.result()]
    eventually(lambda: count(instance, "jobs WHERE status = 'succeeded'") == len(made), PATIENCE)
    assert count(instance, "jobs") == count(instance, "job_results") == len(made)
    assert not illegal(app, *made)
    check_attempts(instance, traces, made)


def work(person: Person, enough: threading.Event) -> list[int]:
    """Submit one job after the other, until it is enough; returns what was accepted."""
    made: list[int] = []
    while not enough.wait(0.02):
        made.append(submits(person, f"key-{len(made)}", max_attempts=20))
    return made


def storm(server: JobServer, traces: Traces, random_: random.Random) -> None:
    """Kill, each time after some more jobs have run."""
    for number in range(KILLS):
        wanted = len(traces.lines("lines")) + random_.randint(1, 12)
        run(traces, wanted)
        if number % 4 == 3:
            server.kill()
            server.start()
        else:
            os.kill(random_.choice(eventually(lambda: server.workers)), signal.SIGKILL)


def run(traces: Traces, wanted: int) -> None:
    """Wait until so many jobs have left their lines."""
    eventually(lambda: len(traces.lines("lines")) >= wanted, PATIENCE)


def check_attempts(instance: Path, traces: Traces, made: list[int]) -> None:
    """Check that attempts are numbered, that only the last one ended well, and what they left."""
    found: dict[int, list[tuple[int, str]]] = {job_id: [] for job_id in made}
    with closing(databases.opened(instance)) as connection:
        query = "SELECT job_id, number, outcome FROM job_attempts ORDER BY id"
        for job_id, number, outcome in connection.execute(query):
            found[job_id].append((number, outcome))
    lines = Counter(int(line.split()[0]) for line in traces.lines("lines"))
    for job_id, attempts in found.items():
        *before, (_, last) = attempts
        assert [number for number, _ in attempts] == list(range(1, len(attempts) + 1))
        # A worker that is short of threads hands back what it has taken ahead and not begun.
        assert {outcome for _, outcome in before} <= {"worker_lost", "handed_back"}
        assert last == "succeeded"
        assert 1 <= lines[job_id] <= len(attempts)
    print(f"{len(made)} jobs, {sum(map(len, found.values())) - len(made)} attempts lost")
