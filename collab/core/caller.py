"""Who is calling: found out by `auth` for each request and socket, handed to every service."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import g

from ..frozen import frozen


@frozen
class Caller:
    """A signed-in person, as the database knows them at this moment."""

    user_id: int
    #: The session's; below zero: a personal token's, which has no session.
    session_id: int
    name: str
    email: str
    is_admin: bool
    token_expires: datetime
    #: What the personal token may do; None: the person has logged in, and may do all that they may.
    scopes: frozenset[str] | None = None


def notes() -> Any:
    """Return the notes of the present request themselves: access through `g` takes 2 µs."""
    return g._get_current_object()


def act_as(who: Caller | None) -> None:
    """Note who makes the changes of the present request or message; None: the service itself.

    That person is looked up again as soon as the writer's lock is held (`auth/guard.py`).
    """
    notes().acting = who


def acting() -> Caller | None:
    """Return who makes the present changes, or None."""
    found: Caller | None = notes().get("acting")
    return found
