"""Whether an installation requires a second factor (REQUIRE_SECOND_FACTOR)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import exists, or_

from ...core.slots import setting
from ..models import ADMIN, User
from .models import Passkey, Totp

ASKED_OF_NOBODY = "off"
ASKED_OF_ADMINS = "admins"

#: A column of a query for people: whether they have an active one.
HAS_FACTOR = or_(
    exists().where(Totp.user_id == User.id, Totp.confirmed_at.is_not(None)),
    exists().where(Passkey.user_id == User.id),
).label("has_factor")


def is_on() -> bool:
    """Return whether anybody is required to have one."""
    return bool(setting("REQUIRE_SECOND_FACTOR") != ASKED_OF_NOBODY)


def lacks(row: Any) -> bool:
    """Return whether a person must have one and has none; the row has `role` and `has_factor`."""
    asked = setting("REQUIRE_SECOND_FACTOR") != ASKED_OF_ADMINS or row.role == ADMIN
    return asked and not row.has_factor
