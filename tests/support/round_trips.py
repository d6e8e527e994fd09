"""A line between clients and PostgreSQL's server, on which answers are counted."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

SOCKET_NAME = ".s.PGSQL.5432"
CHUNK_BYTES = 65_536
#: A letter and a length come first in what the server says.
HEAD_BYTES = 5
READY = ord("Z")


class RoundTrips:
    """Passes on what is said, and counts how often the server is ready for what comes next."""

    def __init__(self, server: Path) -> None:
        self.count = 0
        self._lines: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._server = server

    def serve(self, door: socket.socket) -> None:
        """Take clients until the door is shut."""
        with suppress(OSError):
            while True:
                client, _ = door.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(str(self._server))
                self._lines += (client, server)
                self.begin(self._pass_on, client, server, lambda said: None)
                self.begin(self._pass_on, server, client, self._counter())

    def begin(self, target: Callable[..., None], *args: Any) -> None:
        """Do something beside."""
        self._threads.append(threading.Thread(target=target, args=args))
        self._threads[-1].start()

    def _pass_on(
        self, source: socket.socket, target: socket.socket, hear: Callable[[bytes], None]
    ) -> None:
        with suppress(OSError):
            while said := source.recv(CHUNK_BYTES):
                hear(said)  # before it is passed on: whoever has it may look at the count
                target.sendall(said)
        _shut(source, target)

    def close(self) -> None:
        """Let go of all lines."""
        for thread in self._threads:
            thread.join()
        for one in self._lines:
            one.close()

    def _counter(self) -> Callable[[bytes], None]:
        unread = bytearray()

        def hear(said: bytes) -> None:
            unread.extend(said)
            while len(unread) >= HEAD_BYTES:
                size = 1 + int.from_bytes(unread[1:HEAD_BYTES])
                if len(unread) < size:
                    return
                self.count += unread[0] == READY
                del unread[:size]

        return hear


@contextmanager
def counted(url: str, folder: Path) -> Iterator[tuple[str, RoundTrips]]:
    """Stand before a server's database, in a folder; yields the address, and what counts."""
    before, _, server = url.partition("host=")
    trips = RoundTrips(Path(server) / SOCKET_NAME)
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(folder / SOCKET_NAME))
        door.listen()
        trips.begin(trips.serve, door)
        yield f"{before}host={folder}", trips
        _shut(door)
        trips.close()


def _shut(*sockets: socket.socket) -> None:
    for one in sockets:
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
