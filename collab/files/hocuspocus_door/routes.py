"""The address of texts for @hocuspocus/provider."""

from __future__ import annotations

from functools import partial
from typing import NoReturn

from flask import request
from simple_websocket import ConnectionClosed, Server

from ...auth import tickets
from ...auth.guard import from_address
from ...core.caller import Caller
from ...core.errors import ApiError
from ...realtime.budget import SMALL_MESSAGE_BYTES
from ...realtime.json_door.routes import run, socket_blueprint
from ...realtime.transport.parked import Parked
from ...realtime.transport.places import Seat
from ...realtime.transport.wire import Wire
from ...realtime.upgrading import sock
from ..yjs.budget import limit_of
from ..yjs.closing import code_for, note_refusal
from ..yjs.follower import editors_topic
from ..yjs.newlines import lf_wanted
from .socket import HocuspocusSocket

blueprint = socket_blueprint("hocuspocus")


def providers(ws: Server, file_id: int | None = None) -> None:
    """Edit texts with @hocuspocus/provider; the shared text of each is named `content`."""
    ws.max_message_size = SMALL_MESSAGE_BYTES

    def connected(parked: Parked, seat: Seat) -> HocuspocusSocket:
        try:
            lf = lf_wanted(request.args.get("newlines"))
            who = _by_address(file_id)
        except ApiError as error:
            note_refusal(request.path, error)
            end(parked.wire, error)
        ws.max_message_size = incoming = limit_of(parked.wire)
        return HocuspocusSocket(parked, seat, incoming, file_id, who, lf=lf)

    run(ws, connected, end)


def _by_address(file_id: int | None) -> Caller | None:
    """Return whom the address identifies, if anybody; a text's ticket is valid for the session."""
    if file_id is None:
        return from_address()
    return from_address(partial(tickets.use_for_stream, topics=[editors_topic(file_id)]))


def end(wire: Wire, error: ApiError, code: int = 0) -> NoReturn:
    """Close a socket with all its texts; raises ConnectionClosed."""
    code = code or code_for(error)
    wire.shut(code, error.detail)
    raise ConnectionClosed(code, error.detail)


sock.route("/hocuspocus", bp=blueprint, endpoint="of_any_file")(providers)
sock.route("/hocuspocus/<id:file_id>", bp=blueprint, endpoint="of_file")(providers)
