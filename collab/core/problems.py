"""The types of problems: each has an address, whose page says what to do (RFC 9457 §3.1.1)."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

#: Below this each type has its address. It is relative, as a server knows no name of its own: what
#: a caller says in `Host` would stand in answers that others are given again.
PROBLEMS_PATH = "/problems"


@dataclass(frozen=True)
class ProblemType:
    """A kind of problem: what it means, and what to do about it."""

    slug: str
    status: int
    title: str
    meaning: str
    remedy: str

    @property
    def address(self) -> str:
        """Return its URI reference: `type` of the problems of this kind."""
        return f"{PROBLEMS_PATH}/{self.slug}"


def _plain(slug: str, status: int, meaning: str, remedy: str) -> ProblemType:
    """Make the type that a status stands for where there is none more exact."""
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
        "The request says nobody who is known here.",
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
        "The body is larger than this address takes.",
        "Send less at once: split it up, or send it as a file.",
    ),
    _plain(
        "address-too-long",
        414,
        "The address is longer than any that is served here.",
        "Put long values into the body.",
    ),
    _plain(
        "unsupported-media-type",
        415,
        "The body has a type that this address does not take.",
        "Send `Content-Type: application/json`, or the type in the documentation of the route.",
    ),
    _plain(
        "range-not-satisfiable",
        416,
        "The file is shorter than the part that was asked for.",
        "Ask for its size with HEAD first.",
    ),
    _plain(
        "expectation-failed",
        417,
        "The `Expect` header asks for something that is not done here.",
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
        "The headers are larger than is taken.",
        "Leave out cookies and headers that this service does not need.",
    ),
    _plain(
        "internal-error",
        500,
        "Something broke on our side.",
        "Try again. If it stays, give the `request_id` to whoever runs the server: the log has it.",
    ),
    _plain(
        "not-implemented",
        501,
        "The request uses a part of HTTP that is not served here.",
        "Use no transfer coding but `chunked`.",
    ),
    _plain(
        "unavailable",
        503,
        "The service can't do this now, or not on this machine; `detail` has the reason.",
        "Wait as long as `Retry-After` says. What is switched off, the server prints at its start.",
    ),
    _plain(
        "http-version-not-supported",
        505,
        "The request is in a version of HTTP that is not served here.",
        "Use HTTP/1.1.",
    ),
    _plain(
        "disk-full",
        507,
        "The server's disk is full: nothing can be kept until there is room again.",
        "Delete what you no longer need, which still works, or tell whoever runs the server.",
    ),
)

#: What has a way out of its own.
SPECIAL_TYPES = (
    ProblemType(
        "wrong-credentials",
        401,
        "Wrong credentials",
        "The e-mail address or the password is wrong. Which one is not told to anybody.",
        "Check both. After several failures there is a wait: `Retry-After` says how long.",
    ),
    ProblemType(
        "token-expired",
        401,
        "Access token expired",
        "Access tokens are good for some minutes; this one is over.",
        "Trade the refresh token (`POST /api/v1/auth/refresh`) and send the request again.",
    ),
    ProblemType(
        "session-ended",
        401,
        "Session ended",
        "You logged out, changed the password elsewhere, or an admin ended the session.",
        "Log in again.",
    ),
    ProblemType(
        "refresh-token-reused",
        401,
        "Refresh token reused",
        "The token was traded before, so somebody may have copied it: its session has been ended.",
        "Log in again, keep the newest token only, and refresh in one place at a time.",
    ),
    ProblemType(
        "log-in-not-fresh",
        403,
        "Log-in not fresh",
        "A way into the account is to be added or taken away, and the last log-in is a while ago.",
        "Send your password with it, or sign in anew and repeat it within some minutes.",
    ),
    ProblemType(
        "last-way-in",
        409,
        "Last way in",
        "Without this nobody could sign in to the account any more.",
        "Set a password first, or link something else.",
    ),
    ProblemType(
        "account-disabled",
        401,
        "Account disabled",
        "An admin has disabled this account.",
        "Ask an admin of this installation.",
    ),
    ProblemType(
        "wrong-write-key",
        401,
        "Wrong write key",
        "The request has no write key of a source, or one that is wrong, rotated or revoked.",
        "Send the key that the source was given last; an owner of the project makes a new one.",
    ),
    ProblemType(
        "source-off",
        403,
        "Source switched off",
        "An owner of the project has switched off the source whose key this is.",
        "Ask them to switch it on (`PATCH /api/v1/ingest/sources/{id}`).",
    ),
    ProblemType(
        "foreign-page",
        403,
        "Page of another origin",
        "A page of another origin wanted to use this service's cookie.",
        "Open the page at the address of the service itself, or send tokens without the cookie.",
    ),
    ProblemType(
        "feature-off",
        404,
        "Feature switched off",
        "This part of the service is switched off, for everybody or for you.",
        "An admin switches it on (`PUT /api/v1/flags/{name}`), as do settings `FEATURE_...`.",
    ),
    ProblemType(
        "email-taken",
        409,
        "E-mail address taken",
        "There is an account with this address already.",
        "Log in with it.",
    ),
    ProblemType(
        "idempotency-key-in-use",
        409,
        "Idempotency key in use",
        "The first request with this key is still being carried out, or its answer was lost.",
        "Wait for `Retry-After` and repeat it. If it stays, look whether the change is there.",
    ),
    ProblemType(
        "idempotency-key-reused",
        422,
        "Idempotency key reused",
        "This key was sent before with another request.",
        "Make a new key for each new request; repeat one only with the same address and body.",
    ),
    ProblemType(
        "quota-spent",
        413,
        "Quota spent",
        "There is no room for this: `quota`, `used` and `limit` say which and how much.",
        "Delete something, or ask whoever runs the server for a larger quota.",
    ),
    ProblemType(
        "events-quota-spent",
        507,
        "Quota of events spent",
        "The project's events take all the room that they may: nothing of this request was kept.",
        "Discard dead letters, wait until old events are deleted, or ask for a larger quota.",
    ),
    ProblemType(
        "inbox-full",
        429,
        "Inbox full",
        "Events arrive faster than they are processed: nothing of this request was kept.",
        "Send the same events again when `Retry-After` has passed.",
    ),
    ProblemType(
        "too-many-attempts",
        429,
        "Too many attempts",
        "Too many passwords were tried for this address.",
        "Wait as many seconds as `Retry-After` says; the right password is then taken.",
    ),
)

PROBLEM_TYPES = {one.slug: one for one in (*PLAIN_TYPES, *SPECIAL_TYPES)}
_BY_STATUS = {one.status: one for one in PLAIN_TYPES}


def type_of(status: int, slug: str | None = None) -> ProblemType:
    """Return a problem's type: the exact one, or that of its status."""
    if slug is not None:
        return PROBLEM_TYPES[slug]
    return _BY_STATUS.get(status) or _BY_STATUS[400 if status < 500 else 500]
