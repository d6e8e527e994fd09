"""Who is calling: set by `auth` for each request, read by everybody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask import g

from ..errors import Unauthorized


@dataclass(frozen=True)
class Caller:
    """A signed-in person, as the database knows him at this moment."""

    user_id: int
    session_id: int
    name: str
    email: str
    is_admin: bool
    token_expires: datetime


def caller() -> Caller:
    """Return who calls; raises Unauthorized for nobody, or what was wrong with his token."""
    found = optional_caller()
    if found is None:
        raise g.get("refusal") or Unauthorized()
    return found


def optional_caller() -> Caller | None:
    """Return who calls, or None."""
    found: Caller | None = g.get("caller")
    return found
