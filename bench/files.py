"""Texts edited together: 10 editors and 50 watchers, ours against y-websocket's own server.

Each editor keeps 1 or 4 edits in flight, single letters; an edit is done when its author
has it back from the server, as all others have. Latency is from an edit's sending to a
watcher's reading. Ours commits every edit with `synchronous=FULL` before anybody hears of
it; the peer keeps texts in memory. The servers share one core, where all but the measured
one idle, and the load generator has the other.
"""

from __future__ import annotations

import argparse
import json
import re
import selectors
import socket
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from bench import _server
from bench._edits import EDITORS, Json, Yjs
from bench._http import register
from bench._machine import Watch, describe
from bench._stats import Histogram, markdown, median, ratio
from bench._wsclient import connect, encode
from bench.whole.book import Book
from bench.whole.plan import Plan

WATCHERS, IN_FLIGHT = 50, (1, 4)
OPENED, OPENED_BYTES = 200, 10_000
BASE = "y-websocket"
TAIL = 400  # bytes kept of what was read, to find what is cut in two


@dataclass
class Reader:
    """A connection; of most of them only the bytes are read."""

    sock: socket.socket
    editor: int = -1
    tail: bytes = b""


@dataclass
class Figure:
    """One measurement; latencies in milliseconds."""

    rate: float
    p50: float
    p99: float
    server: float
    others: float


@dataclass
class Load:
    """Editors and watchers of one text, who go on until the time is over."""

    speaks: Yjs | Json
    readers: list[Reader]
    sent: list[list[float]] = field(default_factory=lambda: [[] for _ in range(EDITORS)])
    back: list[int] = field(default_factory=lambda: [0] * EDITORS)
    seen: list[int] = field(default_factory=lambda: [0] * EDITORS)
    latencies: Histogram = field(default_factory=Histogram)
    going: bool = True

    def drive(self, in_flight: int, seconds: float) -> float:
        """Edit for some seconds, wait for the last, and return edits a second."""
        selector = selectors.DefaultSelector()
        for reader in self.readers:
            reader.sock.setblocking(False)
            selector.register(reader.sock, selectors.EVENT_READ, reader)
        start, self.going, self.latencies = time.monotonic(), True, Histogram()
        before = sum(self.back)
        for editor in range(EDITORS):
            for _ in range(in_flight):
                self._send(editor)
        while self.going or sum(self.back) < sum(map(len, self.sent)):
            now = time.monotonic()
            if self.going and now - start >= seconds:
                self.going, rate = False, (sum(self.back) - before) / (now - start)
            if now - start > seconds + 20:
                raise RuntimeError("edits were lost")
            for key, _ in selector.select(0.05):
                self._read(key.data)
        selector.close()
        return rate

    def _send(self, editor: int) -> None:
        frame = self.speaks.edit(editor, len(self.sent[editor]))
        self.sent[editor].append(time.monotonic())
        self.readers[editor].sock.sendall(frame)

    def _read(self, reader: Reader) -> None:
        data = reader.sock.recv(1 << 18)
        if not data:
            raise RuntimeError("the server closed a connection")
        if reader.editor < -1:
            return
        data, end, now = reader.tail + data, 0, time.monotonic()
        for match in self.speaks.pattern.finditer(data):
            end, (author, count) = match.end(), self.speaks.author(match)
            for _ in range(count):
                self._seen(reader, author, now)
        reader.tail = data[max(end, len(data) - TAIL) :]

    def _seen(self, reader: Reader, author: int, now: float) -> None:
        """Note an edit that was read; its author sends the next one."""
        if reader.editor == -1:
            self.latencies.add(now - self.sent[author][self.seen[author]])
            self.seen[author] += 1
        elif reader.editor == author:
            self.back[author] += 1
            if self.going:
                self._send(author)


def readers(port: int, path: str, hello: bytes = b"") -> list[Reader]:
    """Connect everybody, and wait until the server has answered each."""
    found = []
    for index in range(EDITORS + WATCHERS):
        sock, early = connect(port, path)
        sock.settimeout(10)
        if hello:
            sock.sendall(hello)
        found.append(Reader(sock, index if index < EDITORS else EDITORS - 1 - index))
        if hello or not early:
            sock.recv(1 << 18)
    return found


