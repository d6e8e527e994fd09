"""Typed places for what belongs to one application, so that two in one process share nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Generic, TypeVar, cast

from flask import Flask, current_app

T = TypeVar("T")

#: Where an application notes the names of what was made for one of its runs.
MADE_NOTE = "collab.made"


class Slot(Generic[T]):
    """A place in `app.extensions`: a module declares it, and asks it for an application's part.

    `make` builds an application's part when it is first asked for; `renew` drops it.
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
        """Return the part of the present application; raises KeyError."""
        return self.of(application())

    def _note(self, app: Flask) -> None:
        app.extensions.setdefault(MADE_NOTE, set()).add(self._name)


class Registry(Slot[T]):
    """A slot for what packages register while an application is built; it never changes later."""

    def _note(self, app: Flask) -> None:
        """Do nothing: a new run of the application does not remake this."""


class Contributions(Registry[list[T]]):
    """What packages contribute to a lower one, which calls or asks each: hooks, chores, columns.

    Its order is that in which `create_app` names the packages.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name, lambda _: [])

    def add(self, app: Flask, brought: T) -> None:
        """Add one, for this application."""
        self.of(app).append(brought)

    def __iter__(self) -> Iterator[T]:
        """Iterate over those of the present application."""
        return iter(self.here())


def application() -> Flask:
    """Return the present application; raises RuntimeError outside of one."""
    # Not the proxy: parts keep their application, and work in threads of their own.
    return cast(Flask, current_app._get_current_object())  # type: ignore[attr-defined]


def setting(name: str) -> Any:
    """Return a setting of the present application."""
    return application().config[name]


def renew(app: Flask) -> None:
    """Drop what a run of an application made, so that the next one starts afresh."""
    for name in app.extensions.pop(MADE_NOTE, ()):
        app.extensions.pop(name, None)
