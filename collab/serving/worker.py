"""The worker process: one selector for all connections that wait, and a few threads for the rest.

gunicorn's threaded worker gives a connection to a thread as soon as its first byte is there. Here
the thread gets a whole request, and leaves its answer for the selector to send
(docs/internals/live.md).
"""

from __future__ import annotations

import contextlib
import errno
import logging
import selectors
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

from .answering import answer
from .deadlines import NO_DEADLINE, Deadlines
from .holding import Held
from .holding_worker import Holding
from .leaving import Leaving
from .lending import Lending
from .messages.gathering import Gatherer, Settings
from .messages.outgoing import MIN_BYTES_PER_S, Outgoing, Terms
from .messages.refusals import SERVER_STOPPING, TOO_LATE, Refused
from .messages.spool import Bounds, Spooled
from .peer import Peer, network
from .threads import Threads

log = logging.getLogger(__name__)

EVENT_READ = selectors.EVENT_READ
EVENT_WRITE = selectors.EVENT_WRITE

#: Connections accepted at once, before others have their turn.
MAX_ACCEPTS_IN_A_ROW = 64
#: Seconds that the peer of a refused or ended connection may take to close its side (RFC 9112
#: §9.6).
LINGER_S = 2.0
#: Bytes discarded meanwhile.
LINGER_BYTES = 256 * 1024
#: Idle seconds before a kept connection is closed.
IDLE_S = 10.0


