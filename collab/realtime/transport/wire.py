"""The only writer of a socket: never blocks, keeps what a short write left, disconnects the slow.

A Wire wraps the raw socket, in the WSGI environ, and everybody's bytes go through it: those
of simple-websocket's handshake, of the broadcaster, and of the turns of a connection.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import ClassVar

from ...events.close_codes import MESSAGE_TOO_BIG, SLOW_READER, TRY_AGAIN_LATER
from ...serving.deadlines import NO_DEADLINE
from .frames import close_frame
from .reactor import Reactor

#: Unsent bytes past which a reader is too slow.
MAX_UNSENT_BYTES = 1024 * 1024
#: After this many more unsent bytes the reactor checks whether there are too many in all.
STEP_BYTES = 64 * 1024
#: Seconds that a closing socket may take to read what is left and answer.
LINGER_S = 10.0
#: The same, when the server is stopping.
STOP_LINGER_S = 0.5
#: What the kernel may hold on top of that; the default grows to several megabytes. A slow reader
#: would be noticed only after those, and each socket may cost as much.
KERNEL_BUFFER = 256 * 1024

#: A plain number: the socket module's flags cost time with every call.
SEND_FLAGS = int(socket.MSG_DONTWAIT)


class Wire:
    """A connected socket with a bounded send buffer."""

    def __init__(
        self,
        sock: socket.socket,
        reactor: Reactor,
        too_big: bytes = b"",
    ) -> None:
        self._sock, self._reactor, self._too_big = sock, reactor, too_big
        # Looked up once: it is called for each reader and tick.
        self._send = sock.send
        self._lock = threading.Lock()
        self._queue: deque[tuple[memoryview, int]] = deque()
        #: How many bytes wait for the peer to read. Not a property: it is read for each reader.
        self.unsent = 0
        self._closing = False
        self._dead = False
        #: The close code for a message that is too big.
        self.too_big_code = MESSAGE_TOO_BIG
        #: Whether other messages have to wait, since one is being sent in fragments (§5.4).
        self.amid_message = False
        #: Called, by the reactor, whenever everything that waited has been sent.
        self.on_drained: Callable[[], None] = lambda: None
        #: The id of the newest row that was handed to the kernel whole.
        self.sent_id = 0
        #: When a closing wire is cut, on the monotonic clock; only the reactor sets it.
        self.deadline = self.looked_at = NO_DEADLINE
        self._rouse: Callable[[], None] | None = None
        self._when_drained: Callable[[], None] | None = None
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BUFFER)

    #: Whether there is a socket that shows when the peer has sent something.
    readable: ClassVar[bool] = True

    # -- what simple-websocket does with a socket ---------------------------------------------

    def send(self, data: bytes) -> int:
        """Queue what the handshake answers."""
        self.push(data)
        return len(data)

    def fileno(self) -> int:
        """Return the descriptor, for selectors; -1 once closed."""
        return self._sock.fileno()

    def close(self) -> None:
        """Learn that nobody is reading any more: send what is left, then end."""
        with self._lock:
            self._closing = True
            left = bool(self._queue)
        if left:
            self._wind_up(1.0)
        else:
            self.abort()

    # -- reading ------------------------------------------------------------------------------

    def read(self, size: int) -> bytes:
        """Read what is there; raises BlockingIOError if there is nothing, and OSError."""
        return self._sock.recv(size, SEND_FLAGS)

    def answer_close(self, frame: bytes) -> None:
        """Answer the peer's close, and end."""
        self.push(frame)
        self.close()

    def shut_too_big(self) -> None:
        """Say why a message that is too big closes the socket, and close it."""
        if self.too_big_code == TRY_AGAIN_LATER:
            self.shut(self.too_big_code, "Too many long messages are being read")
            return
        self.push(self._too_big)
        self.shut(self.too_big_code, "Message is too big")

    @property
    def reactor(self) -> Reactor:
        """Return what is waiting for this socket."""
        return self._reactor

    @property
    def drained(self) -> bool:
        """Return whether everything is sent."""
        return not self._queue

    @property
    def closing(self) -> bool:
        """Return whether a close has been sent, or the connection has ended."""
        return self._closing

    @property
    def dead(self) -> bool:
        """Return whether the connection has ended."""
        return self._dead

    def serve_by(self, rouse: Callable[[], None]) -> None:
        """Let `rouse` ask for the connection's turns, as when a close has been sent."""
        with self._lock:
            self._rouse = rouse
            closing = self._closing
        if closing:
            rouse()

    def rouse(self) -> None:
        """Ask for a turn of the connection, if it is served yet."""
        if self._rouse is not None:
            self._rouse()

    def when_sent(self, told: Callable[[], None]) -> None:
        """Learn, once, that the last words are sent."""
        with self._lock:
            waits = bool(self._queue)
            self._when_drained = told if waits else None
        if not waits:
            told()

    def when_drained(self, told: Callable[[], None]) -> None:
        """Learn, once, that everything is sent; at once if it is."""
        with self._lock:
            waits = bool(self._queue) and not self._closing
            self._when_drained = told if waits else None
        if not waits:
            told()

    # -- what we do with it -------------------------------------------------------------------

    def push(self, chunk: bytes, last_id: int = 0) -> None:
        """Send whole frames, now or as soon as the peer takes more."""
        with self._lock:
            if self._closing:
                return
            sent = 0
            # Nothing overtakes what is waiting: a frame in the middle of another one ends the
            # connection.
            if not self._queue:
                try:  # as in `_try_send`, whose call would take a tenth of this
                    sent = self._send(chunk, SEND_FLAGS)
                except BlockingIOError:
                    pass
                except OSError:
                    return
            if sent == len(chunk):
                if last_id:
                    self.sent_id = last_id
                return
            self._append(chunk, sent, last_id)
            if self.unsent <= MAX_UNSENT_BYTES:
                return
        self.cut()  # takes the lock itself

    def _append(self, chunk: bytes, sent: int, last_id: int) -> None:
        was_empty, steps = not self._queue, self.unsent // STEP_BYTES
        self._queue.append((memoryview(chunk)[sent:], last_id))
        self.unsent += len(chunk) - sent
        if self.unsent // STEP_BYTES > steps:
            self._reactor.weigh()
        if was_empty:  # otherwise it is already watched
            self._watch()

    def weights(self) -> dict[int, int]:
        """Return the bytes that are waiting, by the objects that hold them: readers share those."""
        with self._lock:
            # A part that is already sent stays in memory until the rest is.
            return {id(chunk.obj): memoryview(chunk.obj).nbytes for chunk, _ in self._queue}

    def _watch(self) -> None:
        """Have `flush` called when the peer takes more."""
        self._reactor.watch(self)

    def _try_send(self, data: bytes | memoryview) -> int:
        try:
            return self._send(data, SEND_FLAGS)
        except BlockingIOError:
            return 0
        except OSError:  # the peer is gone; the reader thread will notice too
            return len(data)

    def flush(self) -> bool:
        """Send more, for the reactor, as the peer takes it; return whether everything is sent."""
        with self._lock:
            while self._queue:
                chunk, last_id = self._queue[0]
                sent = self._try_send(chunk)
                self.unsent -= sent
                if sent < len(chunk):
                    self._queue[0] = (chunk[sent:], last_id)
                    return False
                self._queue.popleft()
                self.sent_id = last_id or self.sent_id
            told, self._when_drained = self._when_drained, None
        if told is not None:
            told()
        self.on_drained()
        return True

    def shut(self, code: int, reason: str, linger: float = LINGER_S) -> None:
        """Close after what is already queued."""
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
        """Drop what is waiting, except for a half-sent frame, and say after which id to resume."""
        with self._lock:
            if self._closing:
                return
            # The first one may be half sent, and the peer would read a close in the middle as
            # content.
            kept = [self._queue[0]] if self._queue else []
            self._queue = deque(kept)
            self.unsent = sum(len(chunk) for chunk, _ in kept)
            # What is kept is still sent, so its reader resumes after that.
            resume = next((last_id for _, last_id in kept if last_id), self.sent_id)
            reason = f"You read too slowly. Resume after {resume}."
            self._append(close_frame(SLOW_READER, reason), 0, 0)
            self._closing = True
        self._reactor.on_cut()
        self._wind_up(LINGER_S)

    def _wind_up(self, linger: float) -> None:
        """Give the peer some seconds to take the rest and to close its side."""
        self._reactor.expire(self, time.monotonic() + linger)
        self.rouse()

    def abort(self) -> None:
        """End the connection now; the owner of the descriptor closes it."""
        with self._lock:
            if self._dead:
                return
            self._closing = True
            self._queue.clear()
            # Under the lock: a concurrent `push` has had it watched by now, so this command comes
            # after that.
            self._reactor.forget(self)
            self._shut_down()
            self._dead = True  # from here on, the descriptor may be closed and reused
        self.rouse()

    def _shut_down(self) -> None:
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)
