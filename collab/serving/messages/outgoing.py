"""What an answer is written to instead of its socket: it takes everything at once, without waiting.

What the kernel does not take stays here, and the selector sends it later. Only an answer that is
longer than what may wait, or a stream, makes its thread wait for the reader, up to a deadline.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import socket
import sys
import termios
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import IO

from ...core.transactions.disk import Left
from ...frozen import frozen
from .refusals import Refused
from .spool import PIECE_BYTES, Share, Spooled

#: Bytes of one answer that may wait for its reader; a thread that makes more has to wait itself.
MAX_WAITING_BYTES = 32 * 2**20
#: Bytes that the kernel is given at once from a file.
FILE_PIECE_BYTES = 256 * 1024
#: Bytes per second that a reader has to take at least, and a sender to send.
MIN_BYTES_PER_S = 4 * 1024
#: Seconds in which a file that is deleted meanwhile can be read to its end: its bytes stay on the
#: disk for as long, and no quota counts them.
DELETED_S = 60
#: Seconds after which it is checked whether it was deleted.
LOOK_S = 15
#: Bytes collected before the kernel gets them: so the head and a small body go together.
JOINED_BYTES = 64 * 1024


@frozen
class Terms:
    """What all answers have in common."""

    #: Seconds for which a reader may take nothing.
    patience: float
    #: Threads that may wait for readers at once.
    waiters: threading.Semaphore


class TooSlow(OSError):
    """The reader takes too little."""


class FilePart:
    """A part of a file that is sent without our reading it."""

    def __init__(
        self, descriptor: int, offset: int, size: int, returned: Callable[[], None] | None = None
    ) -> None:
        """Make it; `returned` is called when the descriptor is closed."""
        self.descriptor, self.offset, self.size = descriptor, offset, size
        self._returned = returned
        self._had_name = os.fstat(descriptor).st_nlink > 0

    @property
    def deleted(self) -> bool:
        """Return whether the file was deleted: then its bytes are kept for this reader alone."""
        return self._had_name and not os.fstat(self.descriptor).st_nlink

    def send(self, sock: socket.socket) -> int:
        """Send more; return how many bytes went. Raises BlockingIOError and OSError."""
        sent = os.sendfile(
            sock.fileno(), self.descriptor, self.offset, min(self.size, FILE_PIECE_BYTES)
        )
        if not sent:
            # The head has already stated the length, so the connection has to end.
            raise TooSlow("the file has become shorter while it was sent")
        self.offset += sent
        self.size -= sent
        return sent

    def close(self) -> None:
        """Close the file."""
        os.close(self.descriptor)
        if self._returned is not None:
            self._returned()


class Outgoing:
    """The unsent part of a connection's answers. One thread at a time may use it."""

    def __init__(self, sock: socket.socket, terms: Terms, spool: Share) -> None:
        self._sock, self._terms, self._spool = sock, terms, spool
        self._joined = bytearray()
        self._parts: deque[memoryview | FilePart] = deque()
        self._spooled: Spooled | None = None
        self._spool_read = 0
        self._begun = 0.0
        self._sent = self._ahead = 0
        #: Whether each write waits until it is sent, as a stream's must.
        self.paced = False
        #: What has to be on disk before anything is sent.
        self.left = Left()

    @property
    def empty(self) -> bool:
        """Return whether all is sent."""
        return not (self._joined or self._parts or self._spooled)

    @property
    def deadline(self) -> float:
        """Return by when a reader has to have taken the next bytes, at the minimum rate.

        What our own kernel still holds for them, which may be megabytes, they have not taken.
        """
        taken = max(0, self._ahead + self._sent - self._in_the_kernel())
        at = self._begun + self._terms.patience + taken / MIN_BYTES_PER_S
        part = self._parts[0] if self._parts else None
        if isinstance(part, FilePart) and part.deleted:
            return min(at, self._begun + DELETED_S)
        return at

    @property
    def looked_at(self) -> float:
        """Return when to check the deadline: a file may be deleted at any time."""
        if self._parts and isinstance(self._parts[0], FilePart):
            return min(self.deadline, time.monotonic() + LOOK_S)
        return self.deadline

    def begin(self) -> None:
        """Begin an answer: its time runs from now."""
        self._restart()
        self.paced = False

    def _restart(self) -> None:
        self._begun, self._sent, self._ahead = time.monotonic(), 0, self._in_the_kernel()

    def _in_the_kernel(self) -> int:
        """Return how many bytes the kernel has that the peer's has not acknowledged."""
        with contextlib.suppress(OSError):
            return int.from_bytes(
                fcntl.ioctl(self._sock, termios.TIOCOUTQ, bytes(4)), sys.byteorder
            )
        return 0

    # -- what gunicorn's answers do with a socket ---------------------------------------------

    def sendall(self, data: bytes) -> None:
        """Take bytes to send. Raises OSError when the peer is gone or too slow."""
        if self._spooled is not None:
            self._keep(data)
            return
        self._joined += data
        if self.paced:
            self._restart()
        if self.paced or len(self._joined) >= JOINED_BYTES:
            self.flush()
        if self.paced:
            self._wait_until_sent()
        elif len(self._joined) >= JOINED_BYTES:
            self._keep(b"")

    def send(self, data: bytes) -> int:
        """Take bytes to send."""
        self.sendall(data)
        return len(data)

    def sendfile(self, file: IO[bytes], offset: int = 0, count: int | None = None) -> int:
        """Take a part of a file to send; the file may be closed after this."""
        size = os.fstat(file.fileno()).st_size - offset if count is None else count
        if self._spooled is not None:
            self._wait_until_sent()
        self._close_joined()
        # Our own descriptor: the answer closes its file before the last byte is sent.
        lend = getattr(file, "lend", None)  # a `LentFile` wants to know when it is sent
        self._parts.append(FilePart(os.dup(file.fileno()), offset, size, lend and lend()))
        self.flush()
        return size

    # -- sending on ---------------------------------------------------------------------------

    def flush(self) -> bool:
        """Send what the kernel takes; return whether all is sent. Raises OSError."""
        if self.left:
            self.left.settle()
        try:
            while not self.empty:
                self._send_first()
        except BlockingIOError:
            return False
        return True

    def _send_first(self) -> None:
        if not self._parts:
            self._next_part()
            return
        first = self._parts[0]
        if isinstance(first, FilePart):
            self._sent += first.send(self._sock)
            left = first.size
        else:
            sent = self._sock.send(first, socket.MSG_DONTWAIT)
            self._sent += sent
            left = len(first) - sent
            self._parts[0] = first[sent:]
        if not left:
            self._parts.popleft()
            if isinstance(first, FilePart):
                first.close()

    def _close_joined(self) -> None:
        if self._joined:
            self._parts.append(memoryview(bytes(self._joined)))
            self._joined.clear()

    def _keep(self, data: bytes) -> None:
        """Queue bytes that the kernel does not take, after all others."""
        if self._spooled is None:
            self._spooled = Spooled(self._spool)
            # In order: what was collected before goes to the file first.
            data = bytes(self._joined) + data
            self._joined.clear()
        waits = self._spooled.size - self._spool_read + len(data) > MAX_WAITING_BYTES
        try:
            if not waits:
                self._spooled.file.seek(0, os.SEEK_END)
                self._spooled.write(data)
        except (Refused, OSError):  # there is no room: then this thread has to wait
            waits = True
        if waits:
            self._wait_until_sent()
            self._joined += data

    def _next_part(self) -> None:
        if self._joined or self._spooled is None:
            self._close_joined()
            return
        self._spooled.file.seek(self._spool_read)
        data = self._spooled.file.read(FILE_PIECE_BYTES)
        self._spool_read += len(data)
        if data:
            self._parts.append(memoryview(data))
        else:
            self._forget_spooled()

    def _forget_spooled(self) -> None:
        if self._spooled is not None:
            self._spooled.close()
            self._spooled, self._spool_read = None, 0

    def _wait_until_sent(self) -> None:
        """Wait for the reader; raises TooSlow at the deadline, or if too many wait already."""
        if self.flush():
            return
        if self.paced:
            self._wait()
            return
        # Limited: slow readers of long answers must not take all threads.
        if not self._terms.waiters.acquire(blocking=False):
            raise TooSlow("too many threads wait for readers")
        try:
            self._wait()
        finally:
            self._terms.waiters.release()

    def _wait(self) -> None:
        poll = select.poll()
        poll.register(self._sock.fileno(), select.POLLOUT)
        while not self.flush():
            left = self.deadline - time.monotonic()
            if left <= 0:
                raise TooSlow("the reader takes too little")
            poll.poll(left * 1000)

    def settle(self) -> None:
        """End an answer: send what the kernel takes, and keep little of the rest in memory."""
        if self.flush() or self._spooled is not None:
            return
        views = [part for part in self._parts if isinstance(part, memoryview)]
        if len(views) == len(self._parts) and sum(map(len, views)) > PIECE_BYTES:
            self._joined[:0] = b"".join(views)
            self._parts.clear()
            self._keep(b"")

    def close(self) -> None:
        """Discard what is unsent."""
        self._joined.clear()
        for part in self._parts:
            if isinstance(part, FilePart):
                part.close()
        self._parts.clear()
        self._forget_spooled()
