"""The parts of a process that live beside its requests: threads, and what they look after."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol, cast

from flask import Flask

from .core.slots import Registry, Slot


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

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._slots: dict[str, Slot[Any]] = {}

    def add(self, name: str, slot: Slot[Any]) -> None:
        """Take in the part in a slot, under the name that `/ready` shows."""
        self._slots[name] = slot

    def __iter__(self) -> Iterator[tuple[str, Part]]:
        """Yield each part with its name."""
        return ((name, cast(Part, slot.of(self._app))) for name, slot in self._slots.items())

    def start(self) -> None:
        """Start all that do not run yet."""
        for _, part in self:
            part.start()

    def stop(self) -> None:
        """Stop all, those first that were brought last: they lean on the others."""
        for _, part in reversed(list(self)):
            part.stop()

    def states(self) -> dict[str, str]:
        """Return how each is; those that start with the first request are started."""
        self.start()
        return {name: part.state for name, part in self}


PARTS: Registry[Parts] = Registry("parts", Parts)
