"""Who is calling: set by `auth` for each request, read by everybody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask import g

from ..errors import Unauthorized


@dataclass(frozen=True)
class Caller:
    """A signed-in person, as the database knows them at this moment."""

    user_id: int
    session_id: int
    name: str
    email: str
    is_admin: bool
    token_expires: datetime


def caller() -> Caller:
    """Return who calls; raises Unauthorized for nobody, or what was wrong with their token."""
    found = optional_caller()
    if found is None:
        raise g.get("refusal") or Unauthorized()
    act_as(found)
    return found


def act_as(who: Caller | None) -> None:
    """Note for whom the present request or message changes things; None: for the service itself.

    Whoever that is is looked up again as soon as the writer's lock is taken (`auth/guard.py`).
    """
    g.acting = who


def acting() -> Caller | None:
    """Return for whom things are changed, or None."""
    found: Caller | None = g.get("acting")
    return found


def optional_caller() -> Caller | None:
    """Return who calls, or None."""
    found: Caller | None = g.get("caller")
    return found
