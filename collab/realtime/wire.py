"""The only writer of a socket: never blocks, keeps what a short write left, cuts off the slow.

simple-websocket would write from its reader thread and ours from others. A Wire stands before the
raw socket, in the WSGI environ, and everybody's bytes go through it.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Sized

from ..events.hub import SLOW_READER
from .frames import MESSAGE_TOO_BIG, close_frame
from .reactor import Reactor

#: Unsent bytes past which a reader is too slow.
UNSENT_LIMIT = 1024 * 1024
#: Seconds that a closing socket may take to read what is left and answer.
LINGER_S = 10.0
#: The same, when the server is stopping.
STOP_LINGER_S = 0.5
#: Bytes that a peer may send ahead of the message that is being handled.
AHEAD_LIMIT = 1024 * 1024
#: What the kernel may hold beside that; the default grows to several megabytes.
KERNEL_BUFFER = 256 * 1024

#: A plain number: the socket module's flags cost time with every call.
FLAGS = int(socket.MSG_DONTWAIT)

#: What simple-websocket writes when a message is too big.
TOO_BIG_CLOSE = close_frame(MESSAGE_TOO_BIG, "Message is too big")


class Wire:
    """A connected socket with a bounded buffer before it."""

    def __init__(
        self,
        sock: socket.socket,
        reactor: Reactor,
        too_big: bytes = b"",
        *,
        waiting: bool = False,
    ) -> None:
        self._sock, self._reactor, self._too_big = sock, reactor, too_big
        self._reading = threading.Event()
        self._send = sock.send
        self._lock = threading.Lock()
        self._queue: deque[tuple[memoryview, int]] = deque()
        self._unsent = 0
        self._closing = False
        self._dead = threading.Event()
        self._drained = threading.Condition(self._lock)
        #: Called, by the reactor, whenever all that waited has been sent.
        #: What closes the connection for a message that is too big.
        self.too_big_code = MESSAGE_TOO_BIG
        #: Whether other messages have to wait, since one is being sent in fragments (§5.4).
        self.amid_message = False
        self.on_drained: Callable[[], None] = lambda: None
        #: Id of the newest row that was handed to the kernel whole.
        self.sent_id = 0
        #: When a closing wire is cut, on the monotonic clock.
        self.deadline = 0.0
        #: The messages that were read and wait to be handled, and the bytes read meanwhile.
        self._unhandled: Sized = ()
        self._ahead = 0
        if not waiting:
            self._reading.set()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BUFFER)

    # -- what simple-websocket does with a socket ---------------------------------------------

    def send(self, data: bytes) -> int:
        """Queue control frames; say first why a message that is too big closes the socket."""
        if data.endswith(TOO_BIG_CLOSE):
            self.push(self._too_big)
            self._shut(close_frame(self.too_big_code, "Message is too big"), LINGER_S)
        else:
            self.push(data)
        return len(data)

    def recv(self, size: int) -> bytes:
        """Read, blocking; not far ahead of what is handled: a flood waits in the network."""
        self._reading.wait(LINGER_S)
        while self._unhandled and self._ahead > AHEAD_LIMIT and not self._dead.wait(0.02):
            pass
        data = self._sock.recv(size)
        self._ahead = len(data) + (self._ahead if self._unhandled else 0)
        return data

    def fileno(self) -> int:
        """Return the descriptor, for selectors; -1 once closed."""
        return self._sock.fileno()

    def close(self) -> None:
        """Learn that nobody reads any more: send what is left, then end."""
        with self._lock:
            self._closing = True
            left = bool(self._queue)
        if left:
            self._wind_up(1.0)
        else:
            self.abort()

    def start_reading(self, unhandled: Sized) -> None:
        """Read from now on, with what the route has set; `unhandled` are the messages read."""
        self._unhandled = unhandled
        self._reading.set()

    # -- what we do with it -------------------------------------------------------------------

    @property
    def unsent(self) -> int:
        """Return how many bytes wait for the peer to read."""
        return self._unsent

    @property
    def closing(self) -> bool:
        """Tell whether nothing more is sent."""
        return self._closing

    def push(self, chunk: bytes, last_id: int = 0) -> None:
        """Send whole frames, now or as soon as the peer takes more."""
        with self._lock:
            if self._closing:
                return
            sent = 0 if self._queue else self._try_send(chunk)
            if sent == len(chunk):
                if last_id:
                    self.sent_id = last_id
                return
            self._append(chunk, sent, last_id)
            if self._unsent <= UNSENT_LIMIT:
                return
        self.cut()

    def _append(self, chunk: bytes, sent: int, last_id: int) -> None:
        was_empty = not self._queue
        self._queue.append((memoryview(chunk)[sent:], last_id))
        self._unsent += len(chunk) - sent
        if was_empty:
            self._reactor.watch(self)

    def _try_send(self, data: bytes | memoryview) -> int:
        try:
            return self._send(data, FLAGS)
        except BlockingIOError:
            return 0
        except OSError:  # the peer is gone; the reader thread will notice too
            return len(data)

    def flush(self) -> bool:
        """Send on; tell whether all is sent. Called by the reactor when the peer takes more."""
        with self._lock:
            while self._queue:
                chunk, last_id = self._queue[0]
                sent = self._try_send(chunk)
                self._unsent -= sent
                if sent < len(chunk):
                    self._queue[0] = (chunk[sent:], last_id)
                    return False
                self._queue.popleft()
                self.sent_id = last_id or self.sent_id
            self._drained.notify_all()
        self.on_drained()
        return True

    def wait_drained(self, timeout: float) -> bool:
        """Wait until all is sent, for a writer that has much to send; tell whether it is."""
        with self._lock:
            done = lambda: not self._queue or self._closing or self._dead.is_set()  # noqa: E731
            return self._drained.wait_for(done, timeout) and not self._closing

    def shut(self, code: int, reason: str, linger: float = LINGER_S) -> None:
        """Close behind what is queued already."""
        self._shut(close_frame(code, reason), linger)

    def _shut(self, last_words: bytes, linger: float) -> None:
        with self._lock:
            if self._closing:
                return
            sent = 0 if self._queue else self._try_send(last_words)
            if sent < len(last_words):
                self._append(last_words, sent, 0)
            self._closing = True
        self._wind_up(linger)

    def cut(self) -> None:
        """Throw away what waits, but for a frame half sent, and say behind which id to resume."""
        with self._lock:
            if self._closing:
                return
            kept = [self._queue[0]] if self._queue else []
            self._queue = deque(kept)
            self._unsent = sum(len(chunk) for chunk, _ in kept)
            resume = next((last_id for _, last_id in kept if last_id), self.sent_id)
            reason = f"You read too slowly. Resume after {resume}."
            self._append(close_frame(SLOW_READER, reason), 0, 0)
            self._closing = True
            self._drained.notify_all()
        self._wind_up(LINGER_S)

    def _wind_up(self, linger: float) -> None:
        """Leave the peer some seconds to take the rest and to close its side."""
        self.deadline = time.monotonic() + linger
        self._reactor.expire(self)

    def abort(self) -> None:
        """End the connection now; whoever opened the descriptor closes it."""
        with self._lock:
            if self._dead.is_set():
                return
            self._closing = True
            self._queue.clear()
            self._drained.notify_all()
            self._reactor.forget(self)
            with contextlib.suppress(OSError):
                self._sock.shutdown(socket.SHUT_RDWR)
            self._dead.set()  # from here on the descriptor may be closed, and be another's

    def wait_dead(self) -> None:
        """Wait for the end, so that the server does not close the descriptor before."""
        if not self._dead.wait(LINGER_S + 1):
            self.abort()
