"""The time zones that are known here, by their names in the IANA database."""

from __future__ import annotations

from functools import cache
from zoneinfo import available_timezones

#: Names in the zone database that are not zones.
NO_ZONES = {"Factory", "localtime"}
MAX_ZONE_LENGTH = 64


@cache
def zones() -> frozenset[str]:
    """Return the names of all time zones that are known here (IANA's)."""
    return frozenset(available_timezones() - NO_ZONES)
