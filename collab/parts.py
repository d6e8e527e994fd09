"""The parts of a process that live beside its requests: threads, and what they look after."""

from __future__ import annotations

from typing import Protocol

from .core.slots import Slot


class Part(Protocol):
    """Something that is started once, after the fork, and stopped once."""

    def start(self) -> None:
        """Start, unless it runs already or was stopped."""

    def stop(self) -> None:
        """End within a few seconds; what is in hand is finished or handed back."""

    @property
    def state(self) -> str:
        """Return `ok`, `off: ` with the reason, or what is wrong, for `/ready`."""


class Parts:
    """The live parts of an application, in the order in which its packages brought them."""

    def __init__(self) -> None:
        self._parts: dict[str, Part] = {}

    def add(self, name: str, part: Part) -> None:
        """Take in a part, under the name that `/ready` shows."""
        self._parts[name] = part

    def start(self) -> None:
        """Start all that do not run yet."""
        for part in self._parts.values():
            part.start()

    def stop(self) -> None:
        """Stop all, those first that were brought last: they lean on the others."""
        for part in reversed(self._parts.values()):
            part.stop()

    def states(self) -> dict[str, str]:
        """Return how each is; those that start with the first request are started."""
        self.start()
        return {name: part.state for name, part in self._parts.items()}


PARTS: Slot[Parts] = Slot("parts", lambda _: Parts())
