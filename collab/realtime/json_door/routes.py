"""The socket's addresses, and the check of a handshake before it."""

from __future__ import annotations

import base64
import binascii
import contextlib
from collections.abc import Callable
from functools import partial
from typing import NoReturn

from flask import Blueprint, Response, g, request
from simple_websocket import ConnectionClosed, Server
from werkzeug.exceptions import MethodNotAllowed

from ...auth import refusals
from ...auth.guard import from_address
from ...core.caller import Caller
from ...core.counting.networks import network_of
from ...core.errors import (
    ApiError,
    Forbidden,
    Malformed,
    Unauthorized,
    problem_response,
    translated,
)
from ...core.http import query
from ...core.http.origin import refuse_foreign_sockets
from ...core.links import BASE_PATH
from ...core.slots import application
from ...events.close_codes import (
    FORBIDDEN_CLOSURE,
    INTERNAL_ERROR,
    POLICY_VIOLATION,
    TOKEN_ENDED,
    TRY_AGAIN_LATER,
    UNREADABLE_MESSAGE,
)
from ...extensions import db
from ..budget import JSON_BUDGET, JsonLimit, SizeLimit
from ..transport.incoming import Incoming
from ..transport.intake import End
from ..transport.live import live
from ..transport.parked import Parked
from ..transport.places import Seat
from ..transport.served import Served
from ..transport.wire import Wire
from ..upgrading import sock
from .protocol import JSON_SPEECH, MAX_MESSAGE_BYTES, Speech, TooBig, refusal
from .socket import Socket
from .stranger import Stranger, end


class UpgradeRequired(ApiError):
    """This address speaks WebSocket version 13 (RFC 6455) only."""

    status = 426


def socket_blueprint(name: str, too_big: bytes = b"") -> Blueprint:
    """Make a blueprint for addresses of WebSockets.

    Its handshakes are checked, counted, and get a Wire before the raw socket. `too_big` is sent
    before a message that is too big closes the socket.
    """
    made = Blueprint(name, name, url_prefix=BASE_PATH)
    made.before_request(lambda: prepare(name, too_big))
    made.teardown_request(give_back)
    made.register_error_handler(ValueError, bad_handshake)
    return made


def prepare(door: str, too_big: bytes) -> None:
    """Check the handshake, take a place, and put a Wire before the raw socket."""
    if request.environ.get("SERVER_PROTOCOL") == "HTTP/1.0":  # no upgrades (RFC 9110 §7.8)
        raise Malformed("A WebSocket handshake needs HTTP/1.1.")
    if request.headers.get("Sec-WebSocket-Version") != "13":
        raise UpgradeRequired(headers={"Sec-WebSocket-Version": "13", "Upgrade": "websocket"})
    # A nonce of 16 bytes (RFC 6455 §4.2.1); the library does not look.
    if len(_decoded(request.headers.get("Sec-WebSocket-Key", ""))) != 16:
        raise Malformed("Sec-WebSocket-Key must be 16 bytes in base64.")
    if request.method != "GET":
        raise MethodNotAllowed(["GET"])
    query.refuse_nul()
    refuse_foreign_sockets()
    # A compressed message may become a thousand times as large before its size is known, so no
    # extension is agreed on (RFC 6455 §9.1, RFC 7692 §5): the library sees no offer.
    request.environ.pop("HTTP_SEC_WEBSOCKET_EXTENSIONS", None)
    here = live()
    g.seat = here.capacity.take(network_of(request.remote_addr), door=door)
    for name in ("gunicorn.socket", "werkzeug.socket"):
        if name in request.environ:
            g.wire = Wire(request.environ[name], here.reactor, too_big)
            # flask-sock takes the socket from here: from now on nobody bypasses the wire.
            request.environ[name] = g.wire
            here.open(g.wire)


def give_back(error: BaseException | None) -> None:
    """Give the place back if no connection came of it."""
    if "wire" in g:
        live().wires.discard(g.pop("wire"))
    if "seat" in g:
        g.pop("seat").give_back()


def bad_handshake(error: ValueError) -> Response:
    """Answer a handshake that the WebSocket library can't read."""
    return problem_response(Malformed(f"The handshake can't be read: {error}."))


def _decoded(key: str) -> bytes:
    try:
        return base64.b64decode(key, validate=True)
    except (binascii.Error, ValueError):
        return b""


blueprint = socket_blueprint("socket", refusal(TooBig()))
#: Parameters of these addresses; a misspelt one would silently follow nothing.
SOCKET_PARAMETERS = ("token", "ticket", "project_id", "projectId", "topic", "after")


@blueprint.before_request
def refuse_unknown_parameters() -> None:
    """Answer a handshake with 422 where its address has unknown or repeated parameters."""
    query.refuse_all_but(SOCKET_PARAMETERS, several=("topic",))


