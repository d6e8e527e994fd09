"""What a status means where nothing more exact is said."""

from __future__ import annotations

from http import HTTPStatus

from .kinds import ProblemType


def _plain(slug: str, status: int, meaning: str, remedy: str) -> ProblemType:
    """Make the type that a status stands for where there is no more exact one."""
    return ProblemType(slug, status, HTTPStatus(status).phrase, meaning, remedy)


#: What a status means where nothing more exact is said.
PLAIN_TYPES = (
    _plain(
        "malformed-request",
        400,
        "The request can't be read: its JSON, its length, or a parameter is broken.",
        "Read `detail`: it says where. Let a library write JSON and headers.",
    ),
    _plain(
        "not-signed-in",
        401,
        "The request does not say who you are, or names nobody who is known here.",
        "Log in (`POST /api/v1/auth/login`) and send `Authorization: Bearer <access_token>`.",
    ),
    _plain(
        "forbidden",
        403,
        "You may see this, but your role does not allow the change.",
        "Ask an owner of the project, or an admin, for a higher role.",
    ),
    _plain(
        "not-found",
        404,
        "There is nothing at this address, or nothing that you may know of.",
        "Check the id and that you are a member of its project. The API lists all addresses.",
    ),
    _plain(
        "method-not-allowed",
        405,
        "The address is right, but does not support this method.",
        "Use one of the methods in the `Allow` header.",
    ),
    _plain(
        "request-too-slow",
        408,
        "The request did not arrive whole in time.",
        "Send it again; large bodies need a faster connection.",
    ),
    _plain(
        "conflict",
        409,
        "The change contradicts what is there: a name that is taken, work that is over.",
        "Read `detail`, fetch the resource again, and change it as it is now.",
    ),
    _plain(
        "length-required",
        411,
        "The body does not say how long it is.",
        "Send `Content-Length`, or `Transfer-Encoding: chunked`.",
    ),
    _plain(
        "changed-meanwhile",
        412,
        "Somebody was faster: the resource is no longer the version that `If-Match` names.",
        "Fetch it again, make your change in the new version, and send its `ETag`.",
    ),
    _plain(
        "too-large",
        413,
        "The body is larger than this address accepts.",
        "Send less at once: split it up, or send it as a file.",
    ),
    _plain(
        "address-too-long",
        414,
        "The address is longer than this server accepts.",
        "Put long values into the body.",
    ),
    _plain(
        "unsupported-media-type",
        415,
        "The body has a type that this address does not accept.",
        "Send `Content-Type: application/json`, or the type in the documentation of the route.",
    ),
    _plain(
        "range-not-satisfiable",
        416,
        "The requested part is beyond the end of the file.",
        "Ask for its size with HEAD first.",
    ),
    _plain(
        "expectation-failed",
        417,
        "The `Expect` header asks for something that this server does not support.",
        "Leave `Expect` out, or send `100-continue`.",
    ),
    _plain(
        "invalid-values",
        422,
        "The request is well formed, but some of its values can't be accepted.",
        "`errors` points at each of them, and names what may be meant where a name is unknown.",
    ),
    _plain(
        "websocket-only",
        426,
        "This address speaks WebSocket (RFC 6455) and nothing else.",
        "Open it with `new WebSocket(...)`, or follow `GET /api/v1/events/stream` instead.",
    ),
    _plain(
        "too-many-requests",
        429,
        "You have sent more requests than one person may at a time.",
        "Wait as many seconds as `Retry-After` says; `RateLimit` says what is left.",
    ),
    _plain(
        "headers-too-large",
        431,
        "The headers are larger than the server accepts.",
        "Leave out cookies and headers that this service does not need.",
    ),
    _plain(
        "internal-error",
        500,
        "Something broke on our side.",
        "Try again. If it persists, give the `request_id` to whoever runs the server.",
    ),
    _plain(
        "not-implemented",
        501,
        "The request uses a part of HTTP that this server does not support.",
        "Use no transfer coding but `chunked`.",
    ),
    _plain(
        "unavailable",
        503,
        "The service can't do this now, or not on this machine; `detail` has the reason.",
        "Wait as long as `Retry-After` says. The server prints at start-up what is off.",
    ),
    _plain(
        "http-version-not-supported",
        505,
        "The request is in a version of HTTP that this server does not support.",
        "Use HTTP/1.1.",
    ),
    _plain(
        "disk-full",
        507,
        "The server's disk is full: nothing can be saved until there is room again.",
        "Delete what you no longer need, which still works, or tell whoever runs the server.",
    ),
)
