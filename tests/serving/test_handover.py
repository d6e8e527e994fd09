"""A connection that one process gives to another, with what came on it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace

import pytest

from collab.events.bell.datagram import reached
from collab.realtime.socketio_door.sessions import new_sid, owner_of
from collab.serving.handover import Handover, own_name, written

ENDS = (("127.0.0.1", 40_000), ("127.0.0.1", 5000))


@pytest.fixture
def handover(tmp_path: Path) -> Iterator[Handover]:
    made = Handover(tmp_path / "processes", reached)
    made.begin()
    yield made
    made.end()


def test_who_takes_a_connection_has_its_bytes_and_can_answer(handover: Handover) -> None:
    sent = b"x" * 300_000
    ours, theirs = socket.socketpair()
    with closing(theirs):
        with closing(ours):
            assert handover.give(own_name(), ours, ENDS, sent)
        # The giver has let go of it meanwhile, and it is open all the same.
        (given,) = handover.taken()
        assert (given.client, given.server, given.sent) == (*ENDS, sent)
        with closing(given.sock):
            given.sock.sendall(b"answer")
            assert theirs.recv(100) == b"answer"


@pytest.mark.parametrize("owner", ["0", "ffffffff"])
def test_a_process_that_is_not_there_gets_nothing(owner: str, handover: Handover) -> None:
    ours, theirs = socket.socketpair()
    with closing(ours), closing(theirs):
        assert not handover.give(owner, ours, ENDS, b"")
    assert list(handover.taken()) == []


def test_a_request_is_written_as_it_was_read() -> None:
    headers = [("HOST", "x"), ("TRANSFER-ENCODING", "chunked"), ("X-NAME", "J\xf6rg")]
    request = SimpleNamespace(method="POST", uri="/socket.io/?sid=1.a", headers=headers)
    assert written(request, BytesIO(b"body"), b"GET / HTTP/1.1") == (
        b"POST /socket.io/?sid=1.a HTTP/1.1\r\nHOST: x\r\nX-NAME: J\xf6rg\r\nCONTENT-LENGTH: 4\r\n"
        b"\r\nbodyGET / HTTP/1.1"
    )


@pytest.mark.parametrize(
    ("path", "query", "owner"),
    [
        ("/socket.io/", "EIO=4&sid=1a.secret", "1a"),
        ("/api/v1/socket.io", "sid=1a.secret", "1a"),
        pytest.param("/socket.io/", f"sid={new_sid()}", None, id="ours"),
        ("/socket.io/", "sid=..%2F..%2Fetc.secret", None),
        ("/socket.io/", "sid=1A.secret", None),
        ("/socket.io/", "sid=123456789.secret", None),
        ("/socket.io/", "sid=", None),
        ("/socket.io/", "", None),
        ("/tasks", "sid=1a.secret", None),
    ],
)
def test_the_owner_of_a_request_is_the_process_that_its_connection_names(
    path: str, query: str, owner: str | None
) -> None:
    assert owner_of(SimpleNamespace(path=path, query=query)) == owner
