"""Who opens a socket wrongly is told what is wrong, over HTTP or with a close code."""

from __future__ import annotations

import gc
import itertools
import socket
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import httpx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from wsproto.handshake import H11Handshake

from ..support.each import each
from ..support.people import Person, ok
from ..support.servers import PLAIN
from ..support.sockets import Socket
from ..support.waiting import PATIENCE

HANDSHAKE = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


PRINTABLE = st.characters(min_codepoint=32, max_codepoint=255, exclude_categories=["Cc"])


def knock(url: str, method: str = "GET", path: str = "/ws", **headers: str | None) -> Any:
    """Send a handshake with other headers than it should have (None: without it)."""
    wanted = HANDSHAKE | {name.replace("_", "-"): value for name, value in headers.items()}
    sent = {name: value.encode("latin-1") for name, value in wanted.items() if value is not None}
    with httpx.Client(**PLAIN) as client, client.stream(method, url + path, headers=sent) as answer:
        if answer.status_code != 101:
            answer.read()
        return answer


def is_problem(answer: httpx.Response) -> bool:
    return answer.headers["content-type"] == "application/problem+json" and (
        answer.json()["status"] == answer.status_code
    )


# -- over HTTP ------------------------------------------------------------------------------------


@each(["/ws", "/api/v1/ws", "/api/ws", "/ws/", "/ws/notifications", "/"])
def test_the_socket_has_several_addresses(path: str, *, server: Any) -> None:
    assert knock(server.url, path=path).status_code == 101


def test_the_answer_to_a_key_is_that_of_the_standard(server: Any) -> None:
    """RFC 6455 §1.3 has the example."""
    answer = knock(server.url)
    assert answer.headers["Sec-WebSocket-Accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    assert answer.headers["Upgrade"].lower() == "websocket"


@each(["/ws", "/ws/notifications"])
def test_a_plain_get_of_the_socket_is_told_that_it_takes_handshakes(
    path: str, *, server: Any
) -> None:
    answer = httpx.get(server.url + path, **PLAIN)
    assert answer.status_code == 400
    assert is_problem(answer)
    assert "WebSocket" in answer.json()["detail"]


@each(
    [
        (query, wrong, path)
        for (query, wrong) in [
            ("projct_id=1", "#/query/projct_id"),
            ("EIO=4&transport=websocket", "#/query/EIO"),
            ("project_id=1&project_id=2", "#/query/project_id"),
            ("token=a&token=b", "#/query/token"),
        ]
        for path in ["/ws", "/ws/notifications"]
    ]
)
def test_a_parameter_that_it_does_not_take_is_named(
    query: str, wrong: str, path: str, *, server: Any
) -> None:
    """A socket that follows nothing because of a typing error would wait for ever."""
    answer = knock(server.url, path=f"{path}?{query}")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == wrong


def test_several_topics_are_no_mistake(server: Any) -> None:
    assert knock(server.url, path="/ws?topic=posts&topic=flags&after=1").status_code == 101


def test_a_handshake_in_http_1_0_is_refused(server: Any) -> None:
    """It knows no upgrades (RFC 9110 §7.8)."""
    head = "".join(f"{name}: {value}\r\n" for name, value in HANDSHAKE.items())
    where = urlsplit(server.url)
    with socket.create_connection((where.hostname, where.port), PATIENCE) as peer:
        peer.sendall(f"GET /ws HTTP/1.0\r\n{head}\r\n".encode())
        assert b" 400 " in peer.recv(64)


def test_a_handshake_where_there_is_no_socket_is_told_so(server: Any) -> None:
    answer = knock(server.url, path="/health")
    assert answer.status_code == 400
    assert is_problem(answer)


@each([None, "", "short", "not base64 at all!", "QUJDRA==", "\xe9" * 24])
def test_a_handshake_without_a_good_key_is_refused(key: str | None, *, server: Any) -> None:
    answer = knock(server.url, Sec_WebSocket_Key=key)
    assert answer.status_code == 400
    assert is_problem(answer)


@each([None, "", "8", "14", "13, 8", "thirteen"])
def test_another_version_is_told_which_one_is_spoken(version: str | None, *, server: Any) -> None:
    answer = knock(server.url, Sec_WebSocket_Version=version)
    assert answer.status_code == 426
    assert is_problem(answer)
    assert answer.headers["Sec-WebSocket-Version"] == "13"


@each([None, "", "close", "no-upgrade", "keep-alive"])
def test_a_handshake_whose_connection_is_not_upgraded_is_refused(
    connection: str | None, *, server: Any
) -> None:
    answer = knock(server.url, Connection=connection)
    assert answer.status_code == 400
    assert is_problem(answer)


@each([None, "", "h2c", "websockets"])
def test_a_handshake_to_something_else_is_refused(upgrade: str | None, *, server: Any) -> None:
    answer = knock(server.url, Upgrade=upgrade)
    assert answer.status_code == 400
    assert is_problem(answer)


@each([("Upgrade", "WebSocket"), ("Connection", "keep-alive, UPGRADE")])
def test_names_are_the_same_in_capital_letters(header: str, value: str, *, server: Any) -> None:
    assert knock(server.url, **{header: value}).status_code == 101


@each(["HEAD", "POST", "PUT", "DELETE", "OPTIONS"])
def test_only_get_opens_a_socket(method: str, *, server: Any) -> None:
    assert knock(server.url, method).status_code == 405


@each(
    itertools.product(
        [
            "permessage-deflate",
            "permessage-deflate; client_max_window_bits, permessage-deflate",
            "permessage-deflate; server_max_window_bits=abc",
            "permessage-deflate; client_max_window_bits=",
            "permessage-deflate; server_max_window_bits=99",
            "permessage-deflate; =; ;",
            ";;;=,,",
            "x-unknown",
        ],
        ["/ws", "/api/v1/ws", "/ws/notifications", "/", "/yjs/1"],
    )
)
def test_no_extension_is_agreed_on_whatever_is_offered(
    extensions: str, path: str, *, server: Any
) -> None:
    answer = knock(server.url, path=path, Sec_WebSocket_Extensions=extensions)
    assert answer.status_code == 101
    assert "sec-websocket-extensions" not in answer.headers


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    headers=st.dictionaries(
        st.sampled_from(
            [
                "Sec_WebSocket_Extensions",
                "Sec_WebSocket_Protocol",
                "Sec_WebSocket_Key",
                "Sec_WebSocket_Version",
                "Connection",
                "Upgrade",
                "Origin",
                "Host",
                "Authorization",
            ]
        ),
        st.text(PRINTABLE, max_size=60).map(str.strip),
        max_size=4,
    )
)
def test_no_handshake_breaks_the_server(headers: dict[str, str], server: Any) -> None:
    assert knock(server.url, **headers).status_code in (101, 400, 401, 403, 426)


