"""flask-sock's WebSockets, with a handshake made from what the server has already parsed.

The library serializes the request again and has a second parser read it, which was a sixth of the
time that opening a socket took.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import Any

from flask import Blueprint, Response, current_app, request
from flask_sock import Sock
from simple_websocket import ConnectionClosed, Server
from wsproto.connection import Connection, ConnectionType
from wsproto.utilities import generate_accept_token

UPGRADE_ANSWER = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: %s\r\n\r\n"
)


class QuickServer(Server):  # type: ignore[misc]
    """A socket; its blueprint has checked version, key and method, and the router the rest."""

    def handshake(self) -> None:
        """Agree to WebSocket, without extensions or subprotocols (RFC 6455 §4.2.2)."""
        key = self.environ["HTTP_SEC_WEBSOCKET_KEY"].encode()
        self.sock.send(UPGRADE_ANSWER % generate_accept_token(key))
        self.ws.connection = Connection(ConnectionType.SERVER)
        self.connected = True


class Taken(Response):
    """The answer to a handshake whose connection is already somebody else's."""

    def __call__(self, environ: dict[str, Any], start: Any) -> Any:
        """Say nothing: this is how gunicorn hears of it."""
        if "gunicorn.socket" in environ:
            raise StopIteration
        return super().__call__(environ, start)


class QuickSock(Sock):  # type: ignore[misc]
    """The extension."""

    def route(self, path: str, bp: Blueprint, **options: Any) -> Callable[..., None]:
        """Have a view serve the sockets of an address."""

        def decorator(view: Callable[..., None]) -> None:
            @wraps(view)
            def upgrade(**values: Any) -> Response:
                made = current_app.config["SOCK_SERVER_OPTIONS"]
                ws = QuickServer(request.environ, **made)
                with suppress(ConnectionClosed):
                    view(ws, **values)
                return Taken()

            bp.route(path, websocket=True, **options)(upgrade)

        return decorator


sock = QuickSock()
