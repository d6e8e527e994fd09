"""A connection without a socket: what it sends waits for a poll; posts bring what it receives."""

from __future__ import annotations

import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import ClassVar, cast

from ...core.errors import Malformed, TooManyRequests
from ...serving.deadlines import NO_DEADLINE
from ..budget import MAX_JSON_LENGTH_IN_ALL, MAX_JSON_LENGTH_PER_ADDRESS, Budget
from ..json_door.protocol import MAX_MESSAGE_BYTES
from ..transport.frames import CLOSE, TEXT, unframed
from ..transport.incoming import Join, PeerClosed, TooLong, TooMany
from ..transport.reactor import Reactor
from ..transport.token_bucket import Bucket
from ..transport.unread import block
from ..transport.wire import Wire
from . import packets

#: Bytes that a client may post before they are read.
MAX_BROUGHT_BYTES = 1024 * 1024
#: Seconds after the last packet was fetched.
LAST_FETCH_S = 0.5


class Nowhere:
    """Stands in for the socket of a connection that has none."""

    def setsockopt(self, *_: int) -> None:
        """Do nothing."""

    def send(self, *_: object) -> int:
        """Take nothing."""
        raise BlockingIOError

    def fileno(self) -> int:
        """Return that there is no descriptor."""
        return -1


class PolledWire(Wire):
    """The only writer of a connection whose client polls, until it upgrades to a WebSocket."""

    readable: ClassVar[bool] = False

    def __init__(
        self, reactor: Reactor, budget: Budget | None = None, network: str = "unknown"
    ) -> None:
        """Make it; what waits is counted to a `network`."""
        super().__init__(cast("socket.socket", Nowhere()), reactor)
        self._budget, self._network = (
            budget or Budget(MAX_JSON_LENGTH_PER_ADDRESS, MAX_JSON_LENGTH_IN_ALL),
            network,
        )
        self._brought: deque[bytes] = deque()
        #: Bytes that are waiting, and those of the body being carried out: both are counted.
        self._brought_bytes = self._in_hand = 0
        self._poll: Poll | None = None
        self.seen_at = time.monotonic()
        #: Whether the client is about to upgrade to a WebSocket: no poll may be left waiting.
        self.upgrading = False

    # -- what the client posts ----------------------------------------------------------------

    def bring(self, body: bytes) -> None:
        """Take what a client has posted; raises TooManyRequests if it is too much."""
        with self._lock:
            self.seen_at = time.monotonic()
            fits = not self._dead and self._brought_bytes + len(body) <= MAX_BROUGHT_BYTES
            if not fits or not self._budget.take(self._network, len(body)):
                raise TooManyRequests("You are sending too much at once.", retry_after=1)
            self._brought.append(body)
            self._brought_bytes += len(body)

    def read(self, size: int) -> bytes:
        """Return what was posted, a body at a time; raises BlockingIOError if there is nothing."""
        with self._lock:
            # This is called again once everything before is carried out.
            self._budget.give_back(self._network, self._in_hand)
            self._in_hand = 0
            if not self._brought:
                raise BlockingIOError
            body = self._brought.popleft()
            self._brought_bytes -= len(body)
            self._in_hand = len(body)
            return body

    def forget(self) -> None:
        """Drop what was posted: nobody reads it any more."""
        with self._lock:
            self._dead = True  # nothing is posted any more
            self._budget.give_back(self._network, self._brought_bytes + self._in_hand)
            self._brought.clear()
            self._brought_bytes = self._in_hand = 0

    # -- what the client fetches --------------------------------------------------------------

    def poll(self) -> Poll:
        """Begin to wait for something to send; raises Malformed if somebody is already waiting."""
        with self._lock:
            self.seen_at = time.monotonic()
            if self.polled:
                raise Malformed("Another request is already polling this session.")
            self._poll = Poll(self)
            return self._poll

    @property
    def polled(self) -> bool:
        """Return whether a request waits."""
        return self._poll is not None and not self._poll.over

    def fetch(self) -> bytes | None:
        """Return what is waiting, as packets of one body; None if nothing is."""
        with self._lock:
            self.seen_at = time.monotonic()
            chunks = [self._queue.popleft() for _ in range(len(self._queue))]
            if len(chunks) > 1 and chunks[-1][0][0] == CLOSE:
                # On its own: at a close, clients drop what came with it.
                self._queue.append(chunks.pop())
            self.unsent = sum(len(chunk) for chunk, _ in self._queue)
            self.sent_id = next((key for _, key in reversed(chunks) if key), self.sent_id)
            told, self._when_drained = self._when_drained, None
            over = self._closing and not self._queue
        if told is not None:
            told()
        if over:
            self._reactor.expire(self, time.monotonic() + LAST_FETCH_S)
        sent = [_packet(*one) for one in unframed(b"".join(chunk for chunk, _ in chunks))]
        if not sent and self.upgrading:
            return packets.NOOP_PACKET
        return packets.PACKET_SEPARATOR.join(sent) if sent else None

    @property
    def waits(self) -> bool:
        """Return whether there is something to fetch, or nothing more will come."""
        return bool(self._queue) or self.upgrading or self.dead

    def _watch(self) -> None:
        self.wake()

    def wake(self) -> None:
        """Let the poll look again."""
        if self._poll is not None:
            self._poll.wake()

    def abort(self) -> None:
        """End."""
        super().abort()
        self.wake()

    def _shut_down(self) -> None:
        """Have nothing to shut down."""

    # -- the upgrade --------------------------------------------------------------------------

    def adopt(self, other: Wire) -> None:
        """Send over another wire from now on, first what is waiting."""

        def send(data: bytes | memoryview, _: int) -> int:
            other.push(bytes(data))
            return len(data)

        with self._lock:
            for chunk, last_id in self._queue:
                other.push(bytes(chunk), last_id)
            self._queue.clear()
            self.unsent = 0
            self._send = send  # type: ignore[assignment]


