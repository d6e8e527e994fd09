"""A durable event from published to delivered: at rest, and at thousands a second for some time.

Publishers send `file_changed` over sockets that follow nothing; one other socket follows the
project. Each event is a row, committed with `synchronous=FULL` before the follower hears of it.
Latency is from the time at which an event was due to the moment the follower has read its frame.
"""

from __future__ import annotations

import json
import re
import selectors
import socket
import time
from contextlib import ExitStack
from dataclasses import dataclass

from bench._entrants import OURS, Entrant, enter
from bench._machine import Watch
from bench._wsclient import TEXT, Client, connect, encode, frames
from bench.whole import alone
from bench.whole.book import Book
from bench.whole.plan import Plan

AT_REST = "a durable event, published to delivered, at rest"
SUSTAINED = "durable events, 5,000 a second"
PER_SECOND = 5000
PUBLISHERS = 10
PAUSE_SECONDS = 0.02
#: Without anything for so long, events are lost.
STALL_SECONDS = 10.0
NUMBER = re.compile(rb'"seq":(\d+)')


def message(project: int, number: int) -> bytes:
    """Return the frame that publishes an event."""
    body = {"type": "file_changed", "project_id": project, "payload": {"seq": number}}
    return encode(json.dumps(body).encode())


@dataclass
class Figure:
    """One measurement: events a second, and latencies in seconds."""

    rate: float
    latencies: list[float]
    others: float


class Line:
    """Publishers and the follower of a project."""

    def __init__(self, entrant: Entrant, stack: ExitStack) -> None:
        self.server, api = entrant.server, entrant.api
        self.project = api.want(201, "POST", "/api/v1/projects", {"name": "events"})["id"]
        api.close()
        path = f"/ws?token={api.token}"
        self.publishers = [connect(api.port, path)[0] for _ in range(PUBLISHERS)]
        follower = Client(api.port, f"{path}&project_id={self.project}")
        while b'"subscribed"' not in follower.receive():
            pass
        self.follower, self.buffer = follower.sock, follower.buffer
        for sock in (*self.publishers, self.follower):
            stack.callback(sock.close)

    def at_rest(self, count: int) -> Figure:
        """Publish now and then, and wait for each."""
        watch, found = Watch(self.server.pids()), []
        self.follower.settimeout(STALL_SECONDS)
        for number in range(count):
            time.sleep(PAUSE_SECONDS)
            start = time.perf_counter()
            self.publishers[0].sendall(message(self.project, number))
            while number not in self._read():
                pass
            found.append(time.perf_counter() - start)
        return Figure(0.0, found, watch.shares()[1])

    def sustained(self, per_second: int, seconds: float) -> Figure:
        """Publish at a fixed rate, whatever comes back; returns what was delivered a second."""
        total = int(per_second * seconds)
        watch, found = Watch(self.server.pids()), []
        with selectors.DefaultSelector() as selector:
            for sock in (*self.publishers, self.follower):
                selector.register(sock, selectors.EVENT_READ)
            sent, start = 0, time.perf_counter()
            while len(found) < total:
                sent = self._send_due(sent, min(total, self._due(start, per_second)))
                ready = selector.select(0.001 if sent < total else STALL_SECONDS)
                for key, _ in ready:
                    numbers, now = self._taken(key.fileobj), time.perf_counter() - start
                    found += [now - number / per_second for number in numbers]
                if not ready and sent == total:
                    raise RuntimeError(f"{len(found)} of {total} events came")
            took = time.perf_counter() - start
        return Figure(total / took, found, watch.shares()[1])

    def _due(self, start: float, per_second: int) -> int:
        return int((time.perf_counter() - start) * per_second) + 1

    def _send_due(self, sent: int, due: int) -> int:
        """Send what is due, in turn by the publishers, a frame and a system call each."""
        for number in range(sent, due):
            self.publishers[number % PUBLISHERS].sendall(message(self.project, number))
        return max(sent, due)

    def _taken(self, sock: object) -> list[int]:
        """Read a socket that has something; publishers get acknowledgements only."""
        if sock is self.follower:
            return self._read()
        if isinstance(sock, socket.socket) and b'"error"' in sock.recv(1 << 18):
            raise RuntimeError("the server refused an event")
        return []

    def _read(self) -> list[int]:
        data = self.follower.recv(1 << 18)
        if not data:
            raise RuntimeError("the server closed the follower's socket")
        self.buffer += data
        texts = [text for opcode, text in frames(self.buffer) if opcode == TEXT]
        return [int(match[1]) for text in texts if (match := NUMBER.search(text))]


def record(book: Book, plan: Plan) -> None:
    """Note both."""
    with ExitStack() as stack:
        line = Line(enter(OURS, plan, stack), stack)
        line.sustained(500, 0.5)
        for _ in plan.rounds():
            _note(book, AT_REST, line.at_rest(plan.size(100, 10)))
            found = line.sustained(PER_SECOND, 2 * plan.seconds)
            _note(book, SUSTAINED, found)
            book.note(SUSTAINED, OURS, found.rate, "events/s", others=found.others)


def _note(book: Book, work: str, found: Figure) -> None:
    book.note_latencies(work, OURS, found.latencies, others=found.others)


if __name__ == "__main__":
    alone.main("durable", __doc__, record, 5)
