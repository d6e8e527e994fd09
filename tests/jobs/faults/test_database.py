"""Whatever the database does to us: what was accepted runs, what was refused never does."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from flask import Flask

from ...support import databases
from ...support.jobs import Desk
from ...support.people import Person, ok
from ...support.problems import problem
from ...support.served import JobServer, Traces
from ...support.waiting import eventually
from .conftest import Scene
from .support import becomes, began, count, illegal, job, locked, outcomes

Launch = Callable[..., JobServer]
Over = Callable[..., Person]


def passes(seconds: float) -> None:
    """Let time pass: requests come to the lock meanwhile, which nobody sees from here."""
    threading.Event().wait(seconds)


def orders(person: Person, number: int) -> httpx.Response:
    """Submit a job that leaves a line in a file of its own name."""
    body = {"type": "served_line", "payload": {"value": f"line-{number}"}}
    return person.post("/jobs", body, headers={"Idempotency-Key": f"key-{number}"})


# -- locked ---------------------------------------------------------------------------------------

#: For how many seconds a change waits for the lock: longer than it is held, or not as long.
PATIENT, IMPATIENT = "60", "1"


@pytest.mark.parametrize("patience", [PATIENT, IMPATIENT])
def test_jobs_outlast_a_locked_database(
    patience: str,
    launch: Launch,
    instance: Path,
    traces: Traces,
    app: Flask,
    alice: Person,
    bob: Person,
    over: Over,
) -> None:
    server = launch(JOB_WORKERS="3", DATABASE_TIMEOUT_SECONDS=patience)
    running = [over(server, alice).submits("served_gate")["id"] for _ in range(2)]
    began(traces, times=2)
    waiting = [ok(orders(over(server, alice), number))["id"] for number in range(3)]
    people = {number: over(server, bob) for number in range(3, 11)}
    with ThreadPoolExecutor(len(people)) as pool:
        with locked(instance):
            answers = [pool.submit(orders, person, at) for at, person in people.items()]
            traces.open("gate")
            eventually(lambda: len(traces.lines("done")) == 2)
            if patience == PATIENT:
                passes(1)
            else:
                eventually(lambda: all(one.done() for one in answers))
        told = {at: one.result() for at, one in zip(people, answers, strict=True)}
    accepted = {number: ok(one)["id"] for number, one in told.items() if one.is_success}
    for refused in told.keys() - accepted.keys():
        problem(told[refused], 503)
    assert accepted.keys() == (people.keys() if patience == PATIENT else set())
    for made in running + waiting:
        becomes(alice, made, "succeeded")
    for made in accepted.values():
        becomes(bob, made, "succeeded")
    assert count(instance, "jobs") == len([*running, *waiting, *accepted])
    assert not illegal(app, *running, *waiting, *accepted.values())
    assert sorted(traces.lines("done")) == sorted(f"{made} 1" for made in running)
    ran = [number for number in range(11) for _ in traces.lines(f"line-{number}")]
    assert ran == [0, 1, 2, *accepted]


# -- refused --------------------------------------------------------------------------------------


def change(instance: Path, script: str) -> None:
    with closing(databases.opened(instance, timeout=30)) as connection:
        connection.executescript(script)


def test_a_submission_whose_commit_fails_leaves_no_job_and_its_key_free(
    instance: Path, alice: Person, desk: Desk
) -> None:
    body, key = {"type": "test_echo", "payload": {"value": 1}}, {"Idempotency-Key": "one"}
    change(instance, databases.break_commits("jobs"))
    problem(alice.post("/jobs", body, headers=key), 500)
    change(instance, databases.mend_commits())
    assert (count(instance, "jobs"), count(instance, "job_keys")) == (0, 0)
    answer = alice.post("/jobs", body, headers=key)
    assert "Idempotency-Replayed" not in answer.headers
    desk.work()
    assert job(alice, ok(answer)["id"])["status"] == "succeeded"
    assert count(instance, "job_attempts") == 1


# -- full -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def small_disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return a folder on a disk of 8 MiB."""
    folder = tmp_path_factory.mktemp("small")
    command = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True).returncode != 0:
        pytest.skip("needs the right to mount a tmpfs: run as root, with CAP_SYS_ADMIN")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder: Path) -> Path:
    """Fill a disk to the last byte, and return what takes the room."""
    path = folder / "filler"
    with path.open("wb", buffering=0) as file:
        for size in (65536, 4096, 1):
            try:
                while file.write(bytes(size)):
                    pass
            except OSError:
                continue
    return path


