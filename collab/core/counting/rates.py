"""Rates such as `5 per 15 minutes`, as settings have them: so often in a window of time."""

from __future__ import annotations

from typing import NamedTuple

from ...parsers import RATE_PATTERN

UNIT_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}


class Rate(NamedTuple):
    """So many in a window."""

    amount: int
    window_s: int


def rate_of(written: str) -> Rate | None:
    """Read a rate as `parsers.rate` lets it through; None of `off`. Raises ValueError."""
    if written == "off":
        return None
    found = RATE_PATTERN.fullmatch(written)
    if found is None:
        raise ValueError(f"{written!r} is no rate")
    amount, units, unit = found.groups()
    return Rate(int(amount), int(units or 1) * UNIT_SECONDS[unit])