class SelectingWorker(Holding, Leaving, Lending, ThreadWorker):  # type: ignore[misc]
    """A worker whose threads get whole requests only."""

    #: Set by whoever makes the server, before the fork.
    bounds: Bounds
    accepts_in_a_row = MAX_ACCEPTS_IN_A_ROW

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._deadlines: Deadlines[Peer] = Deadlines()
        self._settings = Settings(self.cfg)
        self._per_network: Counter[str] = Counter()
        self._waiting: set[Peer] = set()
        waiters = threading.BoundedSemaphore(max(1, self.cfg.threads // 4))
        self._terms = Terms(self.bounds.send_seconds, waiters)

    def get_thread_pool(self) -> Threads:
        """Return the threads that answer long requests; gunicorn calls this after the fork."""
        return Threads("request", self.cfg.threads)

    # -- coming -------------------------------------------------------------------------------

    def accept(self, listener: socket.socket) -> None:
        """Accept waiting connections; if the process is out of descriptors, not now."""
        for _ in range(self.accepts_in_a_row):
            try:
                sock, client = listener.accept()
            except (BlockingIOError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno not in (errno.EMFILE, errno.ENFILE):
                    raise
                log.error("no connection can be accepted: %s", error)
                time.sleep(0.05)
                return
            self._admit(sock, client, listener.getsockname())

    def _admit(self, sock: socket.socket, client: Any, server: Any, sent: bytes = b"") -> None:
        bounds = self.bounds
        if bounds.per_address and self._per_network[network(client)] >= bounds.per_address:
            refused = Refused(503, "Your address has too many connections.", retry_after=5)
            with contextlib.suppress(OSError):
                sock.send(refused.answer(), socket.MSG_DONTWAIT)
            sock.close()
            return
        if self.nr_conns >= self.worker_connections - 1:
            self._make_room()
        spool = bounds.spool.of(network(client))
        gatherer = Gatherer(self._settings, client, spool, bounds.largest_body)
        peer = Peer(sock, client, server, gatherer, Outgoing(sock, self._terms, spool))
        peer.release = lambda: self.method_queue.defer(self._drop, peer)
        self.nr_conns += 1
        self._per_network[peer.network] += 1
        self._await_request(peer, sent)

    def _make_room(self) -> None:
        """Close the connection whose deadline is next, to make room for others."""
        peer = self._deadlines.pop()
        if peer is not None:
            self._drop(peer)

    # -- waiting, in the worker's own thread ---------------------------------------------------

    def _watch(self, peer: Peer, events: int, callback: Callable[[Peer], None]) -> None:
        """Wait until a connection can be read from or written to; 0 for neither."""
        peer.callback = callback
        if events == peer.events:
            return
        if peer.events and events:
            self.poller.modify(peer.sock, events, peer.on_event)
        elif events:
            self.poller.register(peer.sock, events, peer.on_event)
        else:
            self.poller.unregister(peer.sock)
        peer.events = events
        (self._waiting.add if events else self._waiting.discard)(peer)

    def _await_request(self, peer: Peer, sent: bytes = b"") -> None:
        """Wait for the next request, parts of which may have come, or been `sent` elsewhere."""
        peer.begun = time.monotonic()
        self._deadlines.set(peer, peer.begun + IDLE_S)
        if sent or not peer.gatherer.idle:
            self._feed(peer, sent)
        else:
            self._watch(peer, EVENT_READ, self._on_readable)
            if not self.alive:
                self._look_again(peer)

    def _on_readable(self, peer: Peer) -> None:
        try:
            data = peer.sock.recv(peer.gatherer.appetite)
        except BlockingIOError:
            return
        except OSError:
            self._drop(peer)
            return
        if data:
            if peer.gatherer.idle:
                peer.begun = time.monotonic()
            self._feed(peer, data, alone=True)
        elif peer.gatherer.idle:
            self._drop(peer)
        else:
            self._refuse(peer, Refused(400, "The request ended before it was whole."))

    def _feed(self, peer: Peer, data: bytes, *, alone: bool = False) -> None:
        """Take what has come; `alone` says that this is not done within another answer."""
        try:
            request = peer.gatherer.feed(data)
        except Refused as error:
            self._refuse(peer, error)
        except OSError as error:
            log.error("a body can't be kept: %s", error)
            self._refuse(peer, Refused(507, "The disk has no room for the body."))
        else:
            if request is None:
                self._await_rest(peer)
            else:
                self._answer(peer, *request, alone=alone)

    def _await_rest(self, peer: Peer) -> None:
        """Wait for the rest of a request, as long as it comes at the minimum rate."""
        gatherer, bounds = peer.gatherer, self.bounds
        if gatherer.takes_word():
            peer.send_now(b"HTTP/1.1 100 Continue\r\n\r\n")
        at = peer.begun + bounds.head_seconds
        if gatherer.body_bytes is not None:
            at += bounds.body_seconds + gatherer.body_bytes / MIN_BYTES_PER_S
        self._deadlines.set(peer, min(at, self._last_rest_at))
        if peer.events != EVENT_READ:
            self._watch(peer, EVENT_READ, self._on_readable)

    def _refuse(self, peer: Peer, refused: Refused) -> None:
        """Refuse a request, after what is unsent, and close."""
        peer.outgoing.begin()
        with contextlib.suppress(OSError):
            peer.outgoing.sendall(refused.answer())
        peer.stays = False
        self._send_on(peer)

    # -- answering ------------------------------------------------------------------------------

    def _answer(self, peer: Peer, request: Any, body: Spooled, *, alone: bool) -> None:
        self._deadlines.set(peer, NO_DEADLINE)
        # Pipelined requests would nest here, and the stack would grow with each.
        if alone and (kind := self._short_kind(request)) is not None:
            self._answer_here(peer, request, body, kind)
            return
        self._watch(peer, 0, self._on_readable)
        self._submit(peer, self.tpool, partial(answer, self, peer, request, body))

    def _answered(self, peer: Peer, stays: bool | Held) -> None:
        if peer.taken:
            self._watch(peer, 0, self._on_readable)
        if peer.let_go():
            return
        if isinstance(stays, Held):
            self._hold(peer, stays)
        else:
            peer.stays = stays
            self._send_on(peer)

    def _send_on(self, peer: Peer) -> None:
        """Send what is unsent; then wait for the next request, or close."""
        try:
            sent = peer.outgoing.flush()
        except OSError:
            self._drop(peer)
            return
        if not sent:
            self._deadlines.set(peer, peer.outgoing.looked_at)
            if peer.events != EVENT_WRITE:
                self._watch(peer, EVENT_WRITE, self._send_on)
        elif peer.stays:
            self._await_request(peer)
        else:
            self._linger(peer)

    # -- going --------------------------------------------------------------------------------

    def _linger(self, peer: Peer) -> None:
        """Close our side, and leave the peer a moment to read the answer and close its own."""
        peer.gatherer.close()
        try:
            peer.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self._drop(peer)
            return
        left = [LINGER_BYTES]
        self._deadlines.set(peer, time.monotonic() + (LINGER_S if self.alive else 0.2))
        self._watch(peer, EVENT_READ, lambda one: self._throw_away(one, left))

    def _throw_away(self, peer: Peer, left: list[int]) -> None:
        try:
            got = len(peer.sock.recv(65536))
        except BlockingIOError:
            return
        except OSError:
            got = 0
        left[0] -= got
        if not got or left[0] <= 0:
            self._drop(peer)

    def _drop(self, peer: Peer) -> None:
        """Close a connection now."""
        self._forget(peer)
        peer.close()

    def _forget(self, peer: Peer) -> None:
        self._watch(peer, 0, self._on_readable)
        self._deadlines.set(peer, NO_DEADLINE)
        self.nr_conns -= 1
        self._per_network[peer.network] -= 1
        if not self._per_network[peer.network]:
            del self._per_network[peer.network]

    def _expire(self, peer: Peer) -> None:
        """End a connection that is out of time; tell a sender so, answer a client that waits."""
        if peer.held is not None:
            self._resume(peer, peer.held)
        elif not peer.outgoing.empty and peer.outgoing.deadline > time.monotonic():
            self._deadlines.set(peer, peer.outgoing.looked_at)  # they took some of it meanwhile
        elif (
            peer.stays
            and not peer.gatherer.idle
            and peer.outgoing.empty
            and peer.events == EVENT_READ
        ):
            self._refuse(peer, TOO_LATE if self.alive else SERVER_STOPPING)
        else:
            self._drop(peer)

    # -- what the main loop of gunicorn's worker calls ------------------------------------------

    def murder_keepalived(self, force: bool = False) -> None:
        """End the connections that are out of time, or all that are waiting."""
        for peer in list(self._deadlines.due(time.monotonic())):
            self._expire(peer)
        if force:
            for peer in list(self._waiting):
                self._drop(peer)

    def _seconds_left(self) -> float:
        """Return for how long nothing has to be done unless something comes."""
        return max(0.0, self._deadlines.next() - time.monotonic())