@dataclass
class Full:
    """Jobs on a disk that was full while they ran, and on one whose workers were killed then."""

    person: Person
    #: What the disk did not take, and how the first job was when it had run to its end.
    refused: httpx.Response
    meanwhile: str
    ended: list[int]
    #: The jobs that there were when there was room again, and one that came then.
    listed: list[int]
    later: int
    #: The jobs that were there when all workers were killed.
    killed: list[int]


@pytest.fixture(scope="module")
def full(scenes: Callable[..., Scene], small_disk: Path) -> Full:
    """Fill a server's disk while jobs run; let them end, and then kill the workers of others."""
    scene = scenes(small_disk)
    # With two of them the next ones are forks; a lone one would begin by importing everything.
    server = scene.launch(MIN_FREE_MB="0", WEB_PROCESSES="2")
    person, traces = scene.at(server), scene.traces
    ended = [person.submits("served_gate", "first")["id"] for _ in range(2)]
    began(traces, times=2)
    filler = fill(small_disk)
    refused = until_refused(person, ended)
    traces.open("first")
    eventually(lambda: len(traces.lines("done")) == 2)
    meanwhile = job(person, ended[0])["status"]
    filler.unlink()
    for one in ended:
        becomes(person, one, "succeeded")
    listed = [one["id"] for one in ok(person.get("/jobs?limit=100"))["items"]]
    later = ok(orders(person, len(ended)))["id"]
    becomes(person, later, "succeeded")
    killed = kill_on_a_full_disk(scene, server, small_disk, [*ended, later])
    return Full(scene.person(), refused, meanwhile, ended, listed, later, killed)


def kill_on_a_full_disk(scene: Scene, server: JobServer, disk: Path, there: list[int]) -> list[int]:
    """Kill all workers while a job runs and nothing can be written; returns the jobs since."""
    person, traces = scene.at(server), scene.traces
    made = [*there, person.submits("served_gate", "second")["id"]]
    began(traces, times=3)
    filler = fill(disk)
    until_refused(person, made)
    for worker in server.workers[:2]:
        os.kill(worker, signal.SIGKILL)
    again = scene.at(server)
    eventually(lambda: answers(again))
    traces.open("second")
    filler.unlink()
    return made[len(there) :]


@pytest.mark.sqlite("faults")
def test_a_full_disk_refuses_jobs_and_loses_none(full: Full) -> None:
    problem(full.refused, 507)
    assert full.meanwhile == "running"
    assert sorted(full.listed) == full.ended
    assert job(full.person, full.later)["status"] == "succeeded"


@pytest.mark.sqlite("faults")
def test_a_worker_that_dies_on_a_full_disk_is_replaced_and_its_job_is_not_lost(full: Full) -> None:
    for one in full.killed:
        becomes(full.person, one, "succeeded")
    assert outcomes(full.person, full.killed[0]) == ["worker_lost", "succeeded"]


def until_refused(person: Person, made: list[int]) -> httpx.Response:
    """Submit jobs while they are accepted, and return the answer that refused one."""
    while (answer := orders(person, len(made))).status_code == 201:
        made.append(answer.json()["id"])
    return answer


def answers(person: Person) -> bool:
    """Tell whether the server answers: a worker that is dying may drop a connection."""
    with suppress(httpx.TransportError):
        return person.get("/jobs").status_code == 200
    return False
