"""What all must have at an installation before they are let in: asked of sessions and of tokens."""

from __future__ import annotations

from typing import Any

from ...core.errors import Unauthorized
from ...core.slots import setting
from ..factors import requirement
from ..sessions import AddressNotVerified, SecondFactorMissing


def lacking(row: Any) -> Unauthorized | None:
    """Return what is told to somebody who lacks something; None: nothing.

    The row has `email_verified_at`, and what `requirement.lacks` looks at where that is on.
    """
    if row.email_verified_at is None and setting("REQUIRE_VERIFIED_EMAIL"):
        return AddressNotVerified()
    if requirement.is_on() and requirement.lacks(row):
        return SecondFactorMissing()
    return None
