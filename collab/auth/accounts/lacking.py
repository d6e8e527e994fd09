"""What everybody must have at an installation to get in: checked for sessions and tokens."""

from __future__ import annotations

from typing import Any

from ...core.errors import Unauthorized
from ...core.slots import setting
from ..factors import requirement
from ..sessions import AddressNotVerified, SecondFactorMissing


def lacking(row: Any) -> Unauthorized | None:
    """Return the error for somebody who lacks something; None: nothing.

    The row has `email_verified_at`, and what `requirement.lacks` reads where that is on.
    """
    if row.email_verified_at is None and setting("REQUIRE_VERIFIED_EMAIL"):
        return AddressNotVerified()
    if requirement.is_on() and requirement.lacks(row):
        return SecondFactorMissing()
    return None
