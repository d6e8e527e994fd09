"""What depends on the server that `python app.py` runs: places, ends, and slow or silent peers."""

from __future__ import annotations

import contextlib
import select
import socket
import struct
from typing import Any

import httpx
import pytest

from ..support.people import Person, ok
from ..support.raw import CLOSE, TEXT, RawSocket, client_frame
from ..support.servers import PLAIN
from ..support.streams import Stream
from ..support.waiting import PATIENCE, eventually
from .test_handshake import is_problem, knock


@pytest.fixture
def tight(process: Any) -> Any:
    """Return a server with one place, which pings every second."""
    return process(SOCKET_LIMIT="1", PING_SECONDS="1", HTTP_THREADS="4")


@pytest.fixture
def roomy(standing: Any) -> Any:
    """Return a server that all tests share which leave it as it was.

    It never pings: what is noticed is noticed by other signs.
    """
    return standing(PING_SECONDS="3600", PUBLISH_RATE_KB="1000000")


def finds_a_place(server: Any, person: Person) -> bool:
    """Tell whether somebody gets the one place, sooner or later."""

    def tries() -> bool:
        with RawSocket(server.url, token=person.token) as socket:
            return socket.status == 101

    return eventually(tries)


def test_connections_of_every_end_give_their_place_back(
    tight: Any, alice: Person, over: Any
) -> None:
    caller = over(tight, alice)
    for _ in range(5):
        RawSocket(tight.url, token=alice.token).vanish()
        RawSocket(tight.url, wait=False).vanish()
        knock(tight.url, Sec_WebSocket_Key=None)
        knock(tight.url, Connection=None)
        caller.request("HEAD", "/events/stream")
        caller.get("/events", params={"topic": "nothing", "wait": 1})
    assert finds_a_place(tight, alice)


def test_a_stream_whose_reader_left_gives_its_place_back(tight: Any, alice: Person) -> None:
    with Stream(tight.url, alice.token) as stream:
        stream.until("subscribed")
        assert knock(tight.url).status_code == 503
    assert finds_a_place(tight, alice)


@pytest.mark.parametrize("end", ["closed", "reset"])
def test_a_stream_that_ends_is_noticed_at_once(
    roomy: Any, alice: Person, bob: Person, project: int, over: Any, end: str
) -> None:
    caller, query = over(roomy, alice), {"project_id": project}
    tcp = socket.create_connection(("127.0.0.1", roomy.port), PATIENCE)
    head = f"GET /api/v1/events/stream?project_id={project}&token={bob.token} HTTP/1.1"
    tcp.sendall(f"{head}\r\nHost: x\r\n\r\n".encode())
    eventually(lambda: ok(caller.get("/presence", params=query))["items"])
    if end == "reset":
        tcp.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    tcp.close()
    eventually(lambda: not ok(caller.get("/presence", params=query))["items"])


def test_a_long_poll_that_ends_gives_its_place_back_at_once(process: Any, alice: Person) -> None:
    server = process(SOCKET_LIMIT="1")
    head = "GET /api/v1/events?after=9999999&wait=30 HTTP/1.1\r\n"
    head += f"Authorization: Bearer {alice.token}"
    with contextlib.ExitStack() as opened:

        def polls() -> socket.socket:
            tcp = socket.create_connection(("127.0.0.1", server.port), PATIENCE)
            tcp.sendall(f"{head}\r\nHost: x\r\n\r\n".encode())
            return opened.enter_context(tcp)

        waiting = [polls()]

        def is_full() -> bool:
            if select.select(waiting[-1:], [], [], 0)[0]:  # a knock had the place: it was refused
                waiting.append(polls())
            return knock(server.url).status_code == 503

        eventually(is_full)
    assert finds_a_place(server, alice)  # in less than the 30 s that it would have waited


def test_a_full_server_refuses_with_a_problem_and_answers_requests(
    tight: Any, alice: Person, over: Any
) -> None:
    with RawSocket(tight.url, token=alice.token):
        refused = knock(tight.url)
        assert is_problem(refused)
        assert int(refused.headers["Retry-After"]) > 0
        assert over(tight, alice).get("/auth/me").status_code == 200


