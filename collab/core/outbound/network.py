"""The network below HTTP: one look-up, connections to what it found, one deadline for all.

A socket's time-out starts again with each byte, so a peer that sends one byte at a time could be
waited for without end. Here every step gets what is left of the deadline.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterable
from typing import Any

import httpcore

from .errors import TookTooLong
from .resolving import Resolve, addresses_of

#: Bytes that are handed to the socket at once.
WRITE_BYTES = 64 * 1024


class Deadline:
    """A moment of the monotonic clock by which everything must be over."""

    def __init__(self, seconds: float) -> None:
        self._ends = time.monotonic() + seconds

    def left(self) -> float:
        """Return the seconds that are left; raises TookTooLong."""
        seconds = self._ends - time.monotonic()
        if seconds <= 0:
            raise TookTooLong("The answer did not come in time.")
        return seconds


class DeadlineStream(httpcore.NetworkStream):
    """A connection on which nothing waits past the deadline."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream, self._deadline = stream, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read what is there."""
        return self._stream.read(max_bytes, timeout=self._deadline.left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write all of it: a peer that takes a byte at a time gets no extra time."""
        tcp: socket.socket = self._stream.get_extra_info("socket")
        rest = memoryview(buffer)
        try:
            while rest:
                # Each piece gets the remaining time: httpcore would give each all of it.
                tcp.settimeout(self._deadline.left())
                rest = rest[tcp.send(rest[:WRITE_BYTES]) :]
        except TimeoutError as error:
            raise httpcore.WriteTimeout(error) from None
        except OSError as error:
            raise httpcore.WriteError(error) from None

    def close(self) -> None:
        """Close the connection."""
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        """Do the handshake: the certificate must be for the name, not the address."""
        secured = self._stream.start_tls(ssl_context, server_hostname, self._deadline.left())
        return DeadlineStream(secured, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        """Return what is known of the connection."""
        return self._stream.get_extra_info(info)


class PinnedBackend(httpcore.NetworkBackend):
    """Connects to the addresses that it has looked up and approved: there is no second look-up.

    Between two look-ups of a name its owner could change the answer (DNS rebinding).
    """

    def __init__(self, deadline: Deadline, resolve: Resolve, *, allow_private: bool) -> None:
        self.deadline, self._resolve = deadline, resolve
        self._allow_private = allow_private
        self._inner = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first of the name's addresses that accepts the connection."""
        found = addresses_of(
            host, port, self.deadline.left(), self._resolve, allow_private=self._allow_private
        )
        for number, address in enumerate(found):
            try:
                # The remaining time is shared, so that one silent address leaves time for the
                # others.
                patience_s = self.deadline.left() / (len(found) - number)
                stream = self._inner.connect_tcp(address, port, patience_s)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if number == len(found) - 1:
                    raise
            else:
                return DeadlineStream(stream, self.deadline)
        raise AssertionError("a name without addresses was let through")

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.NetworkStream:
        """Refuse: nobody outside is behind a file."""
        raise httpcore.ConnectError("no sockets of this machine")

    def sleep(self, seconds: float) -> None:
        """Wait, but not past the deadline."""
        time.sleep(min(seconds, self.deadline.left()))
