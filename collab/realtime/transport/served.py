"""The interface between a socket's turns and the protocol that is spoken."""

from __future__ import annotations

import contextlib
import enum
from abc import ABC, abstractmethod
from collections.abc import Generator

from simple_websocket import ConnectionClosed

from ...core.errors import translated
from .incoming import Join
from .wire import Wire

#: The rest of a handler, which continues when the peer has taken what was sent.
Work = Generator[None, None, None]


class Served(ABC):
    """What a socket serves: a connection, or somebody who has not signed in yet."""

    @abstractmethod
    def begin(self) -> Work:
        """Do what comes before the first message."""

    @abstractmethod
    def take(self, data: str | bytes) -> Work:
        """Carry out one message."""

    @property
    def join(self) -> Join | None:
        """Return fewer messages that say what has come too fast; few protocols can."""
        return None

    @property
    def hurries(self) -> bool:
        """Return whether what comes next may be done at once, in the reading thread."""
        return False

    def at_once(self, data: str | bytes) -> bool:
        """Carry out one message that needs no time or database; False leaves it to a turn.

        What it sends to others waits for `settle_at_once`.
        """
        return False

    def settle_at_once(self) -> None:  # noqa: B027 (most do nothing at once)
        """Finish what was done at once, before anything else is done."""

    def settle(self) -> None:  # noqa: B027 (most have nothing waiting)
        """Finish what is waiting for its commit: nothing more has been sent for now."""

    def settle_all(self) -> None:
        """Do the same, and wait for what other threads are doing: nothing may come before it."""
        self.settle()

    @abstractmethod
    def tick(self) -> None:
        """Do what is due by the clock."""

    @abstractmethod
    def patience(self) -> float:
        """Return the seconds until something is due by the clock."""

    def pause(self) -> float:
        """Return the seconds to wait before the next message is carried out."""
        return 0.0

    def moved(self, wire: Wire) -> None:  # noqa: B027 (most stay where they are)
        """Learn that everything for the peer goes over another socket from now on."""

    def leave(self) -> None:  # noqa: B027 (a stranger leaves nothing)
        """Do what comes after the last message."""


class Next(enum.Enum):
    """What the next turn is for."""

    READ = "the peer sends something"
    DRAIN = "the peer has taken what was sent"
    PAUSE = "some time has passed"
    NOW = "others have had their turn"
    END = "the connection has ended"


def released(served: Served | None, work: Work | None) -> None:
    """Close the rest of a handler, and release whom it was for; errors are only logged."""
    with contextlib.suppress(Exception):
        if work is not None:
            work.close()
    try:
        if served is not None:
            served.leave()
    except ConnectionClosed:
        pass
    except Exception as error:
        translated(error)
