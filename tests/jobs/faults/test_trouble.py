"""Trouble around the server: reloads, deleted locks, folders that can't be written to."""

from __future__ import annotations

import resource
import shutil
import signal
import socket
import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
from flask import Flask

from collab.jobs.engine.worker_lock import WorkerLock

from ...execution.support import alive
from ...support.people import Person
from ...support.served import JobServer, Traces
from ...support.servers import free_port, run_forked
from ...support.waiting import eventually
from .support import becomes, began, illegal, locks, outcomes

Launch = Callable[..., JobServer]
Over = Callable[..., Person]


def test_a_reload_hands_jobs_to_the_new_workers(
    launch: Launch, instance: Path, traces: Traces, app: Flask, alice: Person, over: Over
) -> None:
    # With two of them the next ones are forks; a lone one would begin by importing everything.
    server = launch(WEB_PROCESSES="2")
    made = over(server, alice).submits("served_gate", max_attempts=1)["id"]
    began(traces)
    old = eventually(lambda: server.workers[:2])
    server.signal(signal.SIGHUP)
    began(traces, times=2)
    eventually(lambda: not any(map(alive, old)))
    traces.open("gate")
    becomes(alice, made, "succeeded")
    assert outcomes(alice, made) == ["handed_back", "succeeded"]
    assert not illegal(app, made)
    assert len(locks(instance)) == 2


@pytest.mark.sqlite("locks")
def test_a_worker_whose_lock_was_deleted_makes_it_anew(
    launch: Launch, instance: Path, traces: Traces, alice: Person, over: Over
) -> None:
    server = launch(JOB_LEASE_SECONDS="1")  # and so often are locks looked at
    made = over(server, alice).submits("served_gate")["id"]
    began(traces)
    before = locks(instance)
    shutil.rmtree(instance / "workers")
    eventually(lambda: locks(instance) == before)
    other = launch()
    assert len(locks(instance)) == 2
    becomes(alice, over(other, alice).submits("served_line")["id"], "succeeded")
    traces.open("gate")
    becomes(alice, made, "succeeded")
    assert outcomes(alice, made) == ["succeeded"]


def test_a_worker_that_begins_while_another_clears_away_is_not_taken_for_dead(
    tmp_path: Path,
) -> None:
    other, enough = WorkerLock(tmp_path), threading.Event()
    other.begin()

    def clear_away() -> None:
        while not enough.is_set():
            other.tidy()

    thread = threading.Thread(target=clear_away)
    thread.start()
    workers = [WorkerLock(tmp_path) for _ in range(300)]
    try:
        for worker in workers:
            worker.begin()
    finally:
        enough.set()
        thread.join()
    assert not [worker.name for worker in workers if other.is_dead(worker.name)]
    for worker in (other, *workers):
        worker.end()
    assert list(tmp_path.iterdir()) == []


def test_a_server_out_of_descriptors_goes_on_when_it_has_some_again(
    launch: Launch, traces: Traces, alice: Person, over: Over
) -> None:
    server = launch()
    worker = server.worker
    made = over(server, alice).submits("served_gate")["id"]
    began(traces)
    # Room for what the job opens and for connections of the database, once the sockets have gone.
    room = len(list(Path(f"/proc/{worker}/fd").iterdir())) + 8
    resource.prlimit(worker, resource.RLIMIT_NOFILE, (room, room))
    with ExitStack() as opened:
        for _ in range(16):
            opened.enter_context(socket.create_connection(("127.0.0.1", server.port)))
        eventually(lambda: "no connection can be accepted" in server.output.read_text())
    # Connections are accepted in turn: when it answers a new one it holds none of these any more.
    server.wait_ready()
    eventually(lambda: len(list(Path(f"/proc/{worker}/fd").iterdir())) < room - 4)
    traces.open("gate")
    becomes(alice, made, "succeeded")
    assert (outcomes(alice, made), server.worker) == (["succeeded"], worker)


def test_a_folder_that_can_not_hold_locks_stops_the_start_with_a_sentence(instance: Path) -> None:
    (instance / "workers").touch()
    ended = run_forked("app.py", "--port", str(free_port()), INSTANCE_PATH=str(instance))
    assert ended.returncode == 1
    assert f"can't write in {instance / 'workers'}" in ended.stderr
    assert "Traceback" not in ended.stderr
