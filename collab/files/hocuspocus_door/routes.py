"""The address of texts for @hocuspocus/provider."""

from __future__ import annotations

from typing import NoReturn

from flask import request
from simple_websocket import ConnectionClosed, Server

from ...auth import refusals
from ...auth.guard import from_address
from ...core.errors import ApiError
from ...extensions import sock
from ...realtime.json_door.routes import run, socket_blueprint
from ...realtime.transport.parked import Parked
from ...realtime.transport.places import Seat
from ...realtime.transport.wire import Wire
from ..yjs.budget import BUDGET, SMALL_MESSAGE_BYTES, Incoming
from ..yjs.closing import code_for
from ..yjs.newlines import lf_wanted
from .socket import HocuspocusSocket

blueprint = socket_blueprint("hocuspocus")


def providers(ws: Server, file_id: int | None = None) -> None:
    """Edit texts with @hocuspocus/provider; the shared text of each is named `content`."""
    ws.max_message_size = SMALL_MESSAGE_BYTES

    def connected(parked: Parked, seat: Seat) -> HocuspocusSocket:
        try:
            who, lf = from_address(), lf_wanted(request.args.get("newlines"))
        except ApiError as error:
            if error.status == 401:
                refusals.token("WEBSOCKET", request.path, error)
            end(parked.wire, error)
        ws.max_message_size = incoming = Incoming(BUDGET.here(), None, parked.wire)
        return HocuspocusSocket(parked, seat, incoming, file_id, who, lf=lf)

    run(ws, connected, end)


def end(wire: Wire, error: ApiError, code: int = 0) -> NoReturn:
    """Close a socket with all its texts; raises ConnectionClosed."""
    code = code or code_for(error)
    wire.shut(code, error.detail)
    raise ConnectionClosed(code, error.detail)


sock.route("/hocuspocus", bp=blueprint, endpoint="of_any_file")(providers)
sock.route("/hocuspocus/<id:file_id>", bp=blueprint, endpoint="of_file")(providers)
