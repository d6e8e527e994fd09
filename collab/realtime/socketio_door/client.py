"""One client of Socket.IO who is known: a socket that speaks JSON, in packets."""

from __future__ import annotations

import secrets
import time
from dataclasses import field
from typing import NoReturn

from simple_websocket import ConnectionClosed

from ...core.caller import Caller
from ...core.errors import ApiError
from ...events.close_codes import NORMAL_CLOSURE
from ...events.message import Message
from ...frozen import frozen
from ..json_door.protocol import Body
from ..json_door.socket import Socket
from ..transport.frames import text_frame
from ..transport.served import Work
from ..transport.wire import Wire
from . import packets
from .heartbeat import Heartbeat
from .names import body_of
from .recovery import RECOVERY, Left
from .speech import Ack, EventFollower


@frozen
class Opening:
    """How a client begins: its ids, what it follows, and from where."""

    topics: list[str] = field(default_factory=list)
    after: str | int | None = None
    sid: str = field(default_factory=lambda: secrets.token_urlsafe(15))
    #: The id with which the client comes back after a break.
    pid: str = field(default_factory=lambda: secrets.token_urlsafe(24))


class Request(dict[str, object]):
    """What an event asks for."""

    #: Whether it is sent to everybody but its sender.
    others_only = False


class Client(Socket):
    """A client of Socket.IO, in the main namespace."""

    follower_class = EventFollower
    follower: EventFollower

    def __init__(self, wire: Wire, caller: Caller, opening: Opening, heartbeat: Heartbeat) -> None:
        super().__init__(wire, caller, opening.topics, opening.after)
        self._opening, self._heartbeat = opening, heartbeat
        self._lost = True

    def welcome(self) -> Work:
        """Say that they are connected, and subscribe them to what they asked for."""
        self._wire.push(text_frame(packets.connected(self._opening.sid, self._opening.pid)))
        yield from super().welcome()

    def moved(self, wire: Wire) -> None:
        """Go on over another socket."""
        self._wire = self._group.wire = self._deferred.wire = self.follower.wire = wire
        self.follower.write = wire.push

    # -- messages -----------------------------------------------------------------------------

    def parse(self, data: str | bytes) -> Body | None:
        """Read a packet; None if it asks for nothing. Raises Malformed, TooBig."""
        if data == packets.PONG_PACKET:
            return None
        if data == packets.CLOSED_PACKET:  # of the transport: the client may come back
            self.settle_all()
            self._wire.close()
            raise ConnectionClosed(NORMAL_CLOSURE)
        packet = packets.read(data)
        if packet.kind == packets.CONNECT_KIND:
            self._refuse_namespace(packet.namespace)
        elif packet.kind == packets.DISCONNECT_KIND:
            self._bye()
        elif packet.kind == packets.EVENT_KIND and packet.namespace == packets.MAIN_NAMESPACE:
            return self._asked(packet)
        return None

    def _asked(self, packet: packets.Packet) -> Body | None:
        name, *arguments = packet.arguments()
        told: Body = {"type": name}
        # Socket.IO's callback is our `ref`: the answer carries it, and becomes the acknowledgement.
        if packet.ack is not None:
            told["ref"] = Ack(packet.ack)
        try:
            body, others_only = body_of(name, arguments)
        except ApiError as error:
            self._refuse(error, told)
            return None
        request = Request(body | told | {"type": body["type"]})
        request.others_only = others_only
        return request

    def _refuse_namespace(self, namespace: str) -> None:
        if namespace != packets.MAIN_NAMESPACE:
            self._wire.push(text_frame(packets.no_such_namespace(namespace)))

    def _bye(self) -> NoReturn:
        """End, since the client wants to: it will not come back for what it missed."""
        self._lost = False
        self.settle_all()
        self._wire.shut(NORMAL_CLOSURE, "Goodbye.")
        raise ConnectionClosed(NORMAL_CLOSURE)

    def sent(self, request: Body, message: Message) -> None:
        """Leave out the sender, where clients that send this expect that."""
        if isinstance(request, Request) and request.others_only:
            self.follower.leave_out(message)

    def withdrawn(self, message: Message) -> None:
        """Learn that nobody gets a message after all."""
        self.follower.take_in(message)

    def at_once(self, data: str | bytes) -> bool:
        """Carry out at once only packets that are events."""
        return str(data[:2]) == packets.EVENT_PREFIX and super().at_once(data)

    # -- the clock ----------------------------------------------------------------------------

    def tick(self) -> None:
        """Send a ping when it is time; check the token."""
        self._heartbeat.tick(self._wire)
        super().tick()

    def patience(self) -> float:
        """Return the seconds until something is due."""
        return min(super().patience(), self._heartbeat.patience())

    def leave(self) -> None:
        """Leave; what they followed is remembered for a while, in case they come back."""
        if self._lost and self.follower.topics:
            topics = list(self.follower.topics)
            left = Left(self.caller.session_id, self._opening.sid, topics, time.monotonic())
            # Only lost clients are remembered: one that said goodbye would get rows that it did not
            # ask for.
            RECOVERY.here().keep(self._opening.pid, left)
        super().leave()
