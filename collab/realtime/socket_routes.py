"""The socket's addresses, and the check of a handshake before it."""

from __future__ import annotations

import base64
import binascii
import contextlib
from collections.abc import Callable

from flask import Blueprint, Response, current_app, g, request
from simple_websocket import ConnectionClosed, Server
from werkzeug.exceptions import MethodNotAllowed

from ..auth import refusals
from ..auth.guard import from_address
from ..core.errors import ApiError, Malformed, Unauthorized, problem_response, translated
from ..core.http.caller import Caller
from ..core.http.paths import BASE
from ..events.hub import TOKEN_ENDED
from ..extensions import db, sock
from .frames import INTERNAL_ERROR
from .live import live
from .protocol import TooBig, refusal
from .socket import Connection, end, first_auth
from .wire import Wire

blueprint = Blueprint("socket", __name__, url_prefix=BASE)


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
    if request.method != "GET":
        raise MethodNotAllowed(["GET"])
    here = live()
    here.capacity.take()
    g.live_place = here.capacity
    for name in ("gunicorn.socket", "werkzeug.socket"):
        if name in request.environ:
            g.wire = Wire(request.environ[name], here.reactor, refusal(TooBig()))
            request.environ[name] = g.wire
            here.open(g.wire)


@blueprint.teardown_request
def give_back(error: BaseException | None) -> None:
    """Give the place back, however the connection ended."""
    if "wire" in g:
        live().wires.discard(g.pop("wire"))
    if "live_place" in g:
        g.pop("live_place").give_back()


@blueprint.errorhandler(ValueError)
def bad_handshake(error: ValueError) -> Response:
    """Answer a handshake that the WebSocket library can't read."""
    return problem_response(Malformed(f"The handshake can't be read: {error}."))


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
    wire.unhandled = ws.input_buffer
    try:
        who = _by_address(wire) or first_auth(ws, wire)
        db.session.remove()  # the app context lives as long as the socket; the session must not
        connection = Connection(ws, wire, live(), who, current_app.config)
        connection.serve(topics(who), request.args.get("after"))
    except ConnectionClosed:
        pass  # whoever closed has sent the one close frame
    except Exception as error:
        with contextlib.suppress(ConnectionClosed):
            end(wire, translated(error), INTERNAL_ERROR)
    finally:
        db.session.remove()
        wire.wait_dead()


def _by_address(wire: Wire) -> Caller | None:
    try:
        return from_address()
    except Unauthorized as error:
        refusals.token("WEBSOCKET", request.path, error)
        end(wire, error, TOKEN_ENDED)
