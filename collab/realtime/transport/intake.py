"""What a socket's turns read: bytes at a rate, parsed into messages."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import NoReturn

from simple_websocket import ConnectionClosed

from ...core.errors import ApiError, TooManyRequests
from ...events.close_codes import POLICY_VIOLATION
from . import pacing
from .frames import PONG, frame
from .incoming import Incoming, Join, PeerClosed, Source, TooLong, TooMany
from .token_bucket import Bucket
from .wire import Wire

#: Tells the peer what went wrong, with a close code or 0, and closes; raises ConnectionClosed.
End = Callable[[Wire, ApiError, int], NoReturn]


class Intake:
    """Reads a wire; belongs to the thread that has the connection's turn."""

    def __init__(self, wire: Wire, incoming: Source, end: End) -> None:
        self._wire, self._incoming, self._end = wire, incoming, end
        self._rate = Bucket(pacing.BYTES_PER_SECOND)
        #: What came with the handshake.
        self.ahead = b""
        #: What to end with, once everything that came before is carried out.
        self.close: Callable[[], None] | None = None

    @property
    def messages(self) -> deque[str | bytes]:
        """Return the messages that have arrived whole and wait to be carried out."""
        return self._incoming.messages

    def next(self) -> str | bytes:
        """Take the next message, to be carried out."""
        message = self._incoming.messages.popleft()
        if isinstance(self._incoming, Incoming):
            self._incoming.begun(len(message))
        return message

    def take(self, join: Join | None) -> tuple[int, float]:
        """Read what is there, and parse it; answers pings. Raises ConnectionClosed.

        Returns how many bytes there were, and the seconds after which they are within the rates.
        """
        data = self._read()
        if not data:
            return 0, 0.0
        self._feed(data, join)
        return len(data), max(self._rate.owed(len(data)), self._incoming.debt_s)

    def _read(self) -> bytes:
        if self.ahead:
            ahead, self.ahead = self.ahead, b""
            return ahead
        try:
            data = self._wire.read(pacing.READ_BYTES)
        except BlockingIOError:
            return b""
        except OSError:
            data = b""
        if not data:
            # A peer that left without a close frame reads nothing any more: there is no one to
            # answer.
            self._wire.abort()
            raise ConnectionClosed
        return data

    def _feed(self, data: bytes, join: Join | None) -> None:
        try:
            self._incoming.feed(data, join)
        except PeerClosed as closed:
            # Kept until the messages before it are carried out: they were sent before the close.
            self.close = partial(self._wire.answer_close, closed.answer)
        except TooLong:
            self.close = self._wire.shut_too_big
        except TooMany:
            self._end(self._wire, TooManyRequests("Too many frames a second."), POLICY_VIOLATION)
        pings, self._incoming.pings = self._incoming.pings, []
        if pings:
            # All in one write: many pings in a packet must not cost as many system calls.
            self._wire.push(b"".join(frame(PONG, payload) for payload in pings))
