"""What is said over Socket.IO: answers as acknowledgements or events, and the log's events."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from ...core.caller import Caller
from ...core.json import Stored, dumps
from ...events.close_codes import is_final
from ...events.message import Message
from ..json_door.follower import SocketFollower
from ..json_door.protocol import Body, Speech
from ..transport.frames import text_frame
from ..transport.wire import Wire
from . import packets
from .names import ANNOUNCED_NAMES

#: Messages of one's own that may be on their way; past it, the oldest would come back.
MAX_OWN_MESSAGES = 10_000


class Ack:
    """What a client's callback waits for; the first answer of a request goes to it."""

    def __init__(self, number: int) -> None:
        self._number, self._given = number, False

    def take(self) -> int | None:
        """Return the number under which the client waits, the first time."""
        given, self._given = self._given, True
        return None if given else self._number


class Events(Speech):
    """Answers: to the callback, if the client gave one, else as an event of the answer's type."""

    def payload(self, kind: str, request: Body | None = None, **members: Any) -> bytes:
        """Write an answer as a packet."""
        body: Body = {"type": kind} | members
        ref = (request or {}).get("ref")
        if isinstance(ref, Ack):
            number = ref.take()
            if number is not None:
                return packets.acknowledged(number, dumps(body))
        elif ref is not None:
            body["ref"] = ref
        return packets.event(kind, dumps(body))

    def last_words(self, code: int, reason: str) -> bytes:
        """Say why the connection ends, and whether coming back makes sense."""
        return farewell(code, reason)


def farewell(code: int, reason: str) -> bytes:
    """Write why a connection ends.

    After a `disconnect` of the server's a client does not come back by itself: it is sent where
    coming back can't help.
    """
    said = text_frame(packets.event("closing", dumps({"code": code, "reason": reason})))
    return said + (text_frame(packets.DISCONNECTED_PACKET) if is_final(code) else b"")


def write(message: Message) -> bytes:
    """Write a message as an event of its type, and once more under the name of older clients.

    A row's id stands last, as text: it is what a client that comes back says it has seen.
    """
    offset = (dumps(message.public_id),) if message.id else ()
    written = text_frame(packets.event(message.type, message.json, *offset))
    name = ANNOUNCED_NAMES.get(message.type)
    if name is not None:
        written += text_frame(packets.event(name, _flat(message), *offset))
    return written


def _flat(message: Message) -> bytes:
    """Write who did something, and what, as one object."""
    data: Mapping[str, Any] = message.data
    inner = data.text.encode() if isinstance(data, Stored) else dumps(data)
    # Last: of a name that comes twice readers take the last, and nobody speaks for another.
    comma = b"" if inner == b"{}" else b","
    return inner[:-1] + comma + b'"userId":%d}' % (message.actor or 0)


class EventFollower(SocketFollower):
    """The hub's view of a Socket.IO client.

    What a client says under the names of older clients goes to the others alone. Whoever has
    something like that on its way gets an encoding of their own until it has passed.
    """

    speech = Events()

    def __init__(self, caller: Caller, wire: Wire) -> None:
        super().__init__(caller, wire)
        self._own: dict[str, None] = {}
        self._own_lock = threading.Lock()

    @staticmethod
    def encode(message: Message) -> bytes:
        """Write a message as frames."""
        return write(message)

    def announced(self, message: Message) -> None:
        """Leave out that one has come oneself."""
        self.leave_out(message)

    def leave_out(self, message: Message) -> None:
        """Don't send a message to this client, which is about to be published."""
        if message.topic not in self.topics:
            return
        with self._own_lock:
            self._own[message.public_id] = None
            if len(self._own) > MAX_OWN_MESSAGES:
                del self._own[next(iter(self._own))]
            self.encode = self._others  # type: ignore[method-assign]

    def take_in(self, message: Message) -> None:
        """Learn that a message will not be published after all."""
        with self._own_lock:
            self._own.pop(message.public_id, None)

    def _others(self, message: Message) -> bytes:
        """Write a message, unless it is one's own."""
        with self._own_lock:
            mine = message.public_id in self._own
            self._own.pop(message.public_id, None)
            if not self._own:
                self.__dict__.pop("encode", None)
        return b"" if mine else write(message)

    def end(self, code: int, reason: str) -> None:
        """Say why, and end the connection."""
        self.wire.push(farewell(code, reason))
        super().end(code, reason)
