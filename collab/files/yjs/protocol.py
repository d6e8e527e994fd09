"""What Yjs editors say over a WebSocket: y-protocols in the encoding of lib0.

A message is its type and its content; numbers are written seven bits to a byte, the lowest first,
and bytes and texts after their length.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from ...core.errors import Malformed
from ...core.json import loads
from ...frozen import frozen
from ..updates.structs import number

SYNC = 0
AWARENESS = 1
AUTH = 2
QUERY_AWARENESS = 3
#: SYNC: what I have.
STEP_1 = 0
#: SYNC: all that you lack.
STEP_2 = 1
#: SYNC: what is new.
UPDATE = 2
PERMISSION_DENIED = 0

#: An update with nothing in it.
EMPTY_UPDATE = b"\0\0"
#: JavaScript's largest whole number.
MAX_NUMBER = 2**53 - 1


def sized(data: bytes) -> bytes:
    """Write bytes after their length."""
    return number(len(data)) + data


class MessageReader:
    """Takes a message apart; raises Malformed where it ends too early."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    @property
    def over(self) -> bool:
        """Return whether all has been read."""
        return self._at >= len(self._data)

    @property
    def rest(self) -> bytes:
        """Return what has not been read."""
        return self._data[self._at :]

    def number(self) -> int:
        """Read a number."""
        value = shift = 0
        while True:
            if self.over or value > MAX_NUMBER:
                raise Malformed("The message is not part of the Yjs protocol: a number is cut off.")
            byte = self._data[self._at]
            self._at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    def sized(self) -> bytes:
        """Read bytes after their length."""
        size = self.number()
        if size > len(self._data) - self._at:
            raise Malformed("The message is not part of the Yjs protocol: it ends too early.")
        self._at += size
        return self._data[self._at - size : self._at]


def sync(kind: int, data: bytes) -> bytes:
    """Write a message about the document."""
    return bytes((SYNC, kind)) + sized(data)


def denied(reason: str) -> bytes:
    """Write that something is refused."""
    return bytes((AUTH, PERMISSION_DENIED)) + sized(reason.encode())


#: Editors' states in one message; the rest is ignored. A stock editor repeats as many in one
#: message as it heard at once.
MAX_STATES = 4096
#: The state of an editor that has left.
GONE_STATE = b"null"


@frozen
class State:
    """What an editor says about itself (JSON, `null` once it is gone); a higher clock is newer."""

    client: int
    clock: int
    json: bytes

    @property
    def gone(self) -> bool:
        """Return whether the editor has left."""
        return self.json == GONE_STATE


def merge(waiting: dict[int, State], news: Iterable[State]) -> None:
    """Add states to those that wait to be sent, unless a waiting one is newer.

    Newcomers are told at once, with higher clocks, what others are about to hear.
    """
    for one in news:
        known = waiting.get(one.client)
        if known is None or (one.clock, one.gone) >= (known.clock, known.gone):
            waiting[one.client] = one


def states(data: bytes, limit: int) -> list[State]:
    """Read editors' states, and ignore those that are too big or too many.

    Raises Malformed, also for what is not JSON, on which other editors would stumble.
    """
    reader = MessageReader(data)
    found = []
    for _ in range(min(reader.number(), MAX_STATES)):
        state = State(reader.number(), reader.number(), reader.sized())
        if len(state.json) <= limit:
            _check_json(state.json)
            found.append(state)
    return found


def _check_json(data: bytes) -> None:
    """Raise Malformed for what JSON.parse would not read.

    It reads halves of characters (a name cut after its first unit), which orjson refuses.
    """
    try:
        loads(data)
    except ValueError:
        try:
            json.loads(data.decode(), parse_constant=_no_constant)
        except (ValueError, RecursionError):
            raise Malformed("The state of an editor is not JSON.") from None


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def awareness(told: Iterable[State]) -> bytes:
    """Write editors' states as a message."""
    written = [number(one.client) + number(one.clock) + sized(one.json) for one in told]
    return bytes((AWARENESS,)) + sized(number(len(written)) + b"".join(written))
