"""One internal address for each resource, several external ones: short names, trailing slashes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import quote

from flask import Flask

from ...links import BASE_PATH

#: Other names of whole paths.
ALIASES = {
    "/api-docs": "/api/docs/",
    "/api/docs": "/api/docs/",
    "/api/login": f"{BASE_PATH}/auth/login",
    "/api/register": f"{BASE_PATH}/auth/register",
    # What Segment's browser library and imports call, where others spell it out.
    "/v1/b": "/v1/batch",
    "/v1/import": "/v1/batch",
    "/v1/t": "/v1/track",
    "/v1/i": "/v1/identify",
    "/v1/p": "/v1/page",
    "/v1/s": "/v1/screen",
    "/v1/g": "/v1/group",
    "/v1/a": "/v1/alias",
    "/ws": f"{BASE_PATH}/ws",
    "/ws/notifications": f"{BASE_PATH}/ws/notifications",
}

#: Paths that are called without `/api/v1`.
SHORT_PATHS = ("/hocuspocus", "/socket.io")

#: What is below /api without a version.
UNVERSIONED_PATHS = ("v1", "docs", "openapi.json", "asyncapi.json")

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def canonical(path: str, *, websocket: bool = False) -> str:
    """Return the one path that the URL map knows for a path as it was called."""
    if path.startswith("/api/docs/"):
        return path
    path = path.rstrip("/") or "/"
    if path == "/" and websocket:
        return f"{BASE_PATH}/ws"
    if path in ALIASES:
        return ALIASES[path]
    if path.startswith(("/auth/", "/yjs/", "/hocuspocus/")) or path in SHORT_PATHS:
        return BASE_PATH + path
    if path.startswith("/api/") and path.split("/")[2] not in UNVERSIONED_PATHS:
        return BASE_PATH + path.removeprefix("/api")
    return path


class ShortPaths:
    """WSGI middleware that rewrites a request's path to the canonical one.

    It runs before routing, so that the URL map, the OpenAPI document and the role matrix know one
    rule per resource. The path as called stays in `collab.path`, quoted: a line break in it would
    forge a log line, and problem+json requires a URI.
    """

    def __init__(self, app: Wsgi) -> None:
        self.app = app

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """Serve one request under its canonical path."""
        path = environ.get("PATH_INFO", "/")
        environ["collab.path"] = quote(path.encode("latin-1", "replace"), safe="/:@!$&'()*+,;=~")
        websocket = environ.get("HTTP_UPGRADE", "").lower() == "websocket"
        environ["PATH_INFO"] = canonical(path, websocket=websocket)
        return self.app(environ, start_response)


def init_app(app: Flask) -> None:
    """Let an application be called by short names."""
    app.wsgi_app = ShortPaths(app.wsgi_app)  # type: ignore[method-assign]
