"""What every answer carries: a request id, security headers, limits; and a log line for each."""

from __future__ import annotations

import logging
import re
import time
import uuid

from flask import Flask, Response, g, request

from ..logging import shortened
from .limits import add_headers

log = logging.getLogger(__name__)

REQUEST_ID = re.compile(r"[A-Za-z0-9_.:-]{1,128}")

#: Characters of an address that its log line shows.
MAX_LOGGED_PATH = 500

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}

#: Swagger UI brings its script, styles and pictures along, some of them inline.
DOCS_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'"
)


def init_app(app: Flask) -> None:
    """Add the hooks; the first to start a request and the last to end it."""
    app.before_request(start)
    app.after_request(finish)


def start() -> None:
    """Give the request its id: the caller's, if that is harmless."""
    sent = request.headers.get("X-Request-ID", "")
    g.request_id = sent if REQUEST_ID.fullmatch(sent) else uuid.uuid4().hex
    g.started = time.perf_counter()


def finish(response: Response) -> Response:
    """Complete the headers and write the access log."""
    stay_here(response)
    headers = response.headers
    headers["X-Request-ID"] = g.request_id
    for name, value in SECURITY_HEADERS.items():
        headers.setdefault(name, value)
    if request.path.startswith("/api/docs/"):
        headers["Content-Security-Policy"] = DOCS_POLICY
    elif "Cache-Control" not in headers:
        # One person's answer must never serve another (RFC 9111 §5.2.2.7).
        headers["Cache-Control"] = "private, no-cache"
        headers.add("Vary", "Authorization")
    if request.is_secure:
        headers["Strict-Transport-Security"] = "max-age=31536000"
    add_headers(response)
    log_request(response)
    return response


def stay_here(response: Response) -> None:
    """Make a redirect of the router relative (RFC 9110 §10.2.2): its host is what a caller said."""
    if response.location and response.location.startswith(request.host_url):
        response.location = "/" + response.location.removeprefix(request.host_url).lstrip("/")
        response.set_data(b"")


def log_request(response: Response) -> None:
    """Write one line: method, path without its query (it may hold a token), status, time."""
    took = (time.perf_counter() - g.started) * 1000
    path = shortened(request.environ.get("collab.path", request.path), MAX_LOGGED_PATH)
    fields = {
        "method": request.method,
        "path": path,
        "status": response.status_code,
        "duration_ms": round(took, 1),
        "address": request.remote_addr,
    }
    level = logging.ERROR if response.status_code >= 500 else logging.INFO
    log.log(
        level,
        "%s %s %s %.1f ms",
        request.method,
        path,
        response.status_code,
        took,
        extra={"fields": fields},
    )
