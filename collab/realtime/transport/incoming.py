"""What a peer sends over a WebSocket: frames parsed, counted, and joined to messages.

wsproto knows the protocol; the limits are ours. They count frames and bytes, not only messages,
since empty fragments and pings cost as much.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from io import StringIO
from typing import Any, Protocol

from wsproto import WSConnection
from wsproto.connection import Connection
from wsproto.events import BytesMessage, CloseConnection, Event, Message, Ping, Pong, TextMessage
from wsproto.utilities import ProtocolError

from ..budget import SizeLimit
from .token_bucket import Bucket

#: Frames that may come for each message of MESSAGE_RATE: fragments, pings and pongs.
FRAMES_PER_MESSAGE = 4
#: Frames a second that are always allowed: no honest peer sends more, whatever MESSAGE_RATE says.
MIN_FRAMES = 100
#: Messages past the rate that may remain of one read after joining.
MAX_LEFT_MESSAGES = 32

#: Joins waiting messages into fewer.
Join = Callable[[deque[str | bytes]], None]


class NoThread:
    """What simple-websocket starts instead of a reading thread: nothing."""

    name = ""

    def __init__(self, target: object) -> None:
        """Take what would run."""

    def start(self) -> None:
        """Start nothing."""


class PeerClosed(Exception):
    """The peer closes, or breaks the protocol; `answer` is the frame that it gets."""

    def __init__(self, answer: bytes) -> None:
        super().__init__()
        self.answer = answer


class TooMany(Exception):
    """Too many frames a second."""


class TooLong(Exception):
    """The message is longer than this socket accepts."""


def bucket_of(message_rate: int) -> Bucket:
    """Make the counter of frames of a peer who may send this many messages a second."""
    return Bucket(max(MIN_FRAMES, message_rate * FRAMES_PER_MESSAGE))


class Source(Protocol):
    """Parses what a peer sends, as a socket's turns see it."""

    #: Messages that have arrived whole and wait to be carried out.
    messages: deque[str | bytes]
    #: Payloads of pings that are to be answered.
    pings: list[bytes]
    #: Whether a pong has come since this was set to False.
    alive: bool
    #: Seconds after which the last bytes are within the rate: until then nothing more is read.
    debt_s: float

    def feed(self, data: bytes, join: Join | None = None) -> None:
        """Take bytes; raises PeerClosed, TooLong and TooMany."""


@dataclass
class Incoming:
    """Parses one peer's bytes."""

    protocol: WSConnection | Connection
    #: Bytes, or characters, of a message, or a SizeLimit; compared while it is read.
    limit: Any
    frames: Bucket
    #: Messages that have arrived whole and wait to be carried out.
    messages: deque[str | bytes] = field(default_factory=deque)
    #: Payloads of pings that are to be answered.
    pings: list[bytes] = field(default_factory=list)
    #: Whether a pong has come since this was set to False.
    alive: bool = True
    #: Seconds after which the frames are within the rate, if they exceed it only slightly.
    debt_s: float = 0.0
    #: Whether more frames a second have come than allowed.
    _too_many: bool = False
    _text: StringIO = field(default_factory=StringIO)
    _bytes: bytearray = field(default_factory=bytearray)
    _size: int = 0

    @classmethod
    def of(cls, protocol: WSConnection | Connection, limit: int, message_rate: int) -> Incoming:
        """Make one whose peer may send `message_rate` messages a second."""
        return cls(protocol, limit, bucket_of(message_rate))

    def feed(self, data: bytes, join: Join | None = None) -> None:
        """Take bytes; raises PeerClosed, TooLong and TooMany.

        What has come too fast can be joined into fewer messages, if the protocol can `join`.
        """
        self.debt_s = 0.0
        try:
            self.protocol.receive_data(data)
            for event in self.protocol.events():
                self._on(event, join)
        except ProtocolError:  # bytes after the close
            raise PeerClosed(b"") from None
        if self._too_many:
            self._spare(join)

    def begun(self, length: int) -> None:
        """Learn that a message of this length is carried out from now on."""
        if isinstance(self.limit, SizeLimit):
            self.limit.begun(length)

    def _spare(self, join: Join | None) -> None:
        before = len(self.messages)
        if join is not None:
            join(self.messages)
        self._too_many = False
        if self.frames.give_back(before - len(self.messages)):
            return
        if join is None or len(self.messages) > MAX_LEFT_MESSAGES:
            raise TooMany
        # They came one by one, since this kept up with the peer. It should not: what waits
        # meanwhile then comes together, and is joined.
        self.debt_s = self.frames.owed(0)

    def _on(self, event: Event, join: Join | None) -> None:
        if isinstance(event, CloseConnection):
            raise PeerClosed(self.protocol.send(event.response()))
        # wsproto reports parts of a frame as they come: only the last part is a frame to count.
        if not isinstance(event, Message) or event.frame_finished:
            self._count(event, join)
        if isinstance(event, Ping):
            self.pings.append(bytes(event.payload))
        elif isinstance(event, Pong):
            self.alive = True
        elif isinstance(event, TextMessage | BytesMessage):
            self._on_part(event)

    def _count(self, event: Event, join: Join | None) -> None:
        if self.frames.take():
            return
        # Only whole messages can be joined. Anything else ends here, in the middle of what was
        # read: the rest, some 10,000 empty frames, would take a tenth of a second each time.
        whole = isinstance(event, BytesMessage) and event.message_finished and not self._size
        if join is None or not whole:
            raise TooMany
        self._too_many = True

    def _on_part(self, event: TextMessage | BytesMessage) -> None:
        self._size += len(event.data)
        # While it is being read, not at its end: no peer gets more into memory than one message may
        # have.
        if self._size > self.limit:
            raise TooLong
        if event.message_finished and self._size == len(event.data):  # as most are: in one frame
            whole = event.data if isinstance(event, TextMessage) else bytes(event.data)
            self.messages.append(whole)
            self._size = 0
            return
        if isinstance(event, TextMessage):
            self._text.write(event.data)
        else:
            self._bytes += event.data
        if event.message_finished:
            text, data = self._text.getvalue(), bytes(self._bytes)
            self.messages.append(text if isinstance(event, TextMessage) else data)
            self._text, self._bytes, self._size = StringIO(), bytearray(), 0
