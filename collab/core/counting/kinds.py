"""Where an application keeps the counts of its limits: each kind counts as all the others do."""

from __future__ import annotations

from flask import Flask

from ..slots import Registry
from .shared_windows import SharedWindows, Table
from .windows import MonotonicStorage

#: What several web processes of one server have in common, made before its fork.
_TABLE: Registry[Table | None] = Registry("windows", lambda _: None)


def init_app(app: Flask) -> None:
    """Give the web processes of an application, if there are several, windows in common."""
    if app.config["WEB_PROCESSES"] > 1:
        _TABLE.put(app, Table())


def windows_of(app: Flask, name: str) -> MonotonicStorage:
    """Return windows under a name: of this process, or of all web processes together."""
    table = _TABLE.of(app)
    return MonotonicStorage() if table is None else SharedWindows(table, f"{name}:")