class Contest:
    """All systems, running side by side; one is measured at a time."""

    def __init__(self, python: str, stack: ExitStack) -> None:
        folders = [stack.enter_context(_server.temp_folder()) for _ in range(2)]
        self.port, self.peer_port = _server.free_port(), _server.free_port()
        self.ours = _server.ours(python, self.port, folders[0], PING_SECONDS="3600")
        self.peer = _server.node("yjs_server.cjs", self.peer_port, folders[1])
        for server in (self.ours, self.peer):
            stack.callback(server.stop)
            server.start()
        _server.wait_health(self.ours, self.port)
        _server.wait_port(self.peer, self.peer_port)
        self.api = register(self.port)
        project = self.api.want(201, "POST", "/api/v1/projects", {"name": "texts"})["id"]
        desk = f"/api/v1/projects/{project}/workspaces"
        self.workspace = self.api.want(201, "POST", desk, {"name": "desk"})["id"]
        self.made = 0

    def text(self, content: str = "") -> int:
        """Make a text and return its id."""
        self.made += 1
        self.api.close()  # the server may have, since the last one
        body = {"path": f"{self.made}.txt", "content": content}
        path = f"/api/v1/workspaces/{self.workspace}/files"
        return int(self.api.want(201, "POST", path, body)["id"])

    def loads(self) -> dict[str, tuple[Load, _server.Server]]:
        """Connect everybody to a new text of each system."""
        spoken, written = self.text(), self.text()
        hello = encode(json.dumps({"type": "file.open", "file_id": spoken}).encode())
        yjs, peer = Yjs(), Yjs()
        return {
            BASE: (Load(peer, readers(self.peer_port, f"/room{written}")), self.peer),
            "ours, Yjs": (Load(yjs, self._ours(f"/yjs/{written}")), self.ours),
            "ours, JSON": (Load(Json(spoken), self._ours("/ws", hello)), self.ours),
        }

    def _ours(self, path: str, hello: bytes = b"") -> list[Reader]:
        return readers(self.port, f"{path}?token={self.api.token}", hello)

    def round(self, seconds: float) -> dict[tuple[str, int], Figure]:
        """Measure every system at every number in flight."""
        found = {}
        for name, (load, server) in self.loads().items():
            load.drive(1, 0.3)
            for in_flight in IN_FLIGHT:
                watch = Watch(server.pids())
                rate = load.drive(in_flight, seconds)
                p50, p99 = (load.latencies.percentile(share) * 1e3 for share in (0.5, 0.99))
                found[name, in_flight] = Figure(rate, p50, p99, *watch.shares())
                print(f"{name:12} {in_flight} {found[name, in_flight]}", file=sys.stderr)
            for reader in load.readers:
                reader.sock.close()
        return found

    def memory(self) -> float:
        """Return the bytes that an open text of 10 kB takes in our server."""
        texts = [self.text("0123456789" * (OPENED_BYTES // 10)) for _ in range(OPENED)]
        sock, _ = connect(self.port, f"/ws?token={self.api.token}")
        before = _resident(self.ours)
        for text in texts:
            sock.sendall(encode(json.dumps({"type": "file.open", "file_id": text}).encode()))
            sock.recv(1 << 18)
        return (_resident(self.ours) - before) / OPENED


def _resident(server: _server.Server) -> int:
    sizes = [Path(f"/proc/{pid}/smaps_rollup").read_text() for pid in server.pids()]
    return sum(int(m[1]) * 1024 for text in sizes for m in re.finditer(r"Pss: +(\d+)", text))


def record(book: Book, plan: Plan) -> None:
    """Note every system at every number in flight, and the memory of an open text."""
    with ExitStack() as stack:
        contest = Contest(plan.python, stack)
        for _ in plan.rounds():
            for (name, in_flight), found in contest.round(plan.seconds).items():
                note = partial(book.note, work_of(in_flight), name, others=found.others)
                note(found.rate, "edits/s")
                note(found.p50, "ms", "p50")
                note(found.p99, "ms", "p99")
        book.note("an open text of 10,000 bytes", "ours", contest.memory() / 1024, "KiB", "memory")


def work_of(in_flight: int) -> str:
    """Return what the work is called."""
    return f"edits of one text, {in_flight} in flight each"


def table(rounds: list[dict[tuple[str, int], Figure]]) -> str:
    """Return the medians over all rounds; ratios are medians of a round's own ratios."""
    columns = f"edits/s|ratio to {BASE}|p50 ms|p99 ms|server core busy|others, most"
    head = ["system, in flight each", *columns.split("|")]
    rows = []
    for name, in_flight in sorted(rounds[0], key=lambda key: key[1]):
        figures = [found[name, in_flight] for found in rounds]
        faster = [ratio(one[name, in_flight].rate, one[BASE, in_flight].rate) for one in rounds]
        rows.append(
            [
                f"{name}, {in_flight}",
                f"{median(one.rate for one in figures):,.0f}",
                f"{median(faster):.2f}",
                f"{median(one.p50 for one in figures):.2f}",
                f"{median(one.p99 for one in figures):.2f}",
                f"{median(one.server for one in figures):.0%}",
                f"{max(one.others for one in figures):.0%}",
            ]
        )
    return markdown(head, rows)


def main() -> None:
    """Run the rounds and print the table."""
    parser = argparse.ArgumentParser(prog="bench.files", description=__doc__)
    parser.add_argument("--python", default=sys.executable, help="interpreter for ours")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each measurement")
    options = parser.parse_args()
    _server.begin()
    with ExitStack() as stack:
        contest = Contest(options.python, stack)
        each = contest.memory()
        rounds = [contest.round(options.seconds) for _ in range(options.rounds)]
    print(describe())
    print()
    print(table(rounds))
    print(f"\nMemory of an open text of {OPENED_BYTES:,} bytes: {each / 1024:.0f} KiB")


if __name__ == "__main__":
    main()
