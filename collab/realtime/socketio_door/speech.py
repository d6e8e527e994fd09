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

#: A client's own messages that may be on their way; past it, the oldest would come back to it.
MAX_OWN_MESSAGES = 10_000


class Ack:
    """What a client's callback waits for; a request's first answer goes to it."""

    def __init__(self, number: int) -> None:
        self._number, self._given = number, False

    def take(self) -> int | None:
        """Return the number under which the client waits, the first time."""
        given, self._given = self._given, True
        return None if given else self._number


class Events(Speech):
    """Answers: to the client's callback, if any, otherwise as an event of the answer's type."""

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
        """Say why the connection ends, and whether reconnecting makes sense."""
        return farewell(code, reason)


def farewell(code: int, reason: str) -> bytes:
    """Write why a connection ends.

    After a `disconnect` from the server a client does not reconnect automatically: it is sent where
    reconnecting can't help.
    """
    said = text_frame(packets.event("closing", dumps({"code": code, "reason": reason})))
    return said + (text_frame(packets.DISCONNECTED_PACKET) if is_final(code) else b"")


def write(message: Message) -> bytes:
    """Write a message as an event of its type, and again under the name that older clients use.

    A row's id comes last, as text: a client that reconnects says that this is what it has seen.
    """
    offset = (dumps(message.public_id),) if message.id else ()
    written = text_frame(packets.event(message.type, message.json, *offset))
    name = ANNOUNCED_NAMES.get(message.type)
    if name is not None:
        written += text_frame(packets.event(name, _flat(message), *offset))
    return written


def _flat(message: Message) -> bytes:
    """Write who did what as one object."""
    data: Mapping[str, Any] = message.data
    inner = data.text.encode() if isinstance(data, Stored) else dumps(data)
    # Last: readers take the last of two equal names, so nobody can speak for another.
    comma = b"" if inner == b"{}" else b","
    return inner[:-1] + comma + b'"userId":%d}' % (message.actor or 0)


class EventFollower(SocketFollower):
    """The hub's view of a Socket.IO client.

    What a client says under the names of older clients goes only to the others. A client with such
    a message on its way gets its own encoding until that has passed.
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
        """Leave out the client's own arrival."""
        self.leave_out(message)

    def leave_out(self, message: Message) -> None:
        """Don't send this client a message that is about to be published."""
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
        """Write a message, unless it is the client's own."""
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
