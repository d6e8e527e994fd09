"""What a peer sends after the end, until it closes its side too."""

from __future__ import annotations

import threading

from . import pacing
from .frames import ends_with_close
from .incoming import PeerClosed, Source, TooLong, TooMany
from .served import Next
from .wire import Wire


class Rest:
    """Reads, and throws away, what comes before the peer's close; not much of it."""

    def __init__(self, wire: Wire, incoming: Source) -> None:
        self._wire, self._incoming = wire, incoming
        self._left = pacing.LAST_BYTES
        #: Whether it is still parsed: a flood would pile up, since a read takes only one frame of
        #: it.
        self._taken_apart = True

    def read(self) -> Next:
        """Read what is there; return whether to wait for more, for the deadline, or not at all."""
        while not self._wire.dead:
            try:
                data = self._wire.read(pacing.READ_BYTES)
            except BlockingIOError:
                return Next.READ
            except OSError:
                data = b""
            # Our close has been sent by now: the peer's own ends the closing handshake (RFC 6455
            # §7.1.1).
            if not data or self._closes(data):
                self._wire.close()
            self._left -= len(data)
            if self._left < 0:
                return Next.PAUSE
        return Next.END

    def _closes(self, data: bytes) -> bool:
        """Return whether the peer's close is in what it sent last."""
        if not self._taken_apart:
            return ends_with_close(data)
        try:
            self._incoming.feed(data)
        except PeerClosed:
            return True
        except (TooLong, TooMany):
            self._taken_apart = False
        # What comes after the end is read only to find the close in it.
        self._incoming.messages.clear()
        return not self._taken_apart and ends_with_close(data)


class Over:
    """Says that a connection is over: few have a thread waiting for that, and most need no lock."""

    def __init__(self) -> None:
        self.is_set = False
        self._told: threading.Event | None = None

    def set(self) -> None:
        """Say so."""
        self.is_set = True  # before the check: a thread that begins to wait now sees this
        if self._told is not None:
            self._told.set()

    def wait(self) -> None:
        """Wait for it; one thread may."""
        self._told = told = threading.Event()
        if not self.is_set:
            told.wait()
