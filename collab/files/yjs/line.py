"""What the editors of one socket are sent: one message after the other, at the reader's pace.

A long message goes out in fragments, and no other may come between them (RFC 6455 §5.4). The
editors of a socket share its line; with Hocuspocus there may be several.
"""

from __future__ import annotations

import threading
from abc import abstractmethod
from collections import deque
from collections.abc import Iterable, Iterator

from ...events.hub import Hub
from ...events.subscriber import Resumable
from ...realtime.transport.follower import PIECE_BYTES
from ...realtime.transport.frames import BINARY, fragments
from ...realtime.transport.wire import Wire

#: Unsent bytes past which an editor is sent nothing more until it has read.
MAX_AHEAD_BYTES = 256 * 1024
#: Short messages that may wait for a long one before the reader is disconnected.
MAX_WAITING_MESSAGES = 5_000


class OnLine(Resumable):
    """An editor that is sent what is new when its line is free."""

    @property
    @abstractmethod
    def waits(self) -> bool:
        """Return whether there is something that it has yet to be sent."""


class Line:
    """The messages on their way to a socket. Its methods are called with the gate held."""

    def __init__(self, wire: Wire, hub: Hub) -> None:
        self.wire, self._hub = wire, hub
        self.gate = threading.Lock()
        #: Replaced with each change: it is also read without the gate.
        self._followers: tuple[OnLine, ...] = ()
        #: What is left of a long message.
        self._pieces: Iterator[bytes] | None = None
        #: Messages that wait for its end.
        self._later: deque[bytes] = deque()
        #: What to ask after them: each editor's newest question.
        self._asked: dict[OnLine, bytes] = {}
        wire.on_drained = self.go_on_later

    def join(self, follower: OnLine) -> None:
        """Add an editor, before anything is sent to it."""
        self._followers = (*self._followers, follower)

    def leave(self, follower: OnLine) -> None:
        """Forget an editor; what is on its way is still sent."""
        self._followers = tuple(one for one in self._followers if one is not follower)
        self._asked.pop(follower, None)

    @property
    def idle(self) -> bool:
        """Return whether no message is on its way."""
        return self._pieces is None

    @property
    def busy(self) -> bool:
        """Return whether the reader has to take what was sent first."""
        return self._pieces is not None or self.wire.unsent > MAX_AHEAD_BYTES

    def send(self, message: bytes) -> None:
        """Send a message of any length as soon as none is on its way.

        Callers with many of them send none while the line is `busy`.
        """
        if self._pieces is None:
            self._begin(message)
            self.pump()
        else:
            self._later.append(message)

    def send_at_once(self, frame: bytes) -> bool:
        """Send a whole message's frame, if nothing is on its way; return whether it was sent."""
        if not frame or self._pieces is not None or self.wire.unsent:
            return False
        self.wire.push(frame)
        return True

    def add(self, message: bytes) -> None:
        """Send a short message likewise; a reader for whom too many wait is disconnected."""
        self.send(message)
        if len(self._later) > MAX_WAITING_MESSAGES:
            self.wire.cut()

    def ask(self, follower: OnLine, message: bytes) -> None:
        """Do the same with a question; a newer one of the same editor replaces it."""
        if self._pieces is None:
            self.send(message)
        else:
            self._asked[follower] = message

    def pump(self) -> None:
        """Send pieces while the peer takes them at once; the wire tells when it does again."""
        while self._pieces is not None and not self.wire.unsent:
            piece = next(self._pieces, None)
            if piece is not None:
                self.wire.push(piece)
                continue
            self._begin(self._next())

    def _begin(self, message: bytes | None) -> None:
        self._pieces = None if message is None else fragments(BINARY, message, PIECE_BYTES)
        self.wire.amid_message = message is not None

    def _next(self) -> bytes | None:
        if self._later:
            return self._later.popleft()
        return self._asked.pop(next(iter(self._asked))) if self._asked else None

    def go_on_later(self) -> None:
        """Send the rest of a message; what follows needs the database, and so another thread."""
        waiting: Iterable[OnLine] = self._followers
        if self.gate.acquire(blocking=False):
            try:
                self.pump()
                # Each is the first to go on in its turn.
                self._followers = (*self._followers[1:], *self._followers[:1])
                waiting = [] if self.busy else [one for one in self._followers if one.waits]
            finally:
                self.gate.release()
        for one in waiting:
            self._hub.resume(one)