# -- with a close code ----------------------------------------------------------------------------


def test_a_socket_with_a_bad_token_is_told_why_and_closed_with_4401(connect: Any) -> None:
    socket = connect(token="nonsense")
    closed = socket.wait_closed()
    assert closed.code == 4401
    assert (socket.seen[0]["type"], socket.seen[0]["status"]) == ("error", 401)


def test_a_refresh_token_opens_no_socket(bob: Person, connect: Any) -> None:
    assert connect(token=bob.refresh_token).wait_closed().code == 4401


def test_a_socket_may_sign_in_with_a_header(bob: Person, project: int, connect: Any) -> None:
    header = [f"Authorization: Bearer {bob.token}"]
    assert connect(headers=header, project_id=project).receive()["type"] == "subscribed"


def test_a_socket_with_a_bad_header_is_closed_with_4401(connect: Any) -> None:
    assert connect(headers=["Authorization: Basic abc"]).wait_closed().code == 4401


def test_a_socket_may_sign_in_with_its_first_message(bob: Person, connect: Any) -> None:
    socket = connect()
    answer = socket.ask("auth", token=bob.token)
    assert (answer["type"], answer["user_id"]) == ("authenticated", bob.id)


def test_a_socket_that_signs_in_later_still_gets_what_its_address_asks_for(
    bob: Person, project: int, connect: Any
) -> None:
    socket = connect(project_id=project)
    socket.send("auth", token=bob.token)
    assert socket.expect("subscribed")["topic"] == f"project:{project}"


@each(
    [
        {"type": "ping"},
        {"type": "auth"},
        {"type": "auth", "token": 7},
        {"type": "auth", "token": "nonsense"},
        {"type": "subscribe", "topic": "project:1"},
    ]
)
def test_a_first_message_that_does_not_sign_in_closes_with_4401(
    message: dict[str, Any], *, connect: Any
) -> None:
    socket = connect()
    socket.send(message.pop("type"), **message, ref="first")
    assert socket.wait_closed().code == 4401
    assert socket.seen[0]["ref"] == "first"


def test_nothing_is_told_before_the_first_message(
    alice: Person, project: int, connect: Any
) -> None:
    socket = connect(project_id=project)
    alice.tells(project, n=1)
    socket.send("ping")
    socket.wait_closed()
    assert [frame["type"] for frame in socket.seen] == ["error"]


# -- tickets --------------------------------------------------------------------------------------


def test_a_ticket_opens_a_socket(bob: Person, project: int, connect: Any) -> None:
    ticket = ok(bob.post("/auth/ticket"))["ticket"]
    assert connect(ticket=ticket, project_id=project).receive()["type"] == "subscribed"


def test_a_ticket_opens_one_socket_only(bob: Person, connect: Any) -> None:
    ticket = ok(bob.post("/auth/ticket"))["ticket"]
    connect(ticket=ticket).flush()
    assert connect(ticket=ticket).wait_closed().code == 4401


def test_a_ticket_of_an_ended_session_opens_nothing(bob: Person, connect: Any) -> None:
    ticket = ok(bob.post("/auth/ticket"))["ticket"]
    ok(bob.post("/auth/logout"))
    assert connect(ticket=ticket).wait_closed().code == 4401


# -- what is left of it ---------------------------------------------------------------------------


def test_an_open_socket_keeps_nothing_of_its_handshake(
    bob: Person, project: int, connect: Callable[..., Socket]
) -> None:
    gc.collect()
    connect(bob, project_id=project).expect("subscribed")
    assert not [one for one in gc.get_objects() if isinstance(one, H11Handshake)]
