"""Applications with settings of their own, built once for all tests of a process that ask for them.

To build one and to compile its statements anew takes as long as ten requests and more. Whoever has
added anything to one, or left it in no state for another test, has had it for good.
"""

from __future__ import annotations

from collections.abc import Callable, Sized
from functools import cache
from typing import Any

from flask import Flask

from collab.core import slots
from collab.core.logging import configure
from collab.core.parts import PARTS
from collab.extensions import db

from .shared import at_end, close

#: Applications that are kept: each has connections' settings, rules and statements in memory.
MOST_KEPT = 16
#: Parts of names of settings that tell of something outside of the application, or of its process.
OUTSIDE = ("URL", "PATH", "KEY", "TRAC", "PROCESSES")

#: The settings that an application was built with, sorted.
Settings = tuple[tuple[str, str], ...]


class Lent:
    """An application, and how it was when it was built."""

    def __init__(self, app: Flask) -> None:
        self.app, self._config = app, dict(app.config)
        slots.renew(app)
        self._shape = _shape(app)

    def end(self) -> bool:
        """End what a test has begun; return whether it is as it was."""
        PARTS.of(self.app).stop()
        with self.app.app_context():
            db.session.remove()
            db.engine.dispose()
        slots.renew(self.app)
        for name in self.app.extensions.keys() - self._shape[0].keys():
            del self.app.extensions[name]  # it was made when somebody first asked for it
        self.app.config.clear()
        self.app.config.update(self._config)
        self.app._got_first_request = False  # a test may add to what has answered nobody
        return _shape(self.app) == self._shape


class Lender:
    """Lends applications, each to one at a time."""

    def __init__(self, most: int = MOST_KEPT) -> None:
        self._most = most
        self._free: list[tuple[Settings, Lent]] = []

    def take(self, build: Callable[[], Flask], settings: dict[str, str]) -> Lent:
        """Return an application with some settings: one that is there, or a new one."""
        wanted = _sorted(settings)
        for place, (found, one) in enumerate(self._free):
            if found == wanted:
                del self._free[place]
                _takes_the_log(one.app)
                return one
        return Lent(build())

    def give_back(self, one: Lent, settings: dict[str, str]) -> None:
        """Take one back; it is kept, if another test can have it."""
        stays = not any(word in name for name in settings for word in OUTSIDE)
        if one.end() and stays:
            self._free.append((_sorted(settings), one))
        else:
            close(one.app)
        if len(self._free) > self._most:
            close(self._free.pop(0)[1].app)

    def close(self) -> None:
        """Let go of all."""
        for _, one in self._free:
            close(one.app)
        self._free = []


def _sorted(settings: dict[str, str]) -> Settings:
    return tuple(sorted(settings.items()))


def _takes_the_log(app: Flask) -> None:
    """Let the log of this process be an application's, as it is when that is built."""
    config = app.config
    configure(config["LOG_LEVEL"], config["LOG_FORMAT"], config["INSTANCE_PATH"])


def _shape(app: Flask) -> Any:
    """Tell what an application is made of: which parts, and how many of what is registered."""
    hooks = (app.before_request_funcs, app.after_request_funcs, app.teardown_request_funcs)
    hooked = [sum(map(len, found.values())) for found in hooks]
    hooked += [len(app.teardown_appcontext_funcs), len(app.error_handler_spec[None])]
    parts = {name: (id(one), _size(one)) for name, one in app.extensions.items()}
    return parts, hooked, len(app.url_map._rules), len(app.blueprints), id(app.wsgi_app)


def _size(one: Any) -> int:
    return len(one) if isinstance(one, Sized) else 0


@cache
def lender() -> Lender:
    """Return the lender of this process."""
    made = Lender()
    at_end.callback(made.close)
    return made
