"""One connection of the server, from its accept to its close."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable
from typing import Any

from ..core.counting.networks import network_of
from .deadlines import NO_DEADLINE
from .holding import Held
from .messages.gathering import Gatherer
from .messages.outgoing import Outgoing


class Peer:
    """A connection: what came of its next request, and what is unsent of its answers.

    It belongs to the thread that has the loop, and while it is being answered, to the thread that
    answers.
    """

    def __init__(
        self, sock: socket.socket, client: Any, server: Any, gatherer: Gatherer, outgoing: Outgoing
    ) -> None:
        sock.setblocking(False)
        with contextlib.suppress(OSError):  # a Unix socket has no delay to switch off
            # Answers are written at once: Nagle's delay would only hold back their last packet.
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock, self.client, self.server = sock, client, server
        self.gatherer, self.outgoing = gatherer, outgoing
        #: The network under which its address is counted.
        self.network = network(client)
        #: What the selector waits for, if it has this connection.
        self.events = 0
        #: What is done on that event.
        self.callback: Callable[[Peer], None] = Peer.close
        #: Whether another request may follow the answer.
        self.stays = True
        #: When the head of the present request began to come.
        self.begun = 0.0
        #: Whether a long connection has taken it over, which calls `release` at its end.
        self.taken = False
        self.release: Callable[[], None] = self.close
        #: The request that waits for something other than bytes, if one does.
        self.held: Held | None = None
        self.deadline = self.looked_at = NO_DEADLINE

    def on_event(self, _: object) -> None:
        """Do what was waited for, unless another event of the same moment has ended the wait."""
        if self.events:
            self.callback(self)

    def detach(self) -> Callable[[], None]:
        """Leave the socket to a long connection; return what it calls at its end."""
        self.taken = True
        return self.release

    def let_go(self) -> bool:
        """Release what only requests need if a long connection has the socket, and return that."""
        if self.taken:
            self.gatherer.close()
            self.outgoing.close()
            # A long connection may stay for days, and there are thousands of them.
            del self.gatherer, self.outgoing
        return self.taken

    def send_now(self, data: bytes) -> None:
        """Send a few bytes if the kernel takes them."""
        with contextlib.suppress(OSError):
            self.sock.send(data, socket.MSG_DONTWAIT)

    def close(self) -> None:
        """Close the connection, and release all that it held."""
        held, self.held = self.held, None
        if held is not None:
            held.waiting.close()
        if not self.taken:
            self.gatherer.close()
            self.outgoing.close()
        with contextlib.suppress(OSError):
            self.sock.close()


def network(client: Any) -> str:
    """Return the network under which the address of a connection is counted."""
    return network_of(client[0] if isinstance(client, tuple) else None)
