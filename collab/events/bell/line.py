"""A way to other processes: what every kind does, and whom it tells what arrives."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator
from typing import Protocol

from ...core.parts import BackgroundThread

#: Bytes of letters that wait for one process; more are dropped, and it is told everything again.
MAX_WAITING_BYTES = 4 * 2**20


class Listener(Protocol):
    """Takes what arrives. `origin` names a process; a new process always has a new name."""

    def met(self, origin: str) -> Generator[bytes, None, None]:
        """Learn of a process; returns the letters that tell it everything that it should know.

        Each is sent before the next is asked for, and nothing that is newer before the last. A line
        that had to drop one closes this, asks for no more, and starts again later.
        """

    def rung(self) -> None:
        """Learn that another process has written into the log."""

    def take(self, origin: str, letter: bytes) -> None:
        """Take a letter; those of one process come in order, none twice."""

    def lost(self, origin: str) -> None:
        """Learn that a process has ended, or can't be heard any more."""


class Nobody:
    """Takes nothing: for a process that follows nothing live."""

    def met(self, origin: str) -> Generator[bytes, None, None]:
        """Tell nothing."""
        yield from ()

    def rung(self) -> None:
        """Do nothing."""

    def take(self, origin: str, letter: bytes) -> None:
        """Do nothing."""

    def lost(self, origin: str) -> None:
        """Do nothing."""


class Line(BackgroundThread, ABC):
    """A way to the other processes of this installation. No method but `stop` waits for them."""

    def __init__(self) -> None:
        super().__init__("bell")
        #: Takes what arrives; set before the start.
        self.reader: Listener = Nobody()

    @property
    @abstractmethod
    def alone(self) -> bool:
        """Return whether no other process is known: then no letter need be written."""

    @abstractmethod
    def ring(self) -> None:
        """Tell all others that something has been written; works without the thread, too."""

    @abstractmethod
    def send(self, letter: bytes) -> None:
        """Send all others a letter of any length; it may be lost only together with its sender."""
