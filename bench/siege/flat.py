"""Memory and descriptors, flat over 10,000 connections and 1,000 aborted uploads."""

from __future__ import annotations

import argparse
import socket
import struct
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from bench import _server
from bench._stats import markdown
from bench.siege.target import GONE, Target
from bench.siege.world import Memory, World, disk_mib

ROUNDS = 5
CONNECTIONS, UPLOADS = 2_000, 200
SETTLE_S = 3.0
#: What each round after the first may leave: KiB of resident memory, and descriptors.
SLACK_KIB, SLACK_DESCRIPTORS = 1_024, 2


@dataclass(frozen=True)
class Figures:
    """What the worker holds after a round."""

    what: str
    resident_kib: int
    descriptors: int
    threads: int
    disk_mib: float

    def cells(self) -> tuple[str, ...]:
        """Return it as a row of the table."""
        mib = self.resident_kib / 1024
        counts = (str(self.descriptors), str(self.threads))
        return self.what, f"{mib:.1f}", *counts, f"{self.disk_mib:.1f}"


def measured(options: argparse.Namespace) -> tuple[str, bool]:
    """Return a table of what the worker holds after each round, and whether it stays flat."""
    with _server.temp_folder() as folder:
        world = World(options, folder, [])
        try:
            rounds = [_figures(world, "rest")]
            for number in range(1, ROUNDS + 1):
                connections(world.target(0), CONNECTIONS)
                aborted_uploads(world.target(0), UPLOADS)
                time.sleep(SETTLE_S)
                what = f"{number * CONNECTIONS:,} connections, {number * UPLOADS:,} uploads"
                rounds.append(_figures(world, what))
        finally:
            world.server.kill()
    head = ("after", "resident MiB", "descriptors", "threads", "MiB of disk")
    return markdown(head, [one.cells() for one in rounds]), _flat(rounds[1], rounds[-1])


def _flat(first: Figures, last: Figures) -> bool:
    """Tell whether nothing grew with the number of peers, once all was warm."""
    grown = last.resident_kib - first.resident_kib
    more = last.descriptors - first.descriptors
    return grown <= SLACK_KIB * (ROUNDS - 1) and more <= SLACK_DESCRIPTORS


def _figures(world: World, what: str) -> Figures:
    memory = Memory(world.server)
    worker = Path(f"/proc/{max(memory.workers)}")
    descriptors, threads = (len(list((worker / kind).iterdir())) for kind in ("fd", "task"))
    return Figures(what, memory.look("VmRSS"), descriptors, threads, disk_mib(world.data))


def connections(target: Target, count: int) -> None:
    """Come and go in all ways: with whole requests, half heads, resets, sockets."""
    for number in range(count):
        source = f"127.0.{10 + number % 50}.{number % 250 + 1}"
        with suppress(*GONE):
            sock = target.raw(source, 5)
            _visit(sock, number % 5)
            sock.close()


def _visit(sock: socket.socket, kind: int) -> None:
    handshake = (
        b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    match kind:
        case 0:
            sock.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
            sock.recv(65536)
        case 1:
            sock.sendall(b"GET /health HTTP/1.1\r\nHos")
        case 2:
            sock.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
            _reset(sock)
        case 3:
            sock.sendall(handshake)
            sock.recv(65536)
        case _:
            sock.sendall(handshake)
            sock.recv(65536)
            _reset(sock)


def _reset(sock: socket.socket) -> None:
    """Have the next close answer nothing any more: RST."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def aborted_uploads(target: Target, count: int) -> None:
    """Begin uploads of 5 MB and go away after some hundred KB."""
    names = ("vera", "victim", "alice", "bob")
    for number in range(count):
        token = target.accounts[names[number % len(names)]].token
        head = (
            "POST /api/v1/uploads HTTP/1.1\r\nHost: x\r\n"
            f"Authorization: Bearer {token}\r\nContent-Length: 5000000\r\n"
            "Content-Type: multipart/form-data; boundary=b\r\n\r\n"
            '--b\r\nContent-Disposition: form-data; name="file"; filename="x.csv"\r\n\r\n'
        )
        with suppress(OSError):
            sock = target.raw(f"127.0.70.{number % 250 + 1}")
            sock.sendall(head.encode() + b"a,b\n" * 75_000)
            if number % 2:
                _reset(sock)
            sock.close()
