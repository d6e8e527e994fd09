"""Where an application keeps the counts of its limits: each kind counts as all the others do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask

from ..parts import PARTS
from ..slots import Registry, Slot
from .shared_windows import SharedWindows, Table
from .windows import MonotonicStorage

if TYPE_CHECKING:
    from .redis_windows import Counts


def _counts(app: Flask) -> Counts:
    from .redis_windows import Counts  # the library takes long to import

    return Counts(app.config["REDIS_URL"])


#: What the web processes of one server share, made before its fork.
_TABLE: Registry[Table | None] = Registry("windows", lambda _: None)
_COUNTS: Slot[Counts] = Slot("counts", _counts)


def init_app(app: Flask) -> None:
    """Give the web processes of an application, if there are several, shared windows."""
    if app.config["REDIS_URL"]:
        PARTS.of(app).at_end(lambda: _COUNTS.of(app).close())
    # Before the fork, which shares it; with Redis the counts are there.
    elif app.config["WEB_PROCESSES"] > 1:
        _TABLE.put(app, Table())


def windows_of(app: Flask, name: str) -> MonotonicStorage:
    """Return windows by name, shared by all that use a Redis, by one server, or by one process."""
    if app.config["REDIS_URL"]:
        from .redis_windows import RedisWindows

        return RedisWindows(_COUNTS.of(app), f"{name}:")
    table = _TABLE.of(app)
    return MonotonicStorage() if table is None else SharedWindows(table, f"{name}:")