def topics_in_address() -> list[str]:
    """Return the topics that an address names, to follow at once."""
    project_id = request.args.get("project_id", request.args.get("projectId"))
    return request.args.getlist("topic") + ([f"project:{project_id}"] if project_id else [])


@sock.route("/ws", bp=blueprint)
def socket(ws: Server) -> None:
    """Follow topics and publish; `?project_id=` or `?topic=` subscribes at once."""
    topics = topics_in_address()
    serve(ws, lambda _: topics)


@sock.route("/ws/notifications", bp=blueprint)
def notifications(ws: Server) -> None:
    """Follow what concerns you: your own topic, and the posts."""
    serve(ws, lambda who: [f"user:{who.user_id}", "posts"])


def serve(ws: Server, topics: Callable[[Caller], list[str]]) -> None:
    """Serve a socket that speaks JSON."""
    after = request.args.get("after")

    def connected(parked: Parked, seat: Seat) -> Served:
        def known(who: Caller) -> Served:
            return Socket(parked.wire, seated(seat, who), topics(who), after)

        who = _by_address(parked.wire)
        if who is not None:
            return known(who)
        return Stranger(parked.wire, lambda found: parked.serve(known(found)))

    run(ws, connected, finish)


def finish(wire: Wire, error: ApiError, code: int, speech: Speech = JSON_SPEECH) -> NoReturn:
    """Say what is wrong and close, with a code after the error unless one is given."""
    end(wire, error, code or _code_for(error.status), speech=speech)


def _code_for(status: int) -> int:
    """Return the close code for an error: a client's mistake is no fault of the server."""
    codes = {400: UNREADABLE_MESSAGE, 429: TRY_AGAIN_LATER}
    return codes.get(status, INTERNAL_ERROR if status >= 500 else POLICY_VIOLATION)


def seated(seat: Seat, who: Caller) -> Caller:
    """Count a place as a person's; raises TooManyRequests."""
    seat.belongs_to(who.user_id)
    return who


def leave(wire: Wire) -> None:
    """End a connection whose place went to somebody else: it did not say in time who it is."""
    wire.shut(TRY_AGAIN_LATER, "All places for live connections are taken: sign in at once.")


def run(ws: Server, connected: Callable[[Parked, Seat], Served], end: End) -> None:
    """Make a connection and hand it to the reactor; `end` tells the peer what went wrong."""
    wire: Wire = g.pop("wire")
    seat: Seat = g.pop("seat")
    here, app = live(), application()
    # Without the library's handshake object, which each open socket would keep in memory.
    protocol = ws.ws.connection or ws.ws
    if ws.max_message_size == MAX_MESSAGE_BYTES:  # which all JSON sockets have
        ws.max_message_size = JsonLimit(
            JSON_BUDGET.of(app), wire, MAX_MESSAGE_BYTES, who=seat.network
        )
    incoming = Incoming.of(protocol, ws.max_message_size, app.config["MESSAGE_RATE"])
    parked = Parked(app, wire, incoming, end, ping_seconds=app.config["PING_SECONDS"])
    served = None
    try:
        served = connected(parked, seat)
        # Now: whose token is in the address is known, and their place is nobody else's.
        seat.when_left(partial(leave, wire))
        incoming.limit = ws.max_message_size  # it may depend on the person
    except ConnectionClosed:
        pass  # the closing side has sent the one close frame
    except Exception as error:
        with contextlib.suppress(ConnectionClosed):
            end(wire, translated(error), 0)
    finally:
        db.session.remove()
    _lighten(ws)
    at_end = [lambda: here.wires.discard(wire), seat.end]
    if isinstance(incoming.limit, SizeLimit):
        at_end.append(incoming.limit.end)
    detach = request.environ.get("collab.detach")
    if detach is not None:
        ahead = request.environ["collab.rest"]()
        parked.start(served, [*at_end, detach()], ahead, seat.linger)
    else:  # a server whose threads wait, like Werkzeug's
        parked.start(served, at_end, lingers=seat.linger)
        parked.done.wait()


def _lighten(ws: Server) -> None:
    """Leave flask-sock nothing to close or keep: what it makes of this is in a reference cycle."""
    ws.connected = False
    ws.ws = ws.environ = ws.sock = ws.event = ws.thread = None


def _by_address(wire: Wire) -> Caller | None:
    """Return the person whose token the address carries, if any; the token must be valid."""
    try:
        return from_address()
    except (Unauthorized, Forbidden) as error:
        refusals.token("WEBSOCKET", request.path, error)
        end(wire, error, TOKEN_ENDED if error.status == 401 else FORBIDDEN_CLOSURE)
