"""Retention: of the users who came first in one week, or day, how many came again later."""

# ruff: noqa: S608  (SQL is only made from what is in here)

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime

from ...frozen import frozen
from ..pipeline.engines.face import Store
from .periods import DAY_MS, FIRST_MONDAY_MS, WEEK_MS, Period, moment

#: The length of a cohort's periods, and when the first of all began.
UNITS = {"day": (DAY_MS, 0), "week": (WEEK_MS, FIRST_MONDAY_MS)}
MAX_PERIODS = {"day": 31, "week": 26}
#: Index look-ups that one request makes: one for each user and period in which they came.
MAX_LEAPS = 100_000


@frozen
class Cohort:
    """Users who came first in the same period."""

    time: datetime
    users: int
    #: How many of them came in this period, the next, and so on to the last one requested.
    returned: list[int]


@frozen
class Retention:
    """The cohorts in a period."""

    unit: str
    since: datetime
    until: datetime
    #: False: only `users` users were examined, in the order of their ids.
    complete: bool
    users: int
    items: list[Cohort]


def find(
    connection: Store,
    project: int,
    period: Period,
    unit: str,
    *,
    most_leaps: int = MAX_LEAPS,
) -> Retention:
    """Return the cohorts whose first event of all lies in a period."""
    width, first = UNITS[unit]
    whole = period.aligned(width, first)
    visits = _Visits(connection, project, whole, width, most_leaps)
    table = grid(visits, (whole.end - whole.start) // width)
    return Retention(
        unit,
        moment(whole.start),
        moment(whole.end),
        visits.complete,
        visits.users,
        [Cohort(moment(whole.start + at * width), row[0], row) for at, row in enumerate(table)],
    )


def grid(visits: Iterable[tuple[int, int]], periods: int) -> list[list[int]]:
    """Return for each cohort how many came again, from pairs of cohort and period numbers."""
    cells: defaultdict[int, Counter[int]] = defaultdict(Counter)
    for cohort, at in visits:
        cells[cohort][at - cohort] += 1
    return [[cells[one][at] for at in range(periods - one)] for one in range(periods)]


class _Visits:
    """Yields (cohort, period) of each new user, once for each period in which they came.

    It skips along the covering index, from a user's event to their first one in a later period, so
    its cost depends not on events, but on users and the periods in which they came.
    """

    def __init__(
        self, connection: Store, project: int, whole: Period, width: int, most: int
    ) -> None:
        self._connection, self._project = connection, project
        self._whole, self._width = whole, width
        self.complete, self.users, self._left = True, 0, most

    def __iter__(self) -> Iterator[tuple[int, int]]:
        found = self._leap("user_id > ?", "")
        while found is not None:
            user, ts = found
            self.users += 1
            # A user who came earlier is not new in this period; the index gives their first event
            # of all.
            if ts >= self._whole.start:
                yield from self._visits_of(user, ts)
            if self._left <= 0:
                self.complete = False
                return
            found = self._leap("user_id > ?", user)

    def _visits_of(self, user: str, ts: int) -> Iterator[tuple[int, int]]:
        cohort = self._number(ts)
        while ts < self._whole.end:
            at = self._number(ts)
            yield cohort, at
            following = self._whole.start + (at + 1) * self._width
            found = self._leap("user_id = ? AND ts >= ?", user, following)
            if found is None:
                return
            ts = found[1]

    def _number(self, ts: int) -> int:
        return (ts - self._whole.start) // self._width

    def _leap(self, condition: str, *values: str | int) -> tuple[str, int] | None:
        # Counted per look-up in the index, which is what takes the time, and not per event.
        self._left -= 1
        found: tuple[str, int] | None = self._connection.execute(
            f"SELECT user_id, ts FROM events WHERE project = ? AND {condition}"
            " ORDER BY user_id, ts LIMIT 1",
            (self._project, *values),
        ).fetchone()
        return found
