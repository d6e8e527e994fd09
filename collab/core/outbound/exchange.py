"""One request by httpcore, and its answer: only this and `network.py` know the library."""

from __future__ import annotations

import ssl
from collections.abc import Mapping

import httpcore

from .answers import Answer
from .errors import Broken, OutboundError, TookTooLong
from .network import Deadline, PinnedBackend
from .urls import Target


def exchange(
    method: str,
    target: Target,
    *,
    headers: Mapping[str, str],
    body: bytes,
    backend: PinnedBackend,
    trust: ssl.SSLContext | None,
    max_answer_bytes: int,
) -> Answer:
    """Send a request and return its answer; raises OutboundError."""
    request = httpcore.Request(
        method,
        httpcore.URL(
            scheme=target.scheme.encode(),
            host=target.host.encode(),
            port=target.port,
            target=target.path.encode(),
        ),
        headers=[(name.encode(), value.encode()) for name, value in headers.items()],
        content=body,
    )
    with httpcore.ConnectionPool(ssl_context=trust, network_backend=backend) as pool:
        return _exchange(pool, request, backend.deadline, max_answer_bytes)


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
        deadline.left()  # what broke because time was up counts as late
        raise Broken(_words(error)) from None
    told = {
        name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers
    }
    return Answer(response.status, told, body, truncated)


def _read(response: httpcore.Response, most: int) -> tuple[bytes, bool]:
    """Read a body up to a limit; returns it, and whether there was more."""
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
    """Say what broke, without addresses and names from inside."""
    if isinstance(error, ssl.SSLError) or any(isinstance(one, ssl.SSLError) for one in error.args):
        return "No secure connection: the certificate or the handshake was not accepted."
    # In our words: the library's would reveal addresses and ports from inside.
    if isinstance(error, httpcore.ConnectError):
        return "Nobody takes connections there."
    if isinstance(error, httpcore.ProtocolError):
        return "The answer was not proper HTTP."
    return "The connection broke."
