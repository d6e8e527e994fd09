"""Typed places for what belongs to one application, so that two in one process share nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Generic, TypeVar, cast

from flask import Flask, current_app

T = TypeVar("T")

#: Where an application notes the names of what was made for a run of it.
MADE_NOTE = "collab.made"


class Slot(Generic[T]):
    """A place in `app.extensions`: a module declares it, and asks it for an application's part.

    `make` builds the part of an application when it is first asked for; `renew` lets go of it.
    """

    def __init__(self, name: str, make: Callable[[Flask], T] | None = None) -> None:
        self._name, self._make = f"collab.{name}", make

    def put(self, app: Flask, value: T) -> T:
        """Give an application its part, and return it."""
        app.extensions[self._name] = value
        if self._make is not None:
            self._note(app)
        return value

    def of(self, app: Flask) -> T:
        """Return an application's part; raises KeyError if it has none."""
        if self._make is not None and self._name not in app.extensions:
            self.put(app, self._make(app))
        return cast(T, app.extensions[self._name])

    def here(self) -> T:
        """Return the part of the application for which this code runs; raises KeyError."""
        return self.of(application())

    def _note(self, app: Flask) -> None:
        app.extensions.setdefault(MADE_NOTE, set()).add(self._name)


class Registry(Slot[T]):
    """A slot for what packages register while an application is built; later it never changes."""

    def _note(self, app: Flask) -> None:
        """Do nothing: no run of the application makes this again."""


class Contributions(Registry[list[T]]):
    """What packages bring to a lower one, which calls or asks each: hooks, chores, columns.

    It is gone through in the order in which `create_app` names the packages.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name, lambda _: [])

    def add(self, app: Flask, brought: T) -> None:
        """Have one more, for this application."""
        self.of(app).append(brought)

    def __iter__(self) -> Iterator[T]:
        """Go through those of the application for which this code runs."""
        return iter(self.here())


def application() -> Flask:
    """Return the application for which this code runs; raises RuntimeError outside of one."""
    # Not the proxy: parts keep their application, and work in threads of their own.
    return cast(Flask, current_app._get_current_object())  # type: ignore[attr-defined]


def setting(name: str) -> Any:
    """Return a setting of the application for which this code runs."""
    return current_app.config[name]


def renew(app: Flask) -> None:
    """Let go of what a run of an application made, so that the next one begins afresh."""
    for name in app.extensions.pop(MADE_NOTE, ()):
        app.extensions.pop(name, None)
