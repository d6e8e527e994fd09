"""The address of Socket.IO: a WebSocket, or requests that poll and post."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from functools import partial
from typing import Any, NoReturn

from flask import Blueprint, Flask, Response, g, request
from simple_websocket import Server

from ...auth.guard import from_address, from_token
from ...core.caller import Caller
from ...core.counting.networks import network_of
from ...core.errors import ApiError, Forbidden, Unauthorized
from ...core.http import query
from ...core.http.limits import count_otherwise
from ...core.http.origin import refuse_foreign_sockets
from ...core.http.resuming import Resumed
from ...core.links import BASE_PATH
from ...core.slots import application, setting
from ...serving.deadlines import NO_DEADLINE
from ...serving.holding import HOLDS_KEY, Hold
from ..budget import JSON_BUDGET
from ..json_door.protocol import LIVE_AREA, MAX_MESSAGE_BYTES
from ..json_door.routes import finish as json_finish
from ..json_door.routes import leave, run, seated, socket_blueprint, topics_in_address
from ..transport.incoming import bucket_of
from ..transport.live import live
from ..transport.parked import Parked
from ..transport.places import Seat
from ..transport.served import Served
from ..upgrading import sock
from . import packets, sessions
from .client import Client
from .greeting import Greeting
from .heartbeat import PATIENCE_S, Heartbeat
from .polling import Brought, Poll, PolledWire
from .speech import EventFollower

SOCKET_IO_PATH = "/socket.io"
#: Parameters of the address: Socket.IO's own, and what a client may say about itself. `b64` comes
#: from clients that want no bytes, as many outside browsers do when they poll: there are none here.
PARAMETERS = (
    *("EIO", "transport", "sid", "t", "b64"),
    *("token", "ticket", "project_id", "projectId", "topic"),
)

blueprint = socket_blueprint("socketio")
finish = partial(json_finish, speech=EventFollower.speech)
polls = Blueprint("socketio_polls", __name__, url_prefix=BASE_PATH)


class Unsupported(ApiError):
    """This address speaks Engine.IO 4, by `transport=polling` or `transport=websocket`."""

    status = 400


@blueprint.before_request
@polls.before_request
def check_address() -> None:
    """Refuse anything but Engine.IO 4, and parameters that this address does not take.

    Pages from other origins are refused here, too, since polls are not handshakes.
    """
    query.refuse_nul()
    refuse_foreign_sockets()
    query.refuse_all_but(PARAMETERS, several=("topic",))
    if request.args.get("EIO") != packets.ENGINE_VERSION:
        raise Unsupported()


@sock.route(SOCKET_IO_PATH, bp=blueprint)
def over_websocket(ws: Server) -> None:
    """Speak Socket.IO over a WebSocket: on a new connection, or on one that has polled so far."""
    ws.max_message_size = MAX_MESSAGE_BYTES
    sid = request.args.get("sid")

    def connected(parked: Parked, seat: Seat) -> Served:
        if sid is not None:
            return sessions.Upgrading(sessions.find(sid), parked, seat)
        beat = Heartbeat(_ping_seconds())
        return greeting(parked, seat, secrets.token_urlsafe(15), [], beat)

    run(ws, connected, finish)


@polls.route(SOCKET_IO_PATH, methods=["GET"])
def poll() -> Response:
    """Begin a connection; with `sid`, wait for something to send on it."""
    if request.args.get("transport") != "polling":
        raise Unsupported()
    sid = request.args.get("sid")
    if sid is None:
        return _text(_begun())
    wire = sessions.find(sid).wire
    waiting: Poll = g.pop("poll", None) or wire.poll()
    while not waiting.over:
        if (found := wire.fetch()) is not None:
            waiting.close()
            return _text(found)
        if wire.closing:
            waiting.close()
            raise sessions.UnknownSession()
        _wait(waiting)
    return _text(b"")  # nobody reads it


@polls.route(SOCKET_IO_PATH, methods=["POST"])
def bring() -> Response:
    """Take packets of a connection that polls."""
    session = sessions.find(request.args.get("sid", ""))
    session.wire.bring(request.get_data())
    session.parked.rouse()
    return Response("ok", mimetype="text/html")


def _wait(waiting: Poll) -> None:
    """Leave the request to the server, which calls it again, or wait in this thread."""
    if HOLDS_KEY in request.environ:
        raise Hold(waiting, Resumed(poll=waiting))
    waiting.block(request.environ.get("werkzeug.socket"), live().reactor)


def _text(body: bytes) -> Response:
    response = Response(body, mimetype="text/plain")
    response.headers["Cache-Control"] = "no-store"
    return response


def _begun() -> bytes:
    """Begin a connection that polls, and return its first packet."""
    here, app, sid = live(), application(), sessions.new_sid()
    seat = here.capacity.take(network_of(request.remote_addr), door="socketio")
    wire = PolledWire(here.reactor, JSON_BUDGET.of(app), seat.network)
    brought = Brought(bucket_of(app.config["MESSAGE_RATE"]))
    parked = Parked(app, wire, brought, finish, ping_seconds=NO_DEADLINE)
    beat = Heartbeat(_ping_seconds(), lambda: wire.seen_at)
    known = sessions.SESSIONS.of(app)
    try:
        here.open(wire)
        served = greeting(parked, seat, sid, ["websocket"], beat)
    except BaseException:
        here.wires.discard(wire)
        seat.give_back()
        raise
    seat.when_left(partial(leave, wire))
    known[sid] = sessions.Session(wire, parked, seat)

    def forget() -> None:
        here.wires.discard(wire)
        known.pop(sid, None)
        wire.forget()

    parked.start(served, [forget, seat.end], lingers=seat.linger)
    return served.opened


def greeting(
    parked: Parked, seat: Seat, sid: str, upgrades: list[str], beat: Heartbeat
) -> Greeting:
    """Make what serves a connection until its person is known."""

    def known(who: Caller) -> Callable[[Client], Any]:
        seated(seat, who)
        return parked.serve

    opened = packets.opened(sid, upgrades, _ping_seconds(), PATIENCE_S)
    return Greeting(parked.wire, opened, _by_handshake(), known, beat, topics_in_address())


def _by_handshake() -> Callable[[], Caller | None]:
    """Return what finds whom the handshake named; a bad token is reported when they connect."""
    try:
        token = request.headers.get("token")
        found = from_token(token, LIVE_AREA) if token else from_address()
    except (Unauthorized, Forbidden) as error:
        return lambda refusal=error: _raise(refusal)  # type: ignore[misc]
    return lambda: found


def _raise(error: ApiError) -> NoReturn:
    raise error


def _ping_seconds() -> int:
    return int(setting("PING_SECONDS"))


def is_poll() -> bool:
    """Return whether a request belongs to a connection, which has bounds of its own."""
    if request.endpoint not in ("socketio_polls.poll", "socketio_polls.bring"):
        return False
    return sessions.known(application(), request.args.get("sid", ""))


def init_app(app: Flask) -> None:
    """Serve Socket.IO."""
    app.register_blueprint(blueprint)
    app.register_blueprint(polls)
    count_otherwise(app, is_poll)
