"""Due dates as people write them: a moment, a local time, or a day."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from ..core.text import times

#: The first year in which a moment of any zone can be written in UTC.
FIRST_YEAR = 1900
#: The last one, which comes before "never".
LAST_YEAR = 9998

#: The last second of a day.
END_OF_DAY = time(23, 59, 59)


def parse(text: str) -> datetime | date:
    """Read a due date; raises ValueError. A time without an offset stays without one."""
    parsed = times.parse(text)
    if not FIRST_YEAR <= parsed.year <= LAST_YEAR:
        raise ValueError(text)
    return parsed


def moment(due: datetime | date, zone: str) -> datetime:
    """Return when a due date is, in UTC; `zone` is where a local time or a day is meant.

    A day ends at 23:59:59. When clocks are put back, a local time that occurs twice is the first of
    the two; one that is skipped when they are put forward is read with the offset before, and so
    comes that much later (PEP 495, fold=0).
    """
    if not isinstance(due, datetime):
        due = datetime.combine(due, END_OF_DAY)
    return (due if due.tzinfo else due.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)
