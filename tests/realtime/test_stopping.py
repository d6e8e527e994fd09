"""What connections are told when the server stops, whatever they are doing."""

from __future__ import annotations

import fcntl
import socket
import termios
import time
from typing import Any

import pytest
from flask import Flask

from collab.realtime.transport.live import LIVE

from ..support import history
from ..support.people import Person
from ..support.raw import RawSocket
from ..support.streams import Stream
from ..support.waiting import eventually
from .test_handshake import knock


@pytest.fixture
def stop(app: Flask, server: Any) -> Any:
    """Return what the server does when it is told to stop."""
    return LIVE.of(app).close


def test_a_socket_is_closed_with_1001(bob: Person, connect: Any, stop: Any) -> None:
    socket = connect(bob)
    socket.flush()
    stop()
    closed = socket.wait_closed()
    assert (closed.code, closed.reason) == (1001, "The server is stopping.")


def test_a_socket_that_has_not_signed_in_is_closed_with_1001(server: Any, stop: Any) -> None:
    with RawSocket(server.url) as socket:
        stop()
        assert socket.until_closed()[1] == 1001


def test_what_was_told_before_arrives_before_the_close(
    alice: Person, bob: Person, project: int, connect: Any, server: Any, stop: Any
) -> None:
    socket = connect(bob, project_id=project)
    socket.expect("subscribed")
    told = [alice.tells(project, n=n) for n in range(20)]
    server.drain()
    stop()
    socket.wait_closed()
    assert [int(one["id"]) for one in socket.events()] == told


def test_a_stream_that_is_not_read_is_ended_too(
    bob: Person, project: int, app: Flask, follow: Any, server: Any, stop: Any
) -> None:
    start = history.ids(app)[-1]
    history.fill(app, project, 120, size=200_000)  # more than all buffers on the way hold
    server.drain()
    stream = follow(bob, project_id=project, after=start)
    stream.until("subscribed")
    eventually(lambda: waits_to_be_read(stream))
    stop()
    eventually(lambda: not LIVE.of(app).capacity.used)


def waits_to_be_read(stream: Stream) -> bool:
    """Tell whether a server can send no more: what lies there unread no longer grows."""
    sock = stream.response.extensions["network_stream"].get_extra_info("socket")
    before, _ = unread(sock), time.sleep(0.1)
    return unread(sock) == before > 0


def unread(sock: socket.socket) -> int:
    return int.from_bytes(fcntl.ioctl(sock, termios.FIONREAD, bytes(4)), "little")


def test_a_socket_that_comes_while_the_server_stops_is_refused(server: Any, stop: Any) -> None:
    stop()
    assert knock(server.url).status_code == 503


def test_a_socket_that_does_not_answer_the_close_is_ended(
    bob: Person, server: Any, stop: Any
) -> None:
    with RawSocket(server.url, token=bob.token) as socket:
        socket.send("ping")
        socket.receive()
        stop()
        socket.until_closed()
        assert socket.rest() == b""
