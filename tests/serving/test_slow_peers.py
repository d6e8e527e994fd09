"""Slow peers hold nothing: others are answered beside them, and all of them go in time."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from collab.server import WAITING_THREADS

from ..support.people import ok
from ..support.raw import RawSocket
from ..support.servers import PLAIN
from ..support.slow import KINDS, crowd
from ..support.streams import Stream
from ..support.waiting import PATIENCE, eventually

#: Short times for a test; the numbers of connections are what an attack would use.
QUICK = {"HEAD_SECONDS": "1", "BODY_SECONDS": "1", "SEND_SECONDS": "1"}
#: Bounds on connections and requests that one test reaches, and no other.
BOUNDED = {"CONNECTIONS_PER_ADDRESS": "20", "RATE_LIMIT": "100 per minute"}
IDLE = {"LIVE_PER_PERSON": "200", "HTTP_THREADS": "2"}
MANY = 1100
#: Threads that a server has at most, and live connections: more than these, if each took one.
FEW, MORE = 60, 80
#: Descriptors of the connections to the database that chores beside requests may have opened: few
#: next to five hundred connections and a hundred uploads, each of which might have left one.
OPENED_BESIDE = 20
#: Seconds: fewer than a body would have without these.
NOT_SO_QUICK_S = 19


def threads(server: Any) -> int:
    return len(list(Path(f"/proc/{server.worker}/task").iterdir()))


def descriptors(server: Any) -> int:
    return len(list(Path(f"/proc/{server.worker}/fd").iterdir()))


def memory_kib(server: Any) -> int:
    status = Path(f"/proc/{server.worker}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])


def to_the_end(tcp: socket.socket) -> bytes:
    return b"".join(iter(lambda: tcp.recv(65536), b""))


def test_eleven_hundred_slow_connections_keep_nobody_from_an_answer(quiet: Any) -> None:
    server = quiet(CONNECTIONS_PER_ADDRESS="0", HTTP_THREADS="2", SOCKET_LIMIT="1", **QUICK)
    before = threads(server)
    with crowd(server.url) as slow, httpx.Client(base_url=server.url, **PLAIN) as http:
        for kind in KINDS:
            slow.add(kind, 20 if kind == "nothing read" else MANY // (len(KINDS) - 1))
        for _ in range(50):
            assert http.get("/health").status_code == 200
        # Requests that have come whole may use the pool, however large it is: a tenth of MANY.
        assert threads(server) <= before + 2 + WAITING_THREADS < MANY // 5


@pytest.mark.parametrize("dripping", [False, True], ids=["silent", "a byte now and then"])
def test_each_kind_of_slow_sender_is_gone_after_its_deadline(standing: Any, dripping: bool) -> None:
    server = standing(**QUICK)
    with crowd(server.url) as slow:
        for kind in KINDS:
            if kind != "nothing read":
                slow.add(kind, 3)
        slow.until_gone(NOT_SO_QUICK_S, dripping=dripping)
        assert list(slow.open.values()) == []


def test_a_reader_who_never_reads_is_gone_after_its_deadline(standing: Any) -> None:
    server = standing(**QUICK)
    with crowd(server.url) as slow:
        slow.add("nothing read", 2)
        eventually(lambda: not connected(server, slow.ports))


def connected(server: Any, ports: set[int]) -> set[int]:
    """Return which of these ports of ours the server has a connection with."""
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    ends = [line.split()[1:4] for line in lines]
    here = f":{server.port:04X}"
    ours = {
        int(other[-4:], 16) for mine, other, state in ends if mine.endswith(here) and state == "01"
    }
    return ports & ours


def test_who_is_too_slow_with_a_request_is_told(standing: Any) -> None:
    server = standing(**QUICK)
    with socket.create_connection(("127.0.0.1", server.port), PATIENCE) as tcp:
        tcp.sendall(KINDS["half a head"])
        answer = to_the_end(tcp)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"application/problem+json" in answer


def test_a_connection_past_what_an_address_may_have_is_refused_with_a_reason(standing: Any) -> None:
    server = standing(**BOUNDED)
    with crowd(server.url) as slow:
        slow.add("half a head", 20)
        with socket.create_connection(("127.0.0.1", server.port), PATIENCE) as tcp:
            answer = tcp.recv(4096)
        assert answer.startswith(b"HTTP/1.1 503 ")
        assert b"Your address has too many connections." in answer
    with httpx.Client(base_url=server.url, **PLAIN) as http:
        eventually(lambda: answered(http))


def answered(http: httpx.Client) -> bool:
    with contextlib.suppress(httpx.TransportError):
        return http.get("/health").status_code == 200
    return False


def test_memory_and_descriptors_stay_flat_over_many_connections_and_aborted_uploads(
    quiet: Any, instance: Path
) -> None:
    server = quiet(CONNECTIONS_PER_ADDRESS="0", SPOOL_MB="64")
    upload = b"POST /api/v1/uploads HTTP/1.1\r\nHost: x\r\nContent-Length: 20000000\r\n\r\n"

    def visit(connections: int, uploads: int) -> None:
        for number in range(connections):
            with socket.create_connection(("127.0.0.1", server.port), PATIENCE) as tcp:
                tcp.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
                assert tcp.recv(12) == b"HTTP/1.1 200"
                if number < uploads:
                    tcp.sendall(upload + bytes(200_000))

    visit(100, 20)
    files, memory = descriptors(server), memory_kib(server)
    visit(500, 100)
    # What the server does beside requests may have opened its own meanwhile: the database's.
    eventually(lambda: descriptors(server) <= files + OPENED_BESIDE)
    assert memory_kib(server) < memory + 8 * 1024
    assert not [path for path in instance.rglob("*") if path.name.startswith("tmp")]


def test_a_long_answer_waits_for_its_reader_without_a_thread(
    quiet: Any, alice: Any, over: Any
) -> None:
    server = quiet(HTTP_THREADS="2", SOCKET_LIMIT="1")
    person, body = over(server, alice), os.urandom(8 * 2**20)
    upload = person.post("/uploads", content=body).json()["id"]
    head = (
        f"GET /api/v1/uploads/{upload}/content HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        f"Authorization: Bearer {alice.token}\r\n\r\n"
    ).encode()
    readers = [socket.create_connection(("127.0.0.1", server.port), PATIENCE) for _ in range(6)]
    for tcp in readers:
        tcp.sendall(head)
    assert person.get("/auth/me").status_code == 200
    for tcp in readers:
        with tcp:
            assert to_the_end(tcp).partition(b"\r\n\r\n")[2] == body


def test_idle_sockets_take_no_thread(standing: Any, alice: Any, bob: Any, project: int) -> None:
    server = standing(**IDLE)
    opened = [RawSocket(server.url, token=bob.token, project_id=project) for _ in range(MORE)]
    strangers = [RawSocket(server.url) for _ in range(20)]
    for one in opened:
        assert one.receive()["type"] == "subscribed"
    assert threads(server) < FEW
    for one in (*opened, *strangers):
        one.close()


def test_idle_streams_take_no_thread(standing: Any, bob: Any, project: int) -> None:
    server = standing(**IDLE)
    streams = [Stream(server.url, bob.token, project_id=project) for _ in range(MORE)]
    for one in streams:
        one.until("subscribed")
    assert threads(server) < FEW
    for one in streams:
        one.close()


def test_idle_long_polls_take_no_thread(
    standing: Any, alice: Any, bob: Any, project: int, over: Any
) -> None:
    server = standing(**IDLE)
    with waiting_polls(server, bob, project, MORE) as polls:
        assert threads(server) < FEW
        person = over(server, alice)
        told = ok(person.post("/events", {"type": "activity", "project_id": project}))["id"]
        for tcp in polls:
            answer = to_the_end(tcp)
            assert answer.startswith(b"HTTP/1.1 200 ")
            assert f'"id":"{told}"'.encode() in answer


def test_a_long_poll_leaves_its_connection_good_for_the_request_sent_after_it(
    standing: Any, alice: Any
) -> None:
    server = standing(**BOUNDED)
    with socket.create_connection(("127.0.0.1", server.port), PATIENCE) as tcp:
        tcp.sendall(long_poll(alice, "wait=1&after=9999999", close=False))
        tcp.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        answers = to_the_end(tcp)
    assert answers.count(b"HTTP/1.1 200 ") == 2
    assert answers.index(b'"items":[]') < answers.index(b'"status"')


def test_a_long_poll_that_waited_counts_once_and_keeps_its_headers(
    standing: Any, bob: Any, over: Any
) -> None:
    person = over(standing(**BOUNDED), bob)
    before = person.get("/auth/me").headers["RateLimit"]
    query = {"wait": 1, "after": 9999999}
    answer = person.get("/events", params=query, headers={"X-Request-ID": "mine"})
    assert answer.headers["X-Request-ID"] == "mine"
    assert (remaining(before), remaining(answer.headers["RateLimit"])) == (99, 98)
    assert remaining(person.get("/auth/me").headers["RateLimit"]) == 97


def remaining(header: str) -> int:
    return int(header.partition("r=")[2].partition(";")[0])


def test_a_long_poll_that_waits_is_answered_when_the_server_stops(
    quiet: Any, bob: Any, project: int
) -> None:
    server = quiet()
    with waiting_polls(server, bob, project, 10) as polls:
        server.signal(signal.SIGTERM)
        for tcp in polls:
            assert b'"items":[]' in to_the_end(tcp)


def long_poll(person: Any, query: str, *, close: bool = True) -> bytes:
    head = f"GET /api/v1/events?{query} HTTP/1.1\r\nHost: x\r\n"
    head += "Connection: close\r\n" * close + f"Authorization: Bearer {person.token}\r\n\r\n"
    return head.encode()


@contextlib.contextmanager
def waiting_polls(
    server: Any, person: Any, project: int, count: int
) -> Iterator[list[socket.socket]]:
    """Open long polls, no faster than the server answers others."""
    with contextlib.ExitStack() as stack:
        http = stack.enter_context(httpx.Client(base_url=server.url, **PLAIN))
        polls = []
        last = int(
            person.at(http).get("/events", params={"sort": "-id", "limit": 1}).json()["last_id"]
        )
        for _ in range(count):
            tcp = socket.create_connection(("127.0.0.1", server.port), PATIENCE)
            polls.append(stack.enter_context(tcp))
            tcp.sendall(long_poll(person, f"project_id={project}&wait=30&after={last}"))
            assert http.get("/health").status_code == 200
        yield polls


#: Requests that have come in part.
HALVES = {
    "half a head": b"GET /health HTTP/1.1\r\nHost: x\r\nX-A: b",
    "half a body": b"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{",
    "half a chunk": (
        b"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n{"
    ),
}


def test_a_server_that_stops_refuses_what_has_come_in_part_instead_of_waiting(quiet: Any) -> None:
    server = quiet()
    with contextlib.ExitStack() as opened:
        slow = [
            opened.enter_context(socket.create_connection(("127.0.0.1", server.port), PATIENCE))
            for _ in HALVES
        ]
        for tcp, half in zip(slow, HALVES.values(), strict=True):
            tcp.sendall(half)
        with httpx.Client(base_url=server.url, **PLAIN) as http:
            assert http.get("/health").status_code == 200  # what came before has been read
        server.signal(signal.SIGTERM)
        answers = [to_the_end(tcp) for tcp in slow]
    assert all(one.startswith(b"HTTP/1.1 503 ") for one in answers)
    assert all(b"\r\nRetry-After: 1\r\n" in one for one in answers)
    assert server.process.wait(PATIENCE) == 0
