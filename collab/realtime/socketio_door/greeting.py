"""A client of Socket.IO before it is known: the first packet must connect it, with a token."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from simple_websocket import ConnectionClosed

from ...auth import refusals
from ...auth.guard import from_token
from ...core.caller import Caller
from ...core.errors import ApiError, Malformed, Unauthorized, invalid, problem
from ...core.text.nul import refuse_nul
from ...core.text.numbers import refuse_large_numbers
from ...events.close_codes import NORMAL_CLOSURE, POLICY_VIOLATION
from ..json_door.protocol import LIVE_AREA, after_of, topics_of
from ..transport.frames import text_frame
from ..transport.served import Served, Work
from ..transport.wire import Wire
from . import packets
from .client import Client, Opening
from .heartbeat import Heartbeat
from .recovery import RECOVERY

#: Seconds to connect.
CONNECT_PATIENCE_S = 10.0
#: The first words of a refusal, for which older clients look.
NOT_SIGNED_IN = "Authentication error"


class Greeting(Served):
    """Somebody who has opened a connection, and has yet to say who they are."""

    def __init__(
        self,
        wire: Wire,
        opened: bytes,
        by_address: Callable[[], Caller | None],
        known: Callable[[Caller], Callable[[Client], Work]],
        heartbeat: Heartbeat,
        topics: list[str],
    ) -> None:
        """Make one.

        `by_address` returns whom the handshake named, or raises Unauthorized; `known` takes a place
        for a person, and returns the connection that continues with them.
        """
        self._wire, self._by_address = wire, by_address
        #: The first packet; over a WebSocket it goes out on its own, otherwise with the first
        #: answer.
        self.opened = opened
        self._known, self._heartbeat, self._topics = known, heartbeat, topics
        self._until = time.monotonic() + CONNECT_PATIENCE_S

    def begin(self) -> Work:
        """Say how to continue."""
        if self._wire.readable:
            self._wire.push(text_frame(self.opened))
        yield from ()

    def take(self, data: str | bytes) -> Work:
        """Connect the client, or say why not; it may try again while there is time."""
        # The heartbeat began with the connection, whoever it is.
        if data == packets.PONG_PACKET:
            return
        if data == packets.CLOSED_PACKET:
            self._wire.shut(NORMAL_CLOSURE, "Goodbye.")
            raise ConnectionClosed(NORMAL_CLOSURE)
        packet = packets.read(data)
        if packet.kind != packets.CONNECT_KIND:
            raise Malformed("Connect first.")
        if packet.namespace != packets.MAIN_NAMESPACE:
            self._wire.push(text_frame(packets.no_such_namespace(packet.namespace)))
            return
        try:
            client, go_on = self._connected(data, packet)
        except ApiError as error:
            self._refuse(error)
        else:
            yield from go_on(client)

    def _connected(
        self, data: str | bytes, packet: packets.Packet
    ) -> tuple[Client, Callable[[Client], Work]]:
        auth = packet.members()
        refuse_nul(data, auth)
        refuse_large_numbers(data)
        who = self._person(auth)
        opening = _opening(auth, who, self._topics)
        return Client(self._wire, who, opening, self._heartbeat), self._known(who)

    def _person(self, auth: dict[str, Any]) -> Caller:
        token = auth.get("token")
        if token is not None and not isinstance(token, str):
            raise invalid("token", "Must be a string.")
        found = (
            from_token(token.removeprefix("Bearer "), LIVE_AREA) if token else self._by_address()
        )
        if found is None:
            raise Unauthorized("Connect with `auth: {token}`.")
        return found

    def _refuse(self, error: ApiError) -> None:
        if isinstance(error, Unauthorized):
            refusals.token("SOCKET.IO", "connect", error)
        message = NOT_SIGNED_IN if isinstance(error, Unauthorized) else error.detail
        refused = packets.not_connected(packets.MAIN_NAMESPACE, message, problem(error))
        self._wire.push(text_frame(refused))

    def tick(self) -> None:
        """End if nobody connects in time."""
        if time.monotonic() >= self._until:
            self._wire.shut(POLICY_VIOLATION, "Nobody connected in time.")
            raise ConnectionClosed(POLICY_VIOLATION)

    def patience(self) -> float:
        """Return the seconds that are left."""
        return self._until - time.monotonic()


def _opening(auth: dict[str, Any], who: Caller, topics: list[str]) -> Opening:
    """Return how a client begins: as before the break, or with what it asks for."""
    pid, offset = auth.get("pid"), after_of({"after": auth.get("offset")})
    if isinstance(pid, str) and offset is not None:
        # Together with the session: a `pid` that somebody else has read recovers nothing for them.
        left = RECOVERY.here().take(pid, who.session_id, offset)
        if left is not None:
            return Opening(left.topics, offset, left.sid, pid)
    wanted = topics
    if any(name in auth for name in ("topic", "topics", "project_id", "projectId")):
        wanted = list(dict.fromkeys([*topics, *topics_of(auth)]))
    return Opening(wanted, after_of(auth))
