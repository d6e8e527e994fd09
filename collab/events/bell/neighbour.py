"""Another process on this machine, as seen by the one that sends it datagrams."""

from __future__ import annotations

import socket
from collections import deque
from collections.abc import Iterator

from .line import MAX_WAITING_BYTES

#: Bytes of a process's name, which each datagram has after its kind.
NAME_BYTES = 8
#: Bytes of a letter in one datagram: the system's default allows some 200 KiB.
PIECE_BYTES = 64 * 1024

#: What a datagram is, by its first byte: a ring, a heartbeat, a letter, or a piece of one.
RING_KIND = b"r"
ALIVE_KIND = b"a"
WHOLE_KIND = b"w"
FIRST_KIND = b"f"
MORE_KIND = b"m"
LAST_KIND = b"l"


class Neighbour:
    """A socket to another process, and what waits for it; callers hold the line's lock."""

    def __init__(self, path: str) -> None:
        """Connect; raises OSError, which is ConnectionRefusedError if the process has ended."""
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        try:
            self._socket.connect(path)
        except OSError:
            self._socket.close()
            raise
        self._waiting: deque[bytes] = deque()
        self._bytes = 0
        #: Whether it has missed letters: it must be told everything again.
        self.behind = False
        self.ended = False

    @property
    def waits(self) -> bool:
        """Return whether the line's thread has something to do for it."""
        return bool(self._waiting) or self.behind or self.ended

    def send(self, datagram: bytes) -> None:
        """Send a datagram, now or after those that wait."""
        # Never ahead of what waits: pieces of a letter must come in order.
        if self._waiting or not self._sent(datagram):
            self._waiting.append(datagram)
            self._bytes += len(datagram)
            if self._bytes > MAX_WAITING_BYTES:
                self._waiting.clear()
                self._bytes, self.behind = 0, True

    def nudge(self, datagram: bytes) -> None:
        """Send a datagram, unless the last one that waits is the same and says as much."""
        if not self._waiting or self._waiting[-1] != datagram:
            self.send(datagram)

    def send_letter(self, name: bytes, letter: bytes) -> None:
        """Send a letter in as many pieces as it takes."""
        for kind, piece in _pieces(letter):
            self.send(kind + name + piece)

    def go_on(self) -> None:
        """Send as much of what waits as there is room for."""
        while self._waiting and self._sent(self._waiting[0]):
            self._bytes -= len(self._waiting.popleft())

    def _sent(self, datagram: bytes) -> bool:
        try:
            self._socket.send(datagram)
        except BlockingIOError:
            return False
        except OSError:
            # Only noted: the caller holds the lock, and the line's thread buries it.
            self.ended = True
        return True

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()


def _pieces(letter: bytes) -> Iterator[tuple[bytes, bytes]]:
    if len(letter) <= PIECE_BYTES:
        yield WHOLE_KIND, letter
        return
    last = (len(letter) - 1) // PIECE_BYTES
    for number in range(last + 1):
        kind = FIRST_KIND if not number else LAST_KIND if number == last else MORE_KIND
        yield kind, letter[number * PIECE_BYTES : (number + 1) * PIECE_BYTES]
