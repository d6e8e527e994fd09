"""The socket's addresses, and the check of a handshake before it."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable

from flask import Blueprint, current_app, g, request
from simple_websocket import ConnectionClosed, Server

from ..auth.guard import from_address
from ..core.errors import ApiError, Malformed, Unauthorized
from ..core.http.caller import Caller
from ..core.http.paths import BASE
from ..events.hub import TOKEN_ENDED
from ..extensions import db, sock
from . import protocol
from .live import live
from .protocol import refusal
from .socket import Connection, end, first_auth
from .wire import Wire

blueprint = Blueprint("socket", __name__, url_prefix=BASE)

TOO_BIG = refusal(ApiError(f"A message may have at most {protocol.MESSAGE_LIMIT} bytes."))


class UpgradeRequired(ApiError):
    """This address speaks WebSocket version 13 (RFC 6455) only."""

    status = 426


@blueprint.before_request
def prepare() -> None:
    """Check the handshake, take a place, and put a Wire before the raw socket."""
    if request.headers.get("Sec-WebSocket-Version") != "13":
        raise UpgradeRequired(headers={"Sec-WebSocket-Version": "13", "Upgrade": "websocket"})
    if len(_decoded(request.headers.get("Sec-WebSocket-Key", ""))) != 16:
        raise Malformed("Sec-WebSocket-Key must be 16 bytes in base64.")
    if "upgrade" not in request.headers.get("Connection", "").lower():
        raise Malformed("The Connection header must say `Upgrade`.")
    here = live()
    here.capacity.take()
    g.live_place = here.capacity
    for name in ("gunicorn.socket", "werkzeug.socket"):
        if name in request.environ:
            g.wire = Wire(request.environ[name], here.reactor, TOO_BIG)
            request.environ[name] = g.wire


@blueprint.teardown_request
def give_back(error: BaseException | None) -> None:
    """Give the place back, however the connection ended."""
    if "live_place" in g:
        g.pop("live_place").give_back()


def _decoded(key: str) -> bytes:
    try:
        return base64.b64decode(key, validate=True)
    except (binascii.Error, ValueError):
        return b""


@sock.route("/ws", bp=blueprint)
def socket(ws: Server) -> None:
    """Follow topics and publish; `?project_id=` or `?topic=` subscribes at once."""
    project_id = request.args.get("project_id", request.args.get("projectId"))
    topics = request.args.getlist("topic") + ([f"project:{project_id}"] if project_id else [])
    serve(ws, lambda _: topics)


@sock.route("/ws/notifications", bp=blueprint)
def notifications(ws: Server) -> None:
    """Follow what concerns you: your own topic, and the posts."""
    serve(ws, lambda who: [f"user:{who.user_id}", "posts"])


def serve(ws: Server, topics: Callable[[Caller], list[str]]) -> None:
    """Serve a socket for whom its address names, or for whom its first message will."""
    wire: Wire = g.wire
    try:
        who = _by_address(wire) or first_auth(ws, wire)
        db.session.remove()  # the app context lives as long as the socket; the session must not
        connection = Connection(ws, wire, live(), who, current_app.config)
        connection.serve(topics(who), request.args.get("after"))
    except ConnectionClosed:
        wire.shut(1000, "")
    finally:
        db.session.remove()
        wire.wait_dead()


def _by_address(wire: Wire) -> Caller | None:
    try:
        return from_address()
    except Unauthorized as error:
        end(wire, error, TOKEN_ENDED)
