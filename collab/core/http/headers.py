"""What every answer carries: a request id, security headers, limits; and a log line for each."""

from __future__ import annotations

import logging
import re
import time
import uuid
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from flask import Flask, Request, Response
from werkzeug.routing import RequestRedirect

from ..counting import metrics, requests
from ..logging.redacting import names_a_secret, shortened
from . import limits
from .caller import present

log = logging.getLogger(__name__)

REQUEST_ID = re.compile(r"[A-Za-z0-9_.:-]{1,128}")

#: Characters of an address that its log line shows.
MAX_LOGGED_PATH = 500

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
}

#: Swagger UI includes its script, styles and images, some of them inline.
DOCS_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'"
)


def init_app(app: Flask) -> None:
    """Add the hooks; the first to start a request and the last to end it."""
    metrics.declare(app, requests.REQUESTS)
    app.before_request(start)
    app.after_request(lambda response: finish(app, response))


def start() -> None:
    """Give the request its id: the caller's, if it is harmless."""
    # It appears in log lines, so one that could forge another line is not accepted.
    asked, noted = present()
    sent = asked.headers.get("X-Request-ID", "")
    noted.request_id = sent if REQUEST_ID.fullmatch(sent) else uuid.uuid4().hex
    noted.started = time.perf_counter()


def finish(app: Flask, response: Response) -> Response:
    """Complete the headers, count the request and write the access log."""
    asked, notes = present()
    stay_here(response, asked)
    # All are ours, and single lines: `extend` would check each of them again.
    response.headers._list.extend(_missing(response, asked, notes))
    if asked.path.startswith("/api/docs/"):
        response.headers["Content-Security-Policy"] = DOCS_POLICY
    took = time.perf_counter() - notes.started
    rule, status = asked.url_rule, response.status_code
    # The rule, not the path: metrics by path would grow with every id.
    matched = "" if rule is None else rule.rule
    requests.count(app, matched, asked.method, status, took, waited="waited" in notes)
    log_request(response, asked, took)
    return response


def _missing(response: Response, asked: Request, notes: Any) -> list[tuple[str, str]]:
    """Return the headers still missing, in one list: setting a header one by one searches all."""
    there = {name.lower() for name, _ in response.headers}
    told = [("X-Request-ID", notes.request_id), *limits.headers_of(notes.get("counted"))]
    told += [one for one in SECURITY_HEADERS.items() if one[0].lower() not in there]
    if "cache-control" not in there and not asked.path.startswith("/api/docs/"):
        # One person's answer must never serve another (RFC 9111 §5.2.2.7).
        told += [("Cache-Control", "private, no-cache"), ("Vary", "Authorization")]
    # Over TLS only: elsewhere browsers ignore it (RFC 6797 §8.1).
    if asked.is_secure:
        told.append(("Strict-Transport-Security", "max-age=31536000"))
    return told


def stay_here(response: Response, asked: Request) -> None:
    """Make a redirect of the router relative (RFC 9110 §10.2.2): its host is a caller's word."""
    # The caller chooses the Host header: from a cache an absolute redirect could lead elsewhere.
    if isinstance(asked.routing_exception, RequestRedirect) and response.location:
        there = urlsplit(response.location)
        response.location = urlunsplit(("", "", "/" + there.path.lstrip("/"), there.query, ""))
        response.set_data(b"")


def log_request(response: Response, asked: Request, took: float) -> None:
    """Write one line: method, path without its query (it may hold a token), status, time."""
    path = shortened(_path(asked), MAX_LOGGED_PATH)
    fields = {
        "method": asked.method,
        "path": path,
        "status": response.status_code,
        "duration_ms": round(took * 1000, 1),
        "address": asked.remote_addr,
    }
    # Only our own faults are errors: a 404 is the caller's business.
    level = logging.ERROR if response.status_code >= 500 else logging.INFO
    log.log(
        level,
        "%s %s %s %.1f ms",
        asked.method,
        path,
        response.status_code,
        took * 1000,
        extra={"fields": fields},
    )


def _path(asked: Request) -> str:
    """Return a path as it was called, or the pattern that it matched if it contains a secret."""
    if asked.url_rule is not None and names_a_secret(asked.view_args or ()):
        return requests.pattern(asked.url_rule.rule)
    return str(asked.environ.get("collab.path", asked.path))