def test_what_is_sent_with_the_handshake_is_read(roomy: Any, alice: Person) -> None:
    with socket.create_connection(("127.0.0.1", roomy.port), PATIENCE) as tcp:
        head = f"GET /ws?token={alice.token} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
        head += "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        head += "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        tcp.sendall(head.encode() + client_frame(TEXT, b'{"type":"ping","ref":"early"}'))
        answer = b""
        while b"early" not in answer:
            answer += tcp.recv(4096)
    assert answer.startswith(b"HTTP/1.1 101 ")


def test_a_failed_handshake_leaves_the_connection_good_for_the_next_request(roomy: Any) -> None:
    with httpx.Client(base_url=roomy.url, **PLAIN) as http:
        refused = http.get("/ws", headers={"Upgrade": "websocket", "Connection": "Upgrade"})
        assert refused.status_code == 426
        assert http.get("/health").status_code == 200


def test_nothing_follows_the_one_close_frame(roomy: Any, alice: Person) -> None:
    with RawSocket(roomy.url, token=alice.token) as socket:
        socket.send_frame(CLOSE, (1000).to_bytes(2))
        assert socket.read_frame() == (CLOSE, (1000).to_bytes(2))
        assert socket.rest() == b""


def test_a_person_who_answers_no_ping_is_present_no_longer(
    process: Any, alice: Person, bob: Person, project: int, over: Any
) -> None:
    server = process(PING_SECONDS="1")
    caller, query = over(server, alice), {"project_id": project}
    with (
        RawSocket(server.url, token=bob.token, project_id=project) as silent,
        Stream(server.url, alice.token, project_id=project) as stream,
    ):
        assert silent.receive()["type"] == "subscribed"
        here = ok(caller.get("/presence", params=query))["items"]
        assert bob.id in [one["user_id"] for one in here]
        stream.until("user.left")
        here = ok(caller.get("/presence", params=query))["items"]
        assert [one["user_id"] for one in here] == [alice.id]


def test_a_reader_who_reads_nothing_is_cut_off_and_resumes(
    roomy: Any, alice: Person, bob: Person, over: Any
) -> None:
    writer = over(roomy, alice)
    project = writer.makes_project(bob="collaborator")
    with RawSocket(roomy.url, token=bob.token, project_id=project, receive_buffer=4096) as slow:
        slow.receive()
        told = [writer.tells(project, text="x" * 60_000) for _ in range(60)]
        messages, code, reason = slow.until_closed()
    seen = [int(one["id"]) for one in messages if "signal" not in one]
    seen = [one for one in seen if one >= told[0]]  # how the project began may come first
    with Stream(roomy.url, bob.token, seen[-1], project_id=project) as stream:
        while seen[-1] != told[-1]:
            seen.append(int(stream.until("file.changed").data["id"]))
    assert (code, reason.endswith(f" {messages[-1]['id']}.")) == (4008, True)
    assert seen == told


def test_a_removed_member_gets_nothing_more_on_socket_and_stream(
    roomy: Any, alice: Person, bob: Person, over: Any
) -> None:
    owner = over(roomy, alice)
    project = owner.makes_project(bob="collaborator")
    with (
        RawSocket(roomy.url, token=bob.token, project_id=project) as socket,
        Stream(roomy.url, bob.token, project_id=project) as stream,
    ):
        assert socket.receive()["type"] == "subscribed"
        stream.until("subscribed")
        ok(owner.delete(f"/projects/{project}/members/{bob.id}"))
        owner.tells(project, secret=True)
        ended = [sent.name for sent in stream.rest() if sent.name != "message"]
        socket.send_frame(TEXT, b'{"type":"ping","ref":"last"}')
        frames = [socket.receive()]
        while frames[-1].get("ref") != "last":
            frames.append(socket.receive())
    assert ended == ["unsubscribed", "closing"]
    assert [one["type"] for one in frames if "signal" not in one] == [
        "member.removed",
        "unsubscribed",
        "pong",
    ]
