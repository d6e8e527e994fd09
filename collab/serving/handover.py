"""Connections that go from one process of a server to another, with the request that they sent.

All processes share one port, and a connection goes to whichever is free; but some requests, such as
polls, belong to the process that has their conversation in memory. Later requests on such a
connection reach the right one directly.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import re
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO, Any, NamedTuple

log = logging.getLogger(__name__)

SOCKET_SUFFIX = ".worker"
#: The name of a process: its number, in hexadecimal digits.
NAME_PATTERN = re.compile(r"[0-9a-f]{1,8}")
#: Bytes of the data about a connection: two addresses.
MAX_NOTE_BYTES = 4096
#: Header fields that state the length of the body. It is complete by now, so its true length is
#: sent instead.
FRAMING_FIELDS = ("CONTENT-LENGTH", "TRANSFER-ENCODING", "EXPECT")


def own_name() -> str:
    """Return this process's name."""
    return f"{os.getpid():x}"


class Given(NamedTuple):
    """A connection that another process hands over, and what has come on it."""

    sock: socket.socket
    client: Any
    server: Any
    sent: bytes


class Handover:
    """Where the processes of a server hand each other connections: a socket each, in a folder."""

    def __init__(
        self, folder: Path, reached: Callable[[Path], AbstractContextManager[str]]
    ) -> None:
        """Make it before the fork; `reached` gives a folder's path, short enough for a socket's."""
        self._folder, self._reached = folder, reached
        self.ears: socket.socket | None = None

    def begin(self) -> socket.socket:
        """Become reachable for others; returns what can be read once somebody gives something."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._folder / f"{own_name()}{SOCKET_SUFFIX}"
        path.unlink(missing_ok=True)  # of a process that was killed, and had our number
        self.ears = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.ears.setblocking(False)
        with self._reached(self._folder) as folder:
            self.ears.bind(f"{folder}/{path.name}")
        return self.ears

    def end(self) -> None:
        """Stop being reachable."""
        if self.ears is not None:
            (self._folder / f"{own_name()}{SOCKET_SUFFIX}").unlink(missing_ok=True)
            self.ears.close()

    def give(self, owner: str, sock: socket.socket, ends: tuple[Any, Any], sent: bytes) -> bool:
        """Hand a connection to a process; returns whether that succeeded."""
        note = json.dumps(ends).encode()
        with (
            contextlib.suppress(OSError),
            # A file, since a datagram has room for a head at most, and a request may be megabytes
            # long.
            tempfile.TemporaryFile() as file,
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as mouth,
            self._reached(self._folder) as folder,
        ):
            file.write(sent)
            file.flush()
            mouth.setblocking(False)
            mouth.connect(f"{folder}/{owner}{SOCKET_SUFFIX}")
            # Once this returns, the datagram is in the other's queue, or refused: the client is
            # never with both.
            socket.send_fds(mouth, [note], [sock.fileno(), file.fileno()])
            return True
        return False

    def taken(self) -> Iterator[Given]:
        """Yield the connections that others have handed over."""
        while self.ears is not None:
            try:
                note, descriptors, _, _ = socket.recv_fds(self.ears, MAX_NOTE_BYTES, 2)
            except BlockingIOError:
                return
            client, server = json.loads(note)
            with os.fdopen(descriptors[1], "rb") as file:
                file.seek(0)
                sent = file.read()
            yield Given(
                socket.socket(fileno=descriptors[0]), _address(client), _address(server), sent
            )


def _address(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def written(request: Any, body: IO[bytes], rest: bytes) -> bytes:
    """Return a request as bytes again, and what came after it."""
    content = body.read()
    fields = [(name, value) for name, value in request.headers if name not in FRAMING_FIELDS]
    fields.append(("CONTENT-LENGTH", str(len(content))))
    head = [
        f"{request.method} {request.uri} HTTP/1.1",
        *(f"{name}: {value}" for name, value in fields),
    ]
    return "\r\n".join([*head, "", ""]).encode("latin-1") + content + rest
