"""The live doors: the socket, Socket.IO, streams, long polls, and the REST API of events."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Serve events: socket, stream, long poll, presence."""
    from ..auth.personal_tokens.scopes import cover
    from ..core.http.api import serve
    from .http_door import routes
    from .json_door import routes as socket_routes
    from .json_door import socket
    from .json_door.protocol import LIVE_AREA
    from .socketio_door import routes as socketio_routes
    from .transport import live
    from .upgrading import sock

    sock.init_app(app)
    live.init_app(app)
    socket.init_app(app)
    doors = [one.blueprint for one in (routes, socket_routes, socketio_routes)]
    cover(app, LIVE_AREA, "what happens: events, live and past", *doors, socketio_routes.polls)
    serve(app, routes.blueprint)
    app.register_blueprint(socket_routes.blueprint)
    socketio_routes.init_app(app)
