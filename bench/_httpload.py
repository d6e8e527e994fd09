"""An HTTP/1.1 load generator: keep-alive connections over raw sockets in one epoll loop."""

from __future__ import annotations

import gc
import re
import select
import socket
import threading
import time
from collections import deque
from dataclasses import dataclass, field

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
ANSWER_SECONDS = 10.0


@dataclass
class Connection:
    """One connection and what has come of the answer it waits for."""

    sock: socket.socket
    data: bytearray = field(default_factory=bytearray)
    asked: float = 0.0


@dataclass
class Result:
    """Latencies in seconds, and how long it all took."""

    latencies: list[float]
    seconds: float

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.latencies) / self.seconds


class HttpLoad:
    """Repeats one request: a GET, or a POST of `body`.

    Any answer but a 200, a 201 to a body, or a 304 to `tag`, is an error: RuntimeError.
    """

    def __init__(
        self,
        port: int,
        path: str,
        token: str,
        connections: int,
        *,
        tag: str = "",
        body: bytes | None = None,
    ) -> None:
        self.request = _written(port, path, token, tag, body)
        self.port, self.buffer = port, bytearray(1 << 16)
        self.poll = select.epoll()
        self.connections: dict[int, Connection] = {}
        self.latencies: list[float] = []
        for _ in range(connections):
            self._open()

    def _open(self) -> Connection:
        sock = socket.create_connection(("127.0.0.1", self.port), ANSWER_SECONDS)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = self.connections[sock.fileno()] = Connection(sock)
        self.poll.register(sock, select.EPOLLIN)
        return connection

    def _ask(self, connection: Connection, at: float) -> None:
        connection.asked = at
        connection.sock.sendall(self.request)

    def _read(self, fd: int) -> Connection | None:
        """Read once; return the connection if its answer is complete."""
        connection = self.connections[fd]
        size = connection.sock.recv_into(self.buffer)
        if not size:
            self._closed(connection)
            return None
        connection.data += memoryview(self.buffer)[:size]
        if not _complete(connection.data):
            return None
        connection.data.clear()
        self.latencies.append(time.perf_counter() - connection.asked)
        return connection

    def _closed(self, connection: Connection) -> None:
        """Take note that the server has ended a connection, which it may when idle."""
        if connection.asked:
            raise RuntimeError(f"closed instead of an answer: {bytes(connection.data)!r}")
        self._drop(connection)

    def _drop(self, connection: Connection) -> None:
        del self.connections[connection.sock.fileno()]
        self.poll.unregister(connection.sock)
        connection.sock.close()

    def saturate(
        self, seconds: float, limit: int = 1 << 60, ending: threading.Event | None = None
    ) -> Result:
        """Ask again on each connection as soon as it has its answer, at most so many times.

        It ends sooner once `ending` is set.
        """
        self._begin()
        start = time.perf_counter()
        asked = waiting = min(limit, len(self.connections))
        for connection in list(self.connections.values())[:waiting]:
            self._ask(connection, start)
        while waiting:
            for done in self._ready(ANSWER_SECONDS):
                now = time.perf_counter()
                over = ending is not None and ending.is_set()
                if now - start < seconds and asked < limit and not over:
                    asked += 1
                    self._ask(done, now)
                else:
                    done.asked = 0.0
                    waiting -= 1
        return self._end(start)

    def paced(self, per_second: float, seconds: float) -> Result:
        """Ask at fixed times, whether or not earlier answers have come.

        Latency counts from the time it should have been asked: a stall is not overlooked.
        """
        self._begin()
        start = time.perf_counter()
        due = deque(start + number / per_second for number in range(int(per_second * seconds)))
        free = deque(self.connections.values())
        wanted = len(due)
        while len(self.latencies) < wanted:
            while due and free and due[0] <= time.perf_counter():
                self._ask(self._live(free.popleft()), due.popleft())
            pause = due[0] - time.perf_counter() if due and free else ANSWER_SECONDS
            for done in self._ready(max(0.0, pause), idle=bool(due and free)):
                done.asked = 0.0
                free.append(done)
        return self._end(start)

    def _live(self, connection: Connection) -> Connection:
        """Return the connection, or a new one if the server has closed it meanwhile."""
        if self.connections.get(connection.sock.fileno()) is connection:
            return connection
        return self._open()

    def _ready(self, timeout: float, idle: bool = False) -> list[Connection]:
        events = self.poll.poll(timeout)
        if not events and not idle:
            raise RuntimeError(f"no answer within {timeout:.0f} s")
        return [done for fd, _ in events if (done := self._read(fd))]

    def _begin(self) -> None:
        self.latencies = []
        gc.collect()
        gc.disable()

    def _end(self, start: float) -> Result:
        gc.enable()
        return Result(self.latencies, time.perf_counter() - start)

    def close(self) -> None:
        """Close every connection."""
        for connection in list(self.connections.values()):
            self._drop(connection)
        self.poll.close()


def _written(port: int, path: str, token: str, tag: str, body: bytes | None) -> bytes:
    """Return the request as bytes."""
    lines = [f"{'GET' if body is None else 'POST'} {path} HTTP/1.1", f"Host: 127.0.0.1:{port}"]
    lines += ["Accept: application/json"]
    lines += [f"Authorization: Bearer {token}"] if token else []
    lines += [f"If-None-Match: {tag}"] if tag else []
    if body is not None:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + (body or b"")


def _complete(data: bytearray) -> bool:
    """Say whether a whole answer is there; RuntimeError if it is none of 200, 201 and 304."""
    head = data.find(b"\r\n\r\n")
    if head < 0:
        return False
    if data.startswith(b"HTTP/1.1 304 "):  # it has no body (RFC 9110 §15.4.5)
        return len(data) >= head + 4
    if not data.startswith((b"HTTP/1.1 200 ", b"HTTP/1.1 201 ")):
        raise RuntimeError(f"none of 200, 201 and 304: {bytes(data[:500])!r}")
    found = LENGTH.search(data, 0, head)
    if not found:
        raise RuntimeError(f"an answer without a length: {bytes(data[:head])!r}")
    return len(data) >= head + 4 + int(found[1])
