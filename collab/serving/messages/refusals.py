"""The answers to requests that never reach the application."""

from __future__ import annotations

from http import HTTPStatus

from gunicorn.http.errors import (
    ExpectationFailed,
    LimitRequestHeaders,
    LimitRequestLine,
    ParseException,
    UnsupportedTransferCoding,
)

from ...core.json import dumps
from ...core.problems import type_of


class Refused(Exception):
    """A request is answered by the server itself, and its connection is closed."""

    def __init__(self, status: int, detail: str, retry_after: int = 0) -> None:
        super().__init__(detail)
        self.status, self.retry_after = status, retry_after

    def answer(self) -> bytes:
        """Write the whole HTTP answer, a problem (RFC 9457)."""
        title = HTTPStatus(self.status).phrase
        kind = type_of(self.status)
        members = {"type": kind.address, "title": kind.title, "status": self.status}
        body = dumps(members | {"detail": str(self)})
        head = (
            f"HTTP/1.1 {self.status} {title}\r\nConnection: close\r\n"
            f"Content-Type: application/problem+json\r\nContent-Length: {len(body)}\r\n"
        )
        if self.retry_after:
            head += f"Retry-After: {self.retry_after}\r\n"
        return f"{head}\r\n".encode() + body


TOO_LATE = Refused(408, "The request did not come in time.")
#: Nothing was done with the part that came, so it can be sent again.
SERVER_STOPPING = Refused(503, "The server is stopping: send the request again.", retry_after=1)
#: It is made, but a power cut might undo it.
NOT_KEPT = Refused(503, "The change may not be on the disk.", retry_after=1)

#: What gunicorn can't read, and the status for it, from the specific to the general.
STATUSES = {
    LimitRequestLine: 414,
    LimitRequestHeaders: 431,
    ExpectationFailed: 417,
    UnsupportedTransferCoding: 501,
    ParseException: 400,
}


def unreadable(error: ParseException) -> Refused:
    """Make the refusal of a request whose head gunicorn can't read."""
    status = next(code for kind, code in STATUSES.items() if isinstance(error, kind))
    return Refused(status, f"The request can't be read: {HTTPStatus(status).phrase}.")


def malformed(what: str) -> Refused:
    """Make the refusal of a request that breaks the rules of HTTP."""
    return Refused(400, f"The request can't be read: {what}.")