def _packet(opcode: int, payload: bytes) -> bytes:
    if opcode == TEXT:
        return payload
    return packets.CLOSE_PACKET if opcode == CLOSE else packets.NOOP_PACKET


class Poll:
    """One request that waits for something to send (`serving.holding`)."""

    def __init__(self, wire: PolledWire) -> None:
        self._wire, self.over = wire, False
        self._told: Callable[[], None] | None = None
        self._lock = threading.Lock()
        #: The server checks held requests on its own, and the client is pinged before that.
        self.deadline = NO_DEADLINE

    def when_woken(self, told: Callable[[], None]) -> None:
        """Call `told` once there is something; at once if there is."""
        with self._lock:
            ready = self._wire.waits or self.over
            self._told = None if ready else told
        if ready:
            told()

    def wake(self) -> None:
        """Have the request look again."""
        with self._lock:
            told, self._told = self._told, None
        if told is not None:
            told()

    def block(self, sock: socket.socket | None, reactor: Reactor) -> None:
        """Wait in this thread, where the server can't hold a request."""
        block(self, sock, reactor)

    def leave(self) -> None:
        """Learn that the client has stopped reading; another poll may come."""
        self.over = True
        self.wake()

    def close(self) -> None:
        """Stop waiting."""
        self.over = True


class Brought:
    """Takes apart what a client posts: packets, counted."""

    def __init__(self, bucket: Bucket) -> None:
        self.messages: deque[str | bytes] = deque()
        self.pings: list[bytes] = []
        self.debt_s = 0.0
        self.alive = True
        self._bucket = bucket

    def feed(self, data: bytes, join: Join | None = None) -> None:
        """Take a body; raises PeerClosed, TooLong and TooMany."""
        for packet in data.split(packets.PACKET_SEPARATOR):
            if len(packet) > MAX_MESSAGE_BYTES:
                raise TooLong
            if not self._bucket.take():
                raise TooMany
            try:
                self.messages.append(packet.decode())
            except UnicodeDecodeError:
                raise PeerClosed(b"") from None
