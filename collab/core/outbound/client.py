"""One request to another server: bounded in time and size, followed nowhere else.

It follows no redirect, uses no proxy from the environment, and keeps no connection.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

from .answers import Answer
from .resolving import Resolve, by_system
from .urls import Target

#: Bytes of an answer's body that are read, unless the caller wants others.
MAX_ANSWER_BYTES = 64 * 1024


@cache
def known_authorities() -> ssl.SSLContext:
    """Return what certificates are checked against: the system's authorities and Mozilla's list."""
    import certifi  # see `Client.send`

    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


@dataclass(frozen=True)
class Client:
    """Sends requests under one set of rules."""

    #: Whether addresses that are not public may be called.
    allow_private: bool = False
    resolve: Resolve = by_system
    #: Returns what certificates are checked against.
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

        `deadline_s` covers all of it, from the name's look-up to the last byte. Raises
        OutboundError.
        """
        # httpcore takes memory that a server needs only once it calls others.
        from .exchange import exchange
        from .network import Deadline, PinnedBackend

        deadline = Deadline(deadline_s)
        # Uncompressed: a small answer must not become a large one in memory.
        sent = {"host": target.authority, "accept": "*/*", "accept-encoding": "identity"}
        sent |= {"connection": "close", "content-length": str(len(body))}
        # Each once, however it is capitalized.
        sent |= {name.lower(): value for name, value in (headers or {}).items()}
        return exchange(
            method,
            target,
            headers=sent,
            body=body,
            backend=PinnedBackend(deadline, self.resolve, allow_private=self.allow_private),
            trust=self.trust() if target.scheme == "https" else None,
            max_answer_bytes=max_answer_bytes,
        )


def milliseconds_since(started: float) -> int:
    """Return how long something has taken since a moment of the monotonic clock."""
    return round((time.monotonic() - started) * 1000)
