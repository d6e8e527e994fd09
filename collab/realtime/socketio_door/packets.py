"""What Socket.IO sends: packets of Engine.IO 4, and within its messages packets of Socket.IO 5."""

from __future__ import annotations

import re
from typing import Any

from ...core.errors import Malformed
from ...core.json import dumps, loads_sent
from ...frozen import frozen
from ..json_door.protocol import MAX_MESSAGE_BYTES, TooBig

#: The version of Engine.IO, as clients name it in `?EIO=`.
ENGINE_VERSION = "4"
#: Joins the packets of one body, where a client polls.
PACKET_SEPARATOR = b"\x1e"

# -- Engine.IO: the first character of a packet ---------------------------------------------------
OPEN_PACKET = b"0"
CLOSE_PACKET = b"1"
PING_PACKET = b"2"
NOOP_PACKET = b"6"
#: As they arrive from the client.
CLOSED_PACKET = "1"
PONG_PACKET = "3"
PROBE_PACKET = "2probe"
PROBED_PACKET = b"3probe"
UPGRADE_PACKET = "5"

# -- Socket.IO: the character after Engine.IO's `4` -----------------------------------------------
CONNECT_KIND = "0"
DISCONNECT_KIND = "1"
EVENT_KIND = "2"
#: How packets that are events begin, in any namespace.
EVENT_PREFIX = "42"

#: Type, namespace, number of the wanted acknowledgement, and the rest.
PACKET_PATTERN = re.compile(r"4([0-6])(?:(/[^,]{0,200}),)?([0-9]{1,15})?(.*)", re.DOTALL)

MAIN_NAMESPACE = "/"


@frozen
class Packet:
    """A packet of Socket.IO."""

    kind: str
    namespace: str
    #: The number under which the client waits for an answer.
    ack: int | None
    #: JSON, or nothing.
    rest: str

    def arguments(self) -> list[Any]:
        """Return an event's name and arguments; raises Malformed."""
        found = _json(self.rest)
        if not isinstance(found, list) or not found or not isinstance(found[0], str):
            raise Malformed("An event is a list that begins with its name.")
        return found

    def members(self) -> dict[str, Any]:
        """Return the `auth` of a connecting client; raises Malformed."""
        found = _json(self.rest) if self.rest else {}
        if not isinstance(found, dict):
            raise Malformed("`auth` is an object.")
        return found


def read(data: str | bytes) -> Packet:
    """Read a message of Engine.IO; raises Malformed, TooBig."""
    if isinstance(data, bytes) or data[:1] == "b":
        raise Malformed("Binary packets are not supported: send JSON.")
    if len(data) > MAX_MESSAGE_BYTES // 4 and len(data.encode()) > MAX_MESSAGE_BYTES:
        raise TooBig()
    found = PACKET_PATTERN.fullmatch(data)
    if found is None:
        raise Malformed("This is not a Socket.IO 5 packet.")
    kind, namespace, ack, rest = found.groups()
    if kind > "4":
        raise Malformed("Binary packets are not supported: send JSON.")
    return Packet(kind, namespace or MAIN_NAMESPACE, None if ack is None else int(ack), rest)


def _json(text: str) -> Any:
    try:
        return loads_sent(text)
    except ValueError as error:
        raise Malformed(f"The packet is not JSON: {error}.") from None


def opened(sid: str, upgrades: list[str], ping_seconds: int, patience_s: int) -> bytes:
    """Write the first packet, which says how to continue."""
    return OPEN_PACKET + dumps(
        {
            "sid": sid,
            "upgrades": upgrades,
            "pingInterval": ping_seconds * 1000,
            "pingTimeout": patience_s * 1000,
            "maxPayload": MAX_MESSAGE_BYTES,
        }
    )


def connected(sid: str, pid: str) -> bytes:
    """Write that the client is connected; `pid` is what it comes back with."""
    return b"40" + dumps({"sid": sid, "pid": pid})


def not_connected(namespace: str, message: str, data: dict[str, Any] | None = None) -> bytes:
    """Write that the client is not connected."""
    where = b"" if namespace == MAIN_NAMESPACE else namespace.encode() + b","
    return b"44" + where + dumps({"message": message} | ({"data": data} if data else {}))


def no_such_namespace(namespace: str) -> bytes:
    """Write that there is only the main namespace."""
    return not_connected(namespace, "There is only the main namespace.")


def event(name: str, *arguments: bytes) -> bytes:
    """Write an event; its arguments are JSON already."""
    return b"42" + b",".join((b'["' + name.encode() + b'"', *arguments)) + b"]"


def acknowledged(ack: int, argument: bytes) -> bytes:
    """Write the answer to an event that asked for one."""
    return b"43%d[%b]" % (ack, argument)


DISCONNECTED_PACKET = b"41"
