"""A client that breaks off in the middle of a file leaves nothing, in whatever way it sent it."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from ..support.people import Person, ok
from ..support.servers import PLAIN, ProcessServer
from ..support.waiting import PATIENCE, eventually
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


def request(server: ProcessServer, person: Person, way: str) -> bytes:
    """Write a request whose body is not whole."""
    headers, part = BROKEN[way]
    head = (
        f"POST /api/v1/uploads HTTP/1.1\r\nHost: {urlsplit(server.url).netloc}\r\n"
        f"Authorization: Bearer {person.token}\r\nConnection: close\r\n{headers}\r\n\r\n"
    )
    return head.encode() + part


def connected(server: ProcessServer) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), PATIENCE)


def reset(tcp: socket.socket) -> None:
    """End a connection like a killed process."""
    tcp.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    tcp.close()


@dataclass
class Scene:
    """A server, and somebody who sends it half a file."""

    server: ProcessServer
    sender: Person
    instance: Path

    def sends(self, way: str) -> socket.socket:
        """Connect, and send what is not whole."""
        tcp = connected(self.server)
        tcp.sendall(request(self.server, self.sender, way))
        return tcp

    def has_nothing(self) -> None:
        """Check that nothing was kept, and nothing broke."""
        eventually(lambda: files_in(self.instance) == [])
        assert ok(self.sender.get("/uploads"))["items"] == []
        assert "Traceback" not in self.server.output.read_text()


@pytest.fixture
def scene(
    standing: Callable[..., ProcessServer], alice: Person, over: Callable[..., Person]
) -> Scene:
    server = standing()
    return Scene(server, over(server, alice), server.output.parent)


@pytest.mark.parametrize("way", BROKEN)
def test_no_part_of_a_file_is_kept(scene: Scene, way: str) -> None:
    with scene.sends(way) as tcp:
        tcp.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: tcp.recv(65536), b""))
    assert b" 201 " not in answer.partition(b"\r\n")[0]
    scene.has_nothing()


STREAMED = [way for way in BROKEN if "form" not in way and "key" not in way]


@pytest.mark.parametrize("way", STREAMED)
def test_a_connection_that_is_reset_leaves_nothing(scene: Scene, way: str) -> None:
    """The application never gets to see it: only whole bodies are handed on."""
    health = f"{scene.server.url}/health"
    with scene.sends(way) as tcp:
        assert httpx.get(health, **PLAIN).status_code == 200  # it has been read by now
        reset(tcp)
    assert httpx.get(health, **PLAIN).status_code == 200
    assert files_in(scene.instance) == []
    scene.has_nothing()
