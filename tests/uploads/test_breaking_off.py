"""A client that breaks off in the middle of a file leaves nothing, in whatever way it sent it."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from ..support.people import Person, ok
from ..support.servers import ProcessServer, ThreadServer
from ..support.waiting import eventually
from .disk import files_in

FORM = (
    b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n'
    b"Content-Type: text/plain\r\n\r\nthe first half"
)
#: A request's headers, and the part of its body that is sent.
BROKEN = {
    "a body": ("Content-Length: 1000", b"the first half"),
    "a body of which nothing came": ("Content-Length: 1000", b""),
    "a body with a key": ("Content-Length: 1000\r\nIdempotency-Key: k", b"the first half"),
    "a form": ("Content-Length: 1000\r\nContent-Type: multipart/form-data; boundary=b", FORM),
    "a chunk": ("Transfer-Encoding: chunked", b"3e8\r\nthe first half"),
    "chunks without their end": ("Transfer-Encoding: chunked", b"5\r\nhello\r\n"),
}

in_every_way = pytest.mark.parametrize("way", BROKEN)


def break_off(server: ThreadServer | ProcessServer, person: Person, way: str) -> bytes:
    """Send a part of a request, say that no more comes, and return the answer."""
    headers, part = BROKEN[way]
    where = urlsplit(server.url)
    head = (
        f"POST /api/v1/uploads HTTP/1.1\r\nHost: {where.netloc}\r\nConnection: close\r\n"
        f"Authorization: Bearer {person.token}\r\n{headers}\r\n\r\n"
    )
    with socket.create_connection((where.hostname, where.port), timeout=20) as tcp:
        tcp.sendall(head.encode() + part)
        tcp.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: tcp.recv(65536), b""))


@in_every_way
def test_no_part_of_a_file_is_kept(
    process: Callable[..., ProcessServer],
    alice: Person,
    over: Callable[..., Person],
    instance: Path,
    way: str,
) -> None:
    server = process()
    answer = break_off(server, alice, way)
    assert b" 201 " not in answer.partition(b"\r\n")[0]
    assert ok(over(server, alice).get("/uploads"))["items"] == []
    eventually(lambda: files_in(instance) == [])
    assert "Traceback" not in server.output.read_text()
