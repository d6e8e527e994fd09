"""The live doors: the socket, Socket.IO, streams, long polls, and the events' REST face."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Serve events: socket, stream, long poll, presence."""
    from ..core.http.api import serve
    from .http_door import routes
    from .json_door import routes as socket_routes
    from .socketio_door import routes as socketio_routes
    from .transport import live

    live.init_app(app)
    serve(app, routes.blueprint)
    app.register_blueprint(socket_routes.blueprint)
    socketio_routes.init_app(app)
