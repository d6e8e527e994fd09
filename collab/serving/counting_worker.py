"""A worker that counts its connections, its requests, and those that it refuses itself."""

from __future__ import annotations

import socket
from collections.abc import Callable
from functools import cached_property
from typing import Any

from ..core.counting import metrics
from .holding import Held
from .messages.refusals import Refused
from .messages.spool import Spooled
from .peer import Peer
from .threads import Threads
from .worker import SelectingWorker

OPEN = metrics.gauge("collab_http_connections", "Connections that wait, send or get an answer.")
IN_HAND = metrics.gauge(
    "collab_http_requests_in_hand", "Requests that have a thread, or wait for one."
)
REFUSED = metrics.counter(
    "collab_http_refused", "Requests that never reached the application, by status.", ("status",)
)

METRICS = (OPEN, IN_HAND, REFUSED)


class CountingWorker(SelectingWorker):
    """The same worker; its application has declared METRICS."""

    @cached_property
    def _in_hand(self) -> Any:
        # Looked up once, after the fork: each request counts twice there.
        return IN_HAND.of(self.wsgi).child()

    def _admit(self, sock: socket.socket, client: Any, server: Any, sent: bytes = b"") -> None:
        super()._admit(sock, client, server, sent)
        OPEN.of(self.wsgi).child().set(self.nr_conns)

    def _forget(self, peer: Peer) -> None:
        super()._forget(peer)
        OPEN.of(self.wsgi).child().set(self.nr_conns)

    def _submit(self, peer: Peer, pool: Threads, work: Callable[[], bool | Held]) -> None:
        self._in_hand.inc()
        super()._submit(peer, pool, work)

    def _answer_here(self, peer: Peer, request: Any, body: Spooled, kind: int) -> None:
        self._in_hand.inc()
        super()._answer_here(peer, request, body, kind)

    def _answered(self, peer: Peer, stays: bool | Held) -> None:
        self._in_hand.dec()
        super()._answered(peer, stays)

    def _refuse(self, peer: Peer, refused: Refused) -> None:
        REFUSED.of(self.wsgi).child(str(refused.status)).inc()
        super()._refuse(peer, refused)
