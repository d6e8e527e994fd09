"""Times as people and programs write them: RFC 3339, and what stands for it without doubt."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

#: RFC 3339, and the same without its offset or without its time. All places of a date are there.
TIME_PATTERN = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"([Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?([Zz]|[+\-][0-9]{2}:[0-9]{2})?)?$"
)
#: The same, with a blank for the `+` of an offset: an address that was not encoded has one there.
WRITTEN_PATTERN = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:[Tt ]([0-9]{2}:[0-9]{2})(?::([0-9]{2}(?:\.[0-9]{1,9})?))?([Zz]|[+\- ][0-9]{2}:[0-9]{2})?)?"
)
LAST_HOUR = "23"
#: A leap second is read as the moment before it ends: so the day stays the day.
LEAP_SECOND = "60"
BEFORE_MIDNIGHT = "59.999999"


def write(moment: datetime) -> str:
    """Write a time as RFC 3339 has it, with `Z` for UTC."""
    return moment.isoformat().replace("+00:00", "Z")


def from_kept(text: str) -> str:
    """Write a time as `write` does, from how SQLAlchemy keeps UTC in SQLite."""
    return text.replace(" ", "T").removesuffix(".000000") + "Z"


def parse(text: str) -> datetime | date:
    """Read a time; raises ValueError. One without an offset stays without one.

    A leap second (RFC 3339 §5.7) is one where UTC may have one: at the end of a month, with an
    offset that says so.
    """
    found = WRITTEN_PATTERN.fullmatch(text)
    if found is None:
        raise ValueError(text)
    day, minute, second, offset = found.groups("")
    if not minute:
        return date.fromisoformat(day)
    if minute[:2] > LAST_HOUR:
        raise ValueError(text)
    leaps = second[:2] == LEAP_SECOND
    zone = "Z" if offset in ("Z", "z") else offset.replace(" ", "+")
    moment = datetime.fromisoformat(
        f"{day}T{minute}:{BEFORE_MIDNIGHT if leaps else second or '00'}{zone}"
    )
    if leaps and not _may_leap(moment):
        raise ValueError(text)
    return moment


def _may_leap(moment: datetime) -> bool:
    """Return whether the last moment of a minute is that of a month, in UTC."""
    if moment.tzinfo is None:
        return False
    try:
        after = moment.astimezone(UTC) + timedelta(microseconds=1)
    except OverflowError:  # before the year 1, or after 9999
        return False
    return (after.day, after.hour, after.minute) == (1, 0, 0)
