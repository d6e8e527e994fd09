"""What personal tokens may do: reading or writing, area by area.

A package says which of its blueprints belong to which area (`cover`). No token, whatever its
scopes, may do what belongs to none, such as accounts, sessions, second factors and all that admins
do. Only `guard.require_scope` checks.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from flask import Flask

from ...core.slots import Registry
from ...frozen import frozen

READ = "read"
WRITE = "write"


class Named(Protocol):
    """A blueprint: identifies routes by its name."""

    name: str


@dataclass
class Areas:
    """The areas of an application, and which blueprint belongs to which."""

    #: Area -> what is in it, in the order of the packages.
    meanings: dict[str, str] = field(default_factory=dict)
    blueprints: dict[str, str] = field(default_factory=dict)
    read_only: set[str] = field(default_factory=set)


AREAS: Registry[Areas] = Registry("areas of personal tokens", lambda _: Areas())


@frozen
class Scope:
    """One scope, and what it allows."""

    name: str
    meaning: str


def cover(app: Flask, area: str, meaning: str, *blueprints: Named, read_only: bool = False) -> None:
    """Let personal tokens with an area's scopes call the routes of some blueprints.

    GET, HEAD and OPTIONS need `<area>:read`, all others `<area>:write`, which includes reading.
    Several packages may share an area: the first one describes it. A `read_only` area has nothing
    to write.
    """
    areas = AREAS.of(app)
    areas.read_only.update([area] if read_only else [])
    areas.meanings.setdefault(area, meaning)
    areas.blueprints.update((one.name, area) for one in blueprints)


def area_of(blueprint: str | None) -> str | None:
    """Return the area of a blueprint; None: no token may call it."""
    return AREAS.here().blueprints.get(blueprint or "")


def known() -> list[Scope]:
    """Return all scopes."""
    areas = AREAS.here()
    return [
        Scope(f"{area}:{access}", f"{verb} {meaning}")
        for area, meaning in areas.meanings.items()
        for access, verb in ((READ, "Read"), (WRITE, "Read and change"))
        if access == READ or area not in areas.read_only
    ]


def allow(scopes: frozenset[str], area: str, *, write: bool) -> bool:
    """Return whether some scopes allow reading or writing in an area."""
    return f"{area}:{WRITE}" in scopes or (not write and f"{area}:{READ}" in scopes)
