"""The one place where exceptions become answers: RFC 9457 problem details."""

from __future__ import annotations

import logging
from typing import Any

from flask import Flask, Response, g, request
from flask_jwt_extended.exceptions import JWTExtendedException
from jwt.exceptions import PyJWTError
from sqlalchemy.exc import DBAPIError, TimeoutError
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException
from werkzeug.routing.exceptions import WebsocketMismatch

from .database_errors import out_of_reach
from .json import dumps
from .problems import type_of
from .storage.free_space import is_full

log = logging.getLogger(__name__)

Pointers = list[dict[str, str]]
#: Errors that one answer lists.
MAX_POINTERS = 100


class ApiError(Exception):
    """The request could not be carried out."""

    status = 400
    #: The slug of its type (`core/problems/`); None: that of its status.
    kind: str | None = None

    def __init__(
        self,
        detail: str | None = None,
        *,
        errors: Pointers | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(detail or " ".join((type(self).__doc__ or "").split()))
        self.errors = errors
        self.headers = headers or {}
        #: Extension members of the problem (RFC 9457 §3.2).
        self.members: dict[str, Any] = {}

    @property
    def detail(self) -> str:
        """What went wrong, for a person: the docstring unless something more exact was given."""
        return str(self)


class Malformed(ApiError):
    """The request can't be read."""

    status = 400


class Unauthorized(ApiError):
    """Sign in first: send `Authorization: Bearer <access token>`."""

    status = 401
    #: How to sign in (RFC 6750 §3).
    challenge = 'Bearer realm="collab"'

    def __init__(self, detail: str | None = None) -> None:
        super().__init__(detail, headers={"WWW-Authenticate": self.challenge})


class BadToken(Unauthorized):
    """The access token is not valid."""

    # A client without a token is told nothing about tokens, one that had one what became of it
    # (§3.1).
    challenge = 'Bearer realm="collab", error="invalid_token"'


class Forbidden(ApiError):
    """Your role does not allow this."""

    status = 403


class NotFound(ApiError):
    """There is nothing here, or nothing that you may see."""

    status = 404


class Conflict(ApiError):
    """This conflicts with the present state of the resource."""

    status = 409


class PreconditionFailed(ApiError):
    """The resource has changed since you read it: fetch it again and repeat your change."""

    status = 412


class Unprocessable(ApiError):
    """The request is well formed, but some of its values can't be accepted."""

    status = 422

    def __init__(
        self, detail: str | None = None, *, errors: Pointers | None = None, pointer: str = "#"
    ) -> None:
        # An error that names no value is still about one: that at `pointer`, or the whole body.
        super().__init__(detail, errors=errors)
        self.errors = errors or [{"detail": self.detail, "pointer": pointer}]


class TooManyRequests(ApiError):
    """Too many requests: wait and try again."""

    status = 429

    def __init__(self, detail: str | None = None, *, retry_after: int = 1) -> None:
        super().__init__(detail, headers={"Retry-After": str(max(1, retry_after))})


class DiskFull(ApiError):
    """The server's disk is full: nothing can be saved until there is room again."""

    status = 507

    def __init__(self, detail: str | None = None) -> None:
        super().__init__(detail, headers={"Retry-After": "60"})


class Unavailable(ApiError):
    """The service can't take this now: try again shortly."""

    status = 503

    def __init__(self, detail: str | None = None, *, retry_after: int = 1) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after)})


def invalid(pointer: str, detail: str) -> Unprocessable:
    """Make the 422 for one member of the body; `pointer` is its name or path (RFC 6901)."""
    return Unprocessable(errors=[{"detail": detail, "pointer": f"#/{pointer}"}])


def problem(error: ApiError) -> dict[str, Any]:
    """Describe an error as the members of RFC 9457, for HTTP answers and socket frames alike."""
    kind = type_of(error.status, error.kind)
    body: dict[str, Any] = {
        "type": kind.address,
        "title": kind.title,
        "status": error.status,
        "detail": error.detail,
    }
    if error.errors:
        body["errors"] = error.errors
    return body | error.members


def problem_response(error: ApiError) -> Response:
    """Answer with an error."""
    g.answered_with = error
    body = problem(error) | {
        "instance": request.environ.get("collab.path", request.path),
        "request_id": g.get("request_id", ""),
    }
    headers = error.headers
    return Response(dumps(body), error.status, headers, content_type="application/problem+json")


#: What to say instead of the framework's advice, which is for people who type addresses.
DETAILS = {
    404: "There is no such address.",
    405: "This URL does not support that method; see the Allow header.",
    413: "The body is too large.",
    429: "Too many requests: wait as long as Retry-After says.",
}

WEBSOCKET_MISMATCH = "This address takes only WebSocket handshakes, or none at all."


def from_http(error: HTTPException) -> ApiError:
    """Translate an error of the framework."""
    detail = WEBSOCKET_MISMATCH if isinstance(error, WebsocketMismatch) else error.description
    api_error = ApiError(DETAILS.get(error.code or 500, detail))
    api_error.status = error.code or 500
    api_error.headers = {
        name: value for name, value in error.get_headers() if name not in ("Content-Type",)
    }
    data = getattr(error, "data", None) or {}
    if "messages" in data:
        api_error = Unprocessable(errors=pointers(data["messages"]))
    return api_error


def pointers(messages: dict[str, Any]) -> Pointers:
    """Flatten marshmallow's messages ({location: {field: [text]}}) into details and pointers.

    Of very many only the first: an answer is no longer than a page.
    """
    found: Pointers = []

    def walk(path: str, node: Any) -> None:
        if len(found) >= MAX_POINTERS:
            return
        if isinstance(node, dict):
            for key, value in node.items():
                walk(path if key == "_schema" else f"{path}/{escaped(key)}", value)
        else:
            texts = node if isinstance(node, list) else [node]
            found.extend({"detail": str(text), "pointer": path} for text in texts)

    for location, node in messages.items():
        walk("#" if location == "json" else f"#/{location}", node)
    return found[:MAX_POINTERS]


def escaped(key: object) -> str:
    """Write a name as a part of a pointer (RFC 6901 §3)."""
    return str(key).replace("~", "~0").replace("/", "~1")


def translated(error: Exception) -> ApiError:
    """Return the error to answer for any exception; logs those that are not expected."""
    if isinstance(error, ApiError):
        return error
    if is_full(error):
        log.error("the disk is full: %s", error)
        return DiskFull()
    if isinstance(error, StaleDataError):
        return PreconditionFailed()
    if isinstance(error, (TimeoutError, *out_of_reach())) or _lost(error):
        log.error("the database did not answer: %s", error)
        return Unavailable("The database is busy or out of reach.")
    log.error("unexpected error", exc_info=error)
    bug = ApiError("Something broke on our side; the log has it under this request id.")
    bug.status = 500
    return bug


def _lost(error: Exception) -> bool:
    """Return whether an exception says that a connection was lost."""
    return isinstance(error, DBAPIError) and error.connection_invalidated


def init_app(app: Flask) -> None:
    """Turn every exception that leaves a route into problem+json."""

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> Response:
        if error.response is not None:  # such as a redirect made by hand
            return error.get_response()  # type: ignore[return-value]
        return problem_response(from_http(error))

    @app.errorhandler(JWTExtendedException)
    @app.errorhandler(PyJWTError)
    def token_error(error: Exception) -> Response:
        return problem_response(BadToken(f"The access token is not valid: {error}"))

    @app.errorhandler(Exception)
    def unexpected(error: Exception) -> Response:
        return problem_response(translated(error))
