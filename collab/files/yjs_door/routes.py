"""The addresses of texts for Yjs editors, which speak the protocol of y-websocket."""

from __future__ import annotations

from functools import partial

from flask import request
from simple_websocket import Server

from ...auth import tickets
from ...auth.guard import from_address
from ...core.errors import ApiError, Unauthorized
from ...realtime.budget import SMALL_MESSAGE_BYTES
from ...realtime.json_door.routes import run, seated, socket_blueprint
from ...realtime.transport.parked import Parked
from ...realtime.transport.places import Seat
from ...realtime.upgrading import sock
from ..json_door.messages import load_text
from ..yjs.budget import limit_of
from ..yjs.closing import note_refusal
from ..yjs.follower import editors_topic
from ..yjs.newlines import lf_wanted
from .connection import YjsConnection, end

blueprint = socket_blueprint("yjs")


def editor(ws: Server, file_id: int) -> None:
    """Edit a text with Yjs; the shared text is named `content`.

    `?newlines=lf` keeps its line breaks LF.
    """
    ws.max_message_size = SMALL_MESSAGE_BYTES

    def connected(parked: Parked, seat: Seat) -> YjsConnection:
        wire = parked.wire
        try:
            # A ticket lasts as long as its session: version 1.5 of the provider never changes its
            # address.
            who = from_address(partial(tickets.use_for_stream, topics=[editors_topic(file_id)]))
            if who is None:
                raise Unauthorized("Sign in with `?token=` or `?ticket=`.")
            text = load_text(file_id, who)
            ws.max_message_size = incoming = limit_of(wire)
            incoming.known(who.user_id)
            return YjsConnection(
                wire,
                seated(seat, who),
                text.id,
                incoming,
                lf=lf_wanted(request.args.get("newlines")),
            )
        except ApiError as error:
            note_refusal(request.path, error)
            end(wire, error)

    run(ws, connected, end)


sock.route("/files/<id:file_id>/yjs", bp=blueprint, endpoint="of_file")(editor)
sock.route("/yjs/<id:file_id>", bp=blueprint, endpoint="by_name")(editor)
