"""A server that is told to stop answers who has come, and lets nobody wait who comes later."""

from __future__ import annotations

import errno
import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest

from collab.serving.lone.watcher import keep_newcomers_out

from ..support.people import Person
from ..support.raw import RawSocket
from ..support.servers import PLAIN, ProcessServer
from ..support.streams import Stream
from ..support.waiting import PATIENCE, eventually

Start = Callable[..., ProcessServer]

REQUEST = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"
#: Longer than any of these tests takes: what ends before, ends by itself.
LONG_DRAIN_S = "120"


@pytest.fixture
def lines() -> Iterator[Callable[[ProcessServer], socket.socket]]:
    """Return a maker of connections, which are closed in the end."""
    with ExitStack() as stack:

        def connected(server: ProcessServer) -> socket.socket:
            where = ("127.0.0.1", server.port)
            return stack.enter_context(socket.create_connection(where, PATIENCE))

        yield connected


def is_closed(server: ProcessServer) -> bool:
    """Return whether nobody is let in any more."""
    return knocked(server) != 0


def refuses(server: ProcessServer) -> bool:
    """Return whether whoever comes is told so at once: a proxy asks the next server then."""
    return knocked(server) == errno.ECONNREFUSED


def knocked(server: ProcessServer) -> int:
    """Return the error of a try to connect, 0 for none."""
    with socket.socket() as probe:
        probe.settimeout(0.1)
        return probe.connect_ex(("127.0.0.1", server.port))


def can_keep_newcomers_out() -> bool:
    """Return whether the system lets us: some let root alone filter what comes to a port."""
    with socket.create_server(("127.0.0.1", 0)) as port:
        return keep_newcomers_out(port)


@pytest.mark.skipif(not can_keep_newcomers_out(), reason="needs a filter at the port: run as root")
@pytest.mark.parametrize("processes", [1, 2])
def test_who_has_come_and_was_not_accepted_yet_is_answered(
    quiet: Start, lines: Any, processes: int
) -> None:
    # Short: whoever was answered before the process had seen the signal may ask again until then.
    server = quiet(DRAIN_SECONDS="2", WEB_PROCESSES=str(processes))
    eventually(lambda: len(server.workers) == processes)
    workers = server.workers
    for worker in workers:
        os.kill(worker, signal.SIGSTOP)
    waiting = [lines(server) for _ in range(20)]
    for one in waiting:
        one.sendall(REQUEST)
    server.signal(signal.SIGTERM)
    eventually(lambda: is_closed(server))  # it lets nobody in who comes now
    for worker in workers:
        os.kill(worker, signal.SIGCONT)
    answers = [one.makefile("rb").read() for one in waiting]
    assert {answer[:15] for answer in answers} == {b"HTTP/1.1 200 OK"}
    assert server.process.wait(PATIENCE) == 0


def test_what_has_come_on_a_kept_connection_is_answered(quiet: Start, lines: Any) -> None:
    server = quiet()
    kept = lines(server)
    kept.sendall(REQUEST)
    assert kept.recv(15) == b"HTTP/1.1 200 OK"
    worker = server.worker
    os.kill(worker, signal.SIGSTOP)
    kept.sendall(REQUEST)
    server.signal(signal.SIGTERM)
    os.kill(worker, signal.SIGCONT)
    assert b"HTTP/1.1 200 OK" in kept.makefile("rb").read()
    assert server.process.wait(PATIENCE) == 0


@pytest.mark.parametrize("processes", [1, 2])
def test_while_it_drains_a_kept_connection_is_answered_and_closed(
    quiet: Start, processes: int
) -> None:
    server = quiet(DRAIN_SECONDS=LONG_DRAIN_S, WEB_PROCESSES=str(processes))
    with httpx.Client(base_url=server.url, **PLAIN) as http:
        http.get("/health")
        server.signal(signal.SIGTERM)
        eventually(lambda: refuses(server))
        answer = http.get("/health")
    assert (answer.status_code, answer.headers["Connection"]) == (200, "close")
    assert server.process.wait(PATIENCE) == 0, "nobody is left"


def test_a_drain_is_over_in_time_for_who_says_nothing(quiet: Start, lines: Any) -> None:
    server = quiet(DRAIN_SECONDS="1")
    silent, partial = lines(server), lines(server)
    partial.sendall(REQUEST[:-2])
    server.signal(signal.SIGTERM)
    assert silent.recv(1) == b""
    assert partial.makefile("rb").read().startswith(b"HTTP/1.1 503 ")
    assert server.process.wait(PATIENCE) == 0


def test_live_connections_end_when_the_drain_begins(
    quiet: Start, alice: Person, project: int
) -> None:
    server = quiet(DRAIN_SECONDS=LONG_DRAIN_S)
    with (
        RawSocket(server.url, token=alice.token) as ws,
        Stream(server.url, alice.token, project_id=project) as stream,
    ):
        stream.until("subscribed")
        server.signal(signal.SIGTERM)
        assert ws.until_closed()[1] == 1001
        assert stream.until("closing").data["code"] == 1001
        stream.rest()
    assert server.process.wait(PATIENCE) == 0


def test_one_of_two_processes_that_leaves_takes_nobodys_place(quiet: Start) -> None:
    """The port is both's: it stays open, and who comes is answered by the other."""
    server = quiet(WEB_PROCESSES="2")
    eventually(lambda: len(server.workers) == 2)
    leaving = server.workers[0]
    os.kill(leaving, signal.SIGTERM)
    for _ in range(30):
        assert httpx.get(server.url + "/health", **PLAIN).status_code == 200
    eventually(lambda: leaving not in server.workers)
    eventually(lambda: len(server.workers) == 2)
