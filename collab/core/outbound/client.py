"""One request to another server: bounded in time and size, followed nowhere else.

No redirect is followed, no proxy of the environment asked, no connection kept for another request.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

import certifi
import httpcore

from .errors import Broken, OutboundError, TookTooLong
from .network import Deadline, PinnedBackend
from .resolving import Resolve, by_system
from .urls import Target

#: Bytes of an answer's body that are read, unless the caller wants others.
MAX_ANSWER_BYTES = 64 * 1024


@cache
def known_authorities() -> ssl.SSLContext:
    """Return what certificates are checked by: the system's authorities, and Mozilla's list."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


@dataclass(frozen=True)
class Answer:
    """What the other server said."""

    status: int
    #: Names in lower case; of a header that came twice the last one.
    headers: Mapping[str, str]
    body: bytes
    #: Whether there was more of the body than was wanted: that was not read.
    truncated: bool


@dataclass(frozen=True)
class Client:
    """Sends requests under one set of rules."""

    #: Whether addresses that are not public may be called.
    allow_private: bool = False
    resolve: Resolve = by_system
    #: Returns what certificates are checked by.
    trust: Callable[[], ssl.SSLContext] = known_authorities

    def send(
        self,
        method: str,
        target: Target,
        *,
        deadline_s: float,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        max_answer_bytes: int = MAX_ANSWER_BYTES,
    ) -> Answer:
        """Send a request and return its answer, whatever the status.

        `deadline_s` is for all of it, from the name's look-up to the last byte. Raises
        OutboundError.
        """
        deadline = Deadline(deadline_s)
        backend = PinnedBackend(deadline, self.resolve, allow_private=self.allow_private)
        # Uncompressed: a small answer must not become a large one in memory.
        sent = {"host": target.authority, "accept": "*/*", "accept-encoding": "identity"}
        sent |= {"connection": "close", "content-length": str(len(body))}
        # Once each, however it is written.
        sent |= {name.lower(): value for name, value in (headers or {}).items()}
        request = httpcore.Request(
            method,
            httpcore.URL(
                scheme=target.scheme.encode(),
                host=target.host.encode(),
                port=target.port,
                target=target.path.encode(),
            ),
            headers=[(name.encode(), value.encode()) for name, value in sent.items()],
            content=body,
        )
        pool = httpcore.ConnectionPool(
            ssl_context=self.trust() if target.scheme == "https" else None, network_backend=backend
        )
        with pool:
            return _exchange(pool, request, deadline, max_answer_bytes)


def _exchange(
    pool: httpcore.ConnectionPool, request: httpcore.Request, deadline: Deadline, most: int
) -> Answer:
    try:
        response = pool.handle_request(request)
        try:
            body, truncated = _read(response, most)
        finally:
            response.close()
    except OutboundError:
        raise
    except (httpcore.TimeoutException, TimeoutError):
        raise TookTooLong("The answer did not come in time.") from None
    except (httpcore.NetworkError, httpcore.ProtocolError, OSError) as error:
        deadline.left()  # what broke since time was up is said to be late
        raise Broken(_words(error)) from None
    told = {
        name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers
    }
    return Answer(response.status, told, body, truncated)


def _read(response: httpcore.Response, most: int) -> tuple[bytes, bool]:
    """Read a body up to a bound; returns it, and whether there was more."""
    pieces, size = [], 0
    for piece in response.iter_stream():
        pieces.append(piece)
        size += len(piece)
        # The rest is not read: the connection is closed, however long it would go on.
        if size > most:
            break
    body = b"".join(pieces)
    return body[:most], size > most


def _words(error: Exception) -> str:
    """Say what broke, without addresses and names of what is inside."""
    if isinstance(error, ssl.SSLError) or any(isinstance(one, ssl.SSLError) for one in error.args):
        return "No secure connection: the certificate or the handshake was not accepted."
    if isinstance(error, httpcore.ConnectError):
        return "Nobody takes connections there."
    if isinstance(error, httpcore.ProtocolError):
        return "What came was no proper HTTP."
    return "The connection broke."


def milliseconds_since(started: float) -> int:
    """Return how long something has taken since a moment of the monotonic clock."""
    return round((time.monotonic() - started) * 1000)
