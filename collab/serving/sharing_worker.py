"""A worker that hands a connection to the process which has its conversation in memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .counting_worker import CountingWorker
from .handover import Handover, written
from .messages.spool import Spooled
from .peer import Peer
from .worker import EVENT_READ


class SharingWorker(CountingWorker):
    """The same worker, as one of several."""

    #: Set by the server's creator, before the fork; None: it is the only one.
    handover: Handover | None = None
    #: Returns the name of the process that a request belongs to, if it is another one.
    owner_of: Callable[[Any], str | None] = staticmethod(lambda _: None)

    def run(self) -> None:
        """Serve, and be reachable for the others."""
        if self.handover is not None:
            ears = self.handover.begin()
            self.poller.register(ears, EVENT_READ, lambda _: self._take_over())
        try:
            super().run()
        finally:
            if self.handover is not None:
                self.handover.end()

    def _answer(self, peer: Peer, request: Any, body: Spooled, *, alone: bool) -> None:
        owner = self.owner_of(request) if self.handover is not None else None
        if owner is None or not self._given(owner, peer, request, body):
            super()._answer(peer, request, body, alone=alone)

    def _given(self, owner: str, peer: Peer, request: Any, body: Spooled) -> bool:
        assert self.handover is not None  # noqa: S101
        sent = written(request, body.file, peer.gatherer.rest)
        # The owner may have ended: then this process answers, and says that it knows no such
        # conversation.
        if not self.handover.give(owner, peer.sock, (peer.client, peer.server), sent):
            body.file.seek(0)
            return False
        body.close()
        # Our descriptor only: the other process has its own, and the connection stays open.
        self._drop(peer)
        return True

    def _take_over(self) -> None:
        if self.handover is not None:
            for one in self.handover.taken():
                if self.alive:
                    self._admit(*one)
                else:
                    one.sock.close()  # its client starts again
