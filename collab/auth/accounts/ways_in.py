"""The ways by which somebody gets into their account: one must always be left."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask

from ...core.errors import Conflict
from ...core.slots import Registry
from ..models import User

#: Tells how many ways a package has for a person, in the open transaction.
Count = Callable[[int], int]

_COUNTS: Registry[list[Count]] = Registry("ways in", lambda _: [])


class LastWayIn(Conflict):
    """There is no other way into your account: set a password first."""

    kind = "last-way-in"


def count(app: Flask, counted: Count) -> None:
    """Let a package tell how many ways into an account it knows, besides the password."""
    _COUNTS.of(app).append(counted)


def require_one(user: User) -> None:
    """Refuse what would leave somebody outside; raises LastWayIn.

    It is called in the transaction that takes a way away, after that, with the writer's lock held.
    """
    if not user.password_hash and not any(counted(user.id) for counted in _COUNTS.here()):
        raise LastWayIn()
