"""Connections that poll, by their id; and how one moves to a WebSocket."""

from __future__ import annotations

import secrets
import time
from typing import Any
from urllib.parse import parse_qs

from flask import Flask
from simple_websocket import ConnectionClosed

from ...core.errors import ApiError
from ...core.slots import Slot
from ...events.close_codes import POLICY_VIOLATION
from ...frozen import frozen
from ...serving.handover import NAME_PATTERN, own_name
from ..transport.frames import text_frame
from ..transport.parked import Parked
from ..transport.places import Seat
from ..transport.served import Served, Work
from . import packets
from .polling import PolledWire

#: Seconds that a WebSocket may take from its handshake to taking over.
UPGRADE_PATIENCE_S = 10.0
#: Seconds that arrived messages wait for the old connection's last turn; it is woken sooner.
HANDOVER_S = 1.0
#: What all Socket.IO addresses contain.
SOCKET_IO_WORD = "socket.io"


class UnknownSession(ApiError):
    """There is no connection with this `sid`: connect again."""

    status = 400


@frozen
class Session:
    """A connection that polls."""

    wire: PolledWire
    parked: Parked
    seat: Seat


SESSIONS: Slot[dict[str, Session]] = Slot("socket.io sessions", lambda _: {})


def new_sid() -> str:
    """Return an id for a connection, which says in which process it is."""
    return f"{own_name()}.{secrets.token_urlsafe(15)}"


def owner_of(asked: Any) -> str | None:
    """Return the process of the connection that a request names, if that is another process."""
    if "sid=" not in (asked.query or "") or SOCKET_IO_WORD not in asked.path:
        return None
    # The id itself names the process, so whichever gets the request knows whose it is.
    name = parse_qs(asked.query).get("sid", [""])[0].partition(".")[0]
    return name if NAME_PATTERN.fullmatch(name) and name != own_name() else None


def find(sid: str) -> Session:
    """Return a connection; raises UnknownSession."""
    found = SESSIONS.here().get(sid)
    if found is None or found.wire.dead:
        raise UnknownSession()
    return found


def known(app: Flask, sid: str) -> bool:
    """Return whether there is such a connection."""
    return sid in SESSIONS.of(app)


class Upgrading(Served):
    """A WebSocket that a client has opened besides its polls, to continue there."""

    def __init__(self, session: Session, parked: Parked, seat: Seat) -> None:
        self._session, self._parked, self._seat = session, parked, seat
        self._until = time.monotonic() + UPGRADE_PATIENCE_S
        self._moving = False

    def begin(self) -> Work:
        """Wait."""
        yield from ()

    def take(self, data: str | bytes) -> Work:
        """Answer the probe; then let the connection move here."""
        if data == packets.PROBE_PACKET:
            self._session.wire.upgrading = True
            self._parked.wire.push(text_frame(packets.PROBED_PACKET))
            # The waiting poll has to end first (NOOP): the client moves only when none is open.
            self._session.wire.wake()
        elif data == packets.UPGRADE_PACKET and self._session.wire.upgrading:
            self._moving = True
            self._session.seat.pass_on(self._seat)
            self._session.wire.adopt(self._parked.wire)
            self._session.parked.pass_on(self._parked)
        else:
            self._parked.wire.shut(POLICY_VIOLATION, "A probe was expected.")
            raise ConnectionClosed(POLICY_VIOLATION)
        yield from ()

    def pause(self) -> float:
        """Leave what comes after the move to the connection that moves here."""
        return HANDOVER_S if self._moving else 0.0

    def tick(self) -> None:
        """End if the client does not move in time; it goes on polling."""
        if not self._moving and self.patience() <= 0:
            self._parked.wire.shut(POLICY_VIOLATION, "The connection did not move in time.")
            raise ConnectionClosed(POLICY_VIOLATION)

    def patience(self) -> float:
        """Return the seconds that are left."""
        return self._until - time.monotonic() if not self._moving else HANDOVER_S

    def leave(self) -> None:
        """Let the polls wait again."""
        self._session.wire.upgrading = False
