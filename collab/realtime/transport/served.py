"""What the turns of a socket are about: the interface between transport and what is spoken."""

from __future__ import annotations

import enum
from collections.abc import Generator

#: A handler's rest, which goes on when the peer has taken what was sent.
Work = Generator[None, None, None]


class Served:
    """What a socket's turns are about: a connection, or somebody who has not said who they are."""

    def begin(self) -> Work:
        """Do what comes before the first message."""
        raise NotImplementedError

    def take(self, data: str | bytes) -> Work:
        """Carry out one message."""
        raise NotImplementedError

    def settle(self) -> None:
        """Finish what waits for its commit: nothing more has been sent for now."""

    def tick(self) -> None:
        """Do what is due by the clock."""

    def patience(self) -> float:
        """Return the seconds until something is due by the clock."""
        raise NotImplementedError

    def pause(self) -> float:
        """Return the seconds to wait before the next message is carried out."""
        return 0.0

    def leave(self) -> None:
        """Do what comes behind the last message."""


class Next(enum.Enum):
    """What the next turn is for."""

    READ = "the peer sends something"
    DRAIN = "the peer has taken what was sent"
    PAUSE = "some time has passed"
    NOW = "others have had their turn"
    END = "the connection has ended"
