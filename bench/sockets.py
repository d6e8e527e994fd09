"""Ten thousand sockets in one process: how fast they open, what they take, who gets what when.

All follow one project. Some messages are published, one at a time; the time of each delivery is
from sending a message to the moment at which that client has read its frame.
"""

from __future__ import annotations

import json
import resource
import select
import socket
import time
from contextlib import ExitStack
from pathlib import Path

from bench import _server
from bench._entrants import OURS, Entrant, enter
from bench._machine import Watch
from bench._wsclient import PING, PONG, Client, encode, frames, request
from bench.idle import memory
from bench.whole import alone
from bench.whole.book import Book
from bench.whole.plan import Plan

SOCKETS = 10_000
#: Handshakes that are under way at once.
OPENING = 64
MESSAGES, PAUSE_SECONDS, SETTLE_SECONDS = 5, 0.5, 2.0
STALL_SECONDS = 20.0
#: Descriptors that either side needs for other things.
SPARE_DESCRIPTORS = 500
MARKER = b'"mark":'


class Many:
    """Sockets in one epoll loop, which follow a project and answer pings."""

    def __init__(self, port: int, path: str) -> None:
        self.port, self.path = port, path
        self.poll = select.epoll()
        self.opening: dict[int, tuple[socket.socket, bytearray]] = {}
        self.open: dict[int, tuple[socket.socket, bytearray]] = {}

    def grow(self, count: int) -> float:
        """Open so many; returns the seconds until the last one follows."""
        start, begun = time.perf_counter(), 0
        while len(self.open) < count:
            while begun < count and len(self.opening) < OPENING:
                self._begin()
                begun += 1
            for fd, text in self._arrived():
                if b'"subscribed"' in text:
                    self.open[fd] = self.opening.pop(fd)
        return time.perf_counter() - start

    def _begin(self) -> None:
        sock = socket.create_connection(("127.0.0.1", self.port), STALL_SECONDS)
        sock.sendall(request(self.port, self.path))
        self.opening[sock.fileno()] = sock, bytearray()
        self.poll.register(sock, select.EPOLLIN)

    def _arrived(self) -> list[tuple[int, bytes]]:
        """Return the texts that came, each with its socket; raises RuntimeError if none does."""
        ready = self.poll.poll(STALL_SECONDS)
        if not ready:
            raise RuntimeError(f"nothing comes; {len(self.open)} sockets are open")
        return [(fd, text) for fd, _ in ready for text in self._texts(fd)]

    def _texts(self, fd: int) -> list[bytes]:
        sock, buffer = self.open.get(fd) or self.opening[fd]
        data = sock.recv(65536)
        if not data:
            raise RuntimeError(f"closed; {len(self.open)} sockets are open: {bytes(buffer)!r}")
        buffer += data
        if buffer.startswith(b"HTTP/1.1 "):
            head, end, rest = buffer.partition(b"\r\n\r\n")
            if not end:
                return []
            if not head.startswith(b"HTTP/1.1 101 "):
                raise RuntimeError(f"refused; {len(self.open)} sockets are open: {bytes(head)!r}")
            buffer[:] = rest
        found = list(frames(buffer))
        for opcode, payload in found:
            if opcode == PING:
                sock.sendall(encode(payload, PONG))
        return [payload for opcode, payload in found if opcode not in (PING, PONG)]

    def deliveries(self, start: float) -> list[float]:
        """Wait until each has the message that was sent at `start`; returns all latencies."""
        found = []
        while len(found) < len(self.open):
            found += [time.perf_counter() - start for _, text in self._arrived() if MARKER in text]
        return found

    def close(self) -> None:
        """Close all."""
        for sock, _ in (*self.open.values(), *self.opening.values()):
            sock.close()
        self.poll.close()


def raise_limit() -> int:
    """Let this process and its servers open as many files as may be; returns how many."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most


def threads(server: _server.Server) -> int:
    """Return the threads of all its processes."""
    return sum(len(list(Path(f"/proc/{pid}/task").iterdir())) for pid in server.pids())


def record(book: Book, plan: Plan) -> None:
    """Note what opening, keeping and telling them takes, with a new server for each round."""
    count = min(plan.size(SOCKETS, 500), raise_limit() - SPARE_DESCRIPTORS)
    for _ in plan.rounds():
        with ExitStack() as stack:
            entrant = enter(OURS, plan, stack, SOCKET_LIMIT=str(count + 50), PING_SECONDS="20")
            measure(book, entrant, count, stack)


def measure(book: Book, entrant: Entrant, count: int, stack: ExitStack) -> None:
    """Note one round."""
    api, server = entrant.api, entrant.server
    project = api.want(201, "POST", "/api/v1/projects", {"name": "many"})["id"]
    api.close()
    before = threads(server)
    path = f"/ws?token={api.token}"
    crowd = Many(api.port, f"{path}&project_id={project}")
    stack.callback(crowd.close)
    watch = Watch(server.pids())
    took = crowd.grow(count)
    work, others = "10,000 sockets of one process", watch.shares()[1]
    book.note(work, OURS, float(count), "sockets", "open")
    book.note(work, OURS, count / took, "sockets/s", "opened", others=others)
    publisher = Client(api.port, path)
    stack.callback(publisher.drop)
    time.sleep(SETTLE_SECONDS)
    book.note(work, OURS, memory(server, "Pss") / 2**20, "MiB", "PSS")
    book.note(work, OURS, float(threads(server) - before), "threads", "threads more")
    latencies, watch = [], Watch(server.pids())
    for number in range(MESSAGES):
        time.sleep(PAUSE_SECONDS)
        payload = {"mark": number}
        body = {"type": "file_changed", "project_id": project, "payload": payload}
        start = time.perf_counter()
        publisher.send(json.dumps(body, separators=(",", ":")).encode())
        latencies += crowd.deliveries(start)
    others = watch.shares()[1]
    book.note_latencies(work, OURS, latencies, of="delivery", others=others)


if __name__ == "__main__":
    alone.main("sockets", __doc__, record, 2)
