"""Dates and moments, as ISO 8601 and RFC 3339 write them."""

from __future__ import annotations

import re
from datetime import date, datetime

DATE_PATTERN = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
#: A moment, with its zone if it has one.
MOMENT_PATTERN = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?"
    r"(?:[Zz]|[+-][0-9]{2}:[0-9]{2})?"
)


def is_date(text: str) -> bool:
    """Return whether a text is a day of the calendar (RFC 3339, `full-date`)."""
    if not DATE_PATTERN.fullmatch(text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def is_moment(text: str) -> bool:
    """Return whether a text is a day, or a moment of one, as ISO 8601 writes them."""
    if is_date(text):
        return True
    if not MOMENT_PATTERN.fullmatch(text):
        return False
    try:
        datetime.fromisoformat(text.upper().replace("Z", "+00:00"))
    except ValueError:
        return False
    return True
