"""Between the processes of one machine: a socket each, in a folder of the instance.

A datagram to a process that has ended is refused at once (ECONNREFUSED): so a killed one is noticed
with the next letter, or within LOOK_S, and no clock decides whether it lives. Unix datagrams are
neither lost nor reordered: a full socket refuses them, and what then waits for it is bounded.
"""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from .line import MAX_WAITING_BYTES, Line
from .neighbour import (
    ALIVE_KIND,
    FIRST_KIND,
    LAST_KIND,
    NAME_BYTES,
    PIECE_BYTES,
    RING_KIND,
    WHOLE_KIND,
    Neighbour,
)

log = logging.getLogger(__name__)

SOCKET_SUFFIX = ".sock"
#: Seconds between two checks of who is there.
LOOK_S = 1.0
#: Seconds until what waits for a process is tried again.
RETRY_S = 0.005
#: Datagrams that are read before something else has its turn.
MAX_READ_IN_A_ROW = 256
#: The longest path of a socket in bytes, by any system's `sockaddr_un`.
#: Linux has 108, macOS 104.
MAX_PATH_BYTES = 100
#: Processes that are told; any beyond these poll.
MAX_NEIGHBOURS = 64


class Datagrams(Line):
    """The sockets of this process: one that listens, and one to each neighbour."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder
        self._token = b""
        #: In a process that runs the thread: the socket that listens, and the one that wakes it.
        self._ears: socket.socket
        self._woken: socket.socket
        self._waker: socket.socket | None = None
        self._lock = threading.Lock()
        self._neighbours: dict[str, Neighbour] = {}
        #: Letters that are not complete yet, by their sender.
        self._begun: dict[str, bytearray] = {}

    # -- from any thread ------------------------------------------------------------------------

    @property
    def alone(self) -> bool:
        """Return whether no other process is known."""
        return not self._neighbours

    def ring(self) -> None:
        """Tell all others that something was written; without the thread it finds them first."""
        if self.alive:
            self._tell(lambda one: one.nudge(RING_KIND + self._token))
        else:
            ring_once(self._folder)

    def send(self, letter: bytes) -> None:
        """Send all others a letter."""
        self._tell(lambda one: one.send_letter(self._token, letter))

    def _tell(self, tell: Callable[[Neighbour], None]) -> None:
        with self._lock:
            for one in self._neighbours.values():
                tell(one)
            late = any(one.waits for one in self._neighbours.values())
        if late:
            self._wake()

    def _wake(self) -> None:
        if self._waker is not None:
            with contextlib.suppress(OSError):  # full, and it wakes anyway; or it has ended
                self._waker.send(b".")

    # -- in the thread --------------------------------------------------------------------------

    def start(self) -> None:
        """Start; if no socket can be opened, others are noticed by polling, as `/ready` says."""
        try:
            super().start()
        except OSError as error:
            self._off = f"no socket in {self._folder} ({error}): the log is polled"
            log.warning("other processes are told nothing: %s", error)

    def _prepare(self) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # After the fork, which would share it; and new each time, so that no process is mistaken
        # for its predecessor.
        self._token = secrets.token_bytes(NAME_BYTES)
        self._ears = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._ears.setblocking(False)
        try:
            with reached(self._folder) as folder:
                self._ears.bind(f"{folder}/{self._token.hex()}{SOCKET_SUFFIX}")
        except OSError:
            self._ears.close()
            raise
        self._woken, waker = socket.socketpair()
        waker.setblocking(False)
        self._waker = waker
        self._poller = select.poll()
        for one in (self._ears, self._woken):
            self._poller.register(one, select.POLLIN)

    def _run(self) -> None:
        try:
            look_at = 0.0
            while not self._stopping.is_set():
                self._beat()
                try:
                    if time.monotonic() >= look_at:
                        look_at = time.monotonic() + LOOK_S
                        self._look()
                    self._go_on()
                    self._hear()
                    self._wait(look_at)
                except Exception:
                    log.exception("a letter can't be taken or sent, going on after it")
        finally:
            self._leave()

    def _wait(self, until: float) -> None:
        late = any(one.waits for one in self._neighbours.values())
        left = RETRY_S if late else max(0.0, until - time.monotonic())
        ready = dict(self._poller.poll(left * 1000))
        if self._woken.fileno() in ready:
            self._woken.recv(4096)

    def _look(self) -> None:
        """Find who has come, and who has ended."""
        for name in names(self._folder) - {self._token.hex()} - self._neighbours.keys():
            self._meet(name)
        self._tell(lambda one: one.nudge(ALIVE_KIND + self._token))

    def _meet(self, name: str) -> None:
        """Tell a process everything that it should know, or bury it."""
        if len(self._neighbours) >= MAX_NEIGHBOURS:
            return
        try:
            with reached(self._folder) as folder:
                met = Neighbour(f"{folder}/{name}{SOCKET_SUFFIX}")
        except ConnectionRefusedError:
            # Nobody listens: it was killed and left its socket behind.
            (self._folder / f"{name}{SOCKET_SUFFIX}").unlink(missing_ok=True)
        except FileNotFoundError:
            pass  # it has ended
        except OSError as error:
            log.warning("process %s can't be told anything: %s", name, error)
        else:
            with self._lock:
                self._neighbours[name] = met
            self._tell_all(name, met)

    def _tell_all(self, name: str, whom: Neighbour) -> None:
        whom.behind = False
        with contextlib.closing(self.reader.met(name)) as letters:
            for letter in letters:
                with self._lock:
                    whom.send_letter(self._token, letter)
                if whom.behind:  # a part is not all: it is told again when there is room
                    break
        with self._lock:  # what was dropped may have been a ring
            whom.nudge(RING_KIND + self._token)

    def _go_on(self) -> None:
        """Send what waits, and drop those that have ended."""
        for name, one in tuple(self._neighbours.items()):
            with self._lock:
                one.go_on()
                if one.ended:
                    del self._neighbours[name]
                    one.close()
            if one.ended:
                self._begun.pop(name, None)
                self.reader.lost(name)
            elif one.behind:
                self._tell_all(name, one)

    def _hear(self) -> None:
        for _ in range(MAX_READ_IN_A_ROW):
            try:
                datagram = self._ears.recv(PIECE_BYTES + 1 + NAME_BYTES)
            except BlockingIOError:
                return
            kind, name = datagram[:1], datagram[1 : 1 + NAME_BYTES].hex()
            if kind == RING_KIND:
                self.reader.rung()
            elif name not in self._neighbours:
                self._meet(name)  # and if it has ended since, its last words are of no use
            if kind not in (RING_KIND, ALIVE_KIND) and name in self._neighbours:
                self._take(name, kind, datagram[1 + NAME_BYTES :])

    def _take(self, name: str, kind: bytes, piece: bytes) -> None:
        if kind == WHOLE_KIND:
            self._begun.pop(name, None)
            self.reader.take(name, piece)
        elif kind == FIRST_KIND:
            self._begun[name] = bytearray(piece)
        elif name in self._begun:  # otherwise its beginning was dropped, on a full line
            begun = self._begun[name]
            begun += piece
            if kind == LAST_KIND or len(begun) > MAX_WAITING_BYTES:
                del self._begun[name]
            if kind == LAST_KIND:
                self.reader.take(name, bytes(begun))

    def _leave(self) -> None:
        """Stop being found, and refuse what is still sent."""
        (self._folder / f"{self._token.hex()}{SOCKET_SUFFIX}").unlink(missing_ok=True)
        self._ears.close()
        with self._lock:
            for one in self._neighbours.values():
                one.close()
            self._neighbours.clear()
        self._woken.close()
        if self._waker is not None:
            self._waker.close()


def names(folder: Path) -> set[str]:
    """Return the names of the processes that have a socket in a folder; some may have ended."""
    try:
        return {one.stem for one in folder.iterdir() if one.suffix == SOCKET_SUFFIX}
    except OSError:
        return set()


@contextlib.contextmanager
def reached(folder: Path) -> Iterator[str]:
    """Give a path to a folder that is short enough for a socket's address."""
    if len(os.fsencode(folder)) + 2 * NAME_BYTES + len(SOCKET_SUFFIX) < MAX_PATH_BYTES:
        yield str(folder)
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        # Linux only; elsewhere a long path fails, and the log is polled.
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)


def ring_once(folder: Path) -> None:
    """Ring all processes of a folder, from a process that is not among them."""
    found = names(folder)
    if not found:
        return
    with (
        contextlib.suppress(OSError),
        reached(folder) as path,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender,
    ):
        # A full socket will be read anyway, and its reader then reads the log.
        sender.setblocking(False)
        for name in found:
            with contextlib.suppress(OSError):
                sender.sendto(RING_KIND + bytes(NAME_BYTES), f"{path}/{name}{SOCKET_SUFFIX}")
