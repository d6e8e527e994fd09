"""Peers that are slow on purpose, many at once, in one thread."""

from __future__ import annotations

import contextlib
import resource
import selectors
import socket
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

from .waiting import PATIENCE

HEAD = b"GET /health HTTP/1.1\r\nHost: x\r\nX-A: b"
POST = b"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"

#: What each kind sends at first.
KINDS = {
    "half a head": HEAD,
    "half a first line": b"GET /hea",
    "a byte of a body": POST + b"Content-Length: 1000\r\n\r\n{",
    "a byte of a long body": POST + b"Content-Length: 20000000\r\n\r\n{",
    "half a chunk": POST + b"Transfer-Encoding: chunked\r\n\r\n3e8\r\n{",
    "half a chunk's size": POST + b"Transfer-Encoding: chunked\r\n\r\n3e",
    "no end of the trailer": POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\nA: b\r\n",
    "a body that was to be asked for": POST + b"Expect: 100-continue\r\nContent-Length: 9\r\n\r\n",
    "nothing read": b"GET /api/openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * 2000,
    "half a handshake": b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Up",
}


class Crowd:
    """Slow connections to one server."""

    def __init__(self, url: str) -> None:
        self._where = (urlsplit(url).hostname, urlsplit(url).port)
        self._selector = selectors.DefaultSelector()
        self.open: dict[socket.socket, str] = {}

    @property
    def ports(self) -> set[int]:
        """Return our ends of those that are open."""
        return {sock.getsockname()[1] for sock in self.open}

    def add(self, kind: str, count: int) -> None:
        """Open connections of a kind."""
        for _ in range(count):
            sock = socket.socket()
            if kind == "nothing read":
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            sock.settimeout(PATIENCE)
            sock.connect(self._where)
            sock.setblocking(False)
            with contextlib.suppress(OSError):  # what it may not send at once never comes
                sock.send(KINDS[kind])
            self.open[sock] = kind
            if kind != "nothing read":
                self._selector.register(sock, selectors.EVENT_READ)

    def drip(self) -> None:
        """Send one byte more on each."""
        for sock, kind in self.open.items():
            if kind != "nothing read":
                with contextlib.suppress(OSError):
                    sock.send(b"1")

    def look(self, timeout: float = 0) -> int:
        """Return how many are still open."""
        for key, _ in self._selector.select(timeout):
            sock: socket.socket = key.fileobj  # type: ignore[assignment]
            with contextlib.suppress(OSError):
                if sock.recv(65536):
                    continue
            self._selector.unregister(sock)
            del self.open[sock]
            sock.close()
        return len(self.open)

    def until_gone(self, patience: float, *, dripping: bool = False) -> int:
        """Wait for their end; return how many are left after so many seconds."""
        end, drip = time.monotonic() + patience, 0.0
        while self.look(0.05) and time.monotonic() < end:
            if dripping and time.monotonic() - drip > 0.5:
                self.drip()
                drip = time.monotonic()
        return len(self.open)

    def close(self) -> None:
        for sock in self.open:
            sock.close()
        self.open.clear()
        self._selector.close()


@contextlib.contextmanager
def crowd(url: str) -> Iterator[Crowd]:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # many begin with 1024
    made = Crowd(url)
    try:
        yield made
    finally:
        made.close()
