"""When a cron expression is due, in a time zone: pure, and exact about clock changes.

cronsim parses expressions and walks over the times of a clock on the wall. Which moments those
are is decided here, by the rules of cron that people know:

* An expression whose minute or hour begins with `*` is an interval. It is due at each moment at
  which the clock on the wall matches: so twice as often in the hour that comes twice, and not at
  all in the hour that is left out.
* Any other one names times of day. Each is due once: at the first of two, and where a time is left
  out, at the moment at which the clock jumps over it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

#: Characters of an expression: a list of sixty minutes has 169.
MAX_CRON_LENGTH = 200
#: Other names of expressions.
NICKNAMES = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
#: The fields: how each is called, and what it takes.
CRON_FIELDS = (
    ("minute", "0 to 59"),
    ("hour", "0 to 23"),
    ("day of the month", "1 to 31, L for the last day, or LW for the last weekday"),
    ("month", "1 to 12, or JAN to DEC"),
    ("day of the week", "0 to 7 (0 and 7 are Sunday), SUN to SAT, 5L for the last Friday, or 1#2"),
)
#: From here, expressions are checked for whether they are ever due.
SOME_DAY = datetime(2000, 1, 1)
#: The longest by which clocks are put back or forward at once.
LONGEST_SHIFT = timedelta(hours=24)
ONE_MINUTE = timedelta(minutes=1)


class NoTimetable(ValueError):
    """The expression is not one, or is never due; the message says which part is wrong."""


class Timetable:
    """The moments at which an expression is due in a time zone."""

    def __init__(self, cron: str, zone: str) -> None:
        """Read an expression of five fields, or a nickname; raises NoTimetable."""
        self.cron = _spelled_out(cron)
        self._zone = ZoneInfo(zone)
        _check(self.cron)
        minute, hour = self.cron.split()[:2]
        #: Whether it is due at all moments that match, or once for each time of day.
        self.is_interval = minute.startswith("*") or hour.startswith("*")

    @property
    def description(self) -> str:
        """Describe in English when it is due."""
        return described(self.cron)

    def after(self, moment: datetime) -> Iterator[datetime]:
        """Yield the moments after one, in UTC, in order; they end with the calendar."""
        with suppress(OverflowError):
            while (following := self._next(moment)) is not None:
                yield following
                moment = following

    def next_after(self, moment: datetime) -> datetime | None:
        """Return the first moment after one."""
        return next(self.after(moment), None)

    def latest(self, count: int, first: datetime, now: datetime) -> list[datetime]:
        """Return the last `count` of the moments from `first` on up to now, in order.

        However long ago the first one was, it examines few more than these.
        """
        # Few in all: no need to look for where the last ones begin.
        found = list(islice(self._through(first - ONE_MINUTE, now), count + 1))
        if len(found) <= count:
            return found
        back = timedelta(hours=1)
        while True:
            found = list(deque(self._through(max(now - back, first - ONE_MINUTE), now), count))
            if len(found) == count or now - back < first:
                return found
            back *= 2

    def shortest_gap(self) -> timedelta:
        """Return the shortest time between two of the next moments that the clock shows.

        It examines all of a day, and at least the next hundred.
        """
        # A day has 1,440 minutes: what is due each minute is seen whole.
        walls = list(islice(self._walls(SOME_DAY), 1500))
        gaps = (later - earlier for earlier, later in pairwise(walls))
        return min(gaps, default=LONGEST_SHIFT)

    def _through(self, moment: datetime, now: datetime) -> Iterator[datetime]:
        for one in self.after(moment):
            if one > now:
                return
            yield one

    def _next(self, moment: datetime) -> datetime | None:
        best: datetime | None = None
        for wall in self._walls(self._clock_at(moment)):
            first, *more = self._moments(wall)
            for one in (first, *more) if self._exists(wall) or not self.is_interval else ():
                if one > moment and (best is None or one < best):
                    best = one
            # The first moments of later times of the clock come later, too.
            if best is not None and first >= best:
                return best
        return best

    def _clock_at(self, moment: datetime) -> datetime:
        """Return what the clock shows, or what it will show again once it has been put back."""
        now = moment.astimezone(self._zone)
        soon = (moment + LONGEST_SHIFT).astimezone(self._zone)
        back = min(_offset(soon) - _offset(now), timedelta())
        return now.replace(tzinfo=None, fold=0) + back

    def _walls(self, wall: datetime) -> Iterator[datetime]:
        """Yield the matching times after one that a clock on the wall shows."""
        try:
            yield from CronSim(self.cron, wall)
        except (OverflowError, ValueError, RuntimeError):  # at the end of the calendar
            return

    def _exists(self, wall: datetime) -> bool:
        local = wall.replace(tzinfo=self._zone)
        return local.astimezone(UTC).astimezone(self._zone).replace(tzinfo=None, fold=0) == wall

    def _moments(self, wall: datetime) -> tuple[datetime, ...]:
        """Return the moments at which the clock shows a time, or at which it jumps over it."""
        local = wall.replace(tzinfo=self._zone)
        early, late = local.astimezone(UTC), local.replace(fold=1).astimezone(UTC)
        if early == late:
            return (early,)
        if not self._exists(wall):
            return (self._jump(late, early),)
        return (early, late) if self.is_interval else (early,)

    def _jump(self, before: datetime, after: datetime) -> datetime:
        """Return the moment between two at which the clock is put forward, to the second."""
        old = _offset(before.astimezone(self._zone))
        while after - before > timedelta(seconds=1):
            middle = (before + (after - before) / 2).replace(microsecond=0)
            if _offset(middle.astimezone(self._zone)) == old:
                before = middle
            else:
                after = middle
        return after


@lru_cache(maxsize=1024)
def described(cron: str) -> str:
    """Describe in English when a parsed expression is due."""
    return CronSim(cron, SOME_DAY).explain()


def _offset(local: datetime) -> timedelta:
    return local.utcoffset() or timedelta()


def _spelled_out(cron: str) -> str:
    cron = " ".join(cron.split())
    return NICKNAMES.get(cron.lower(), cron.upper())


@lru_cache(maxsize=256)
def _check(cron: str) -> None:
    """Check an expression; raises NoTimetable that says which part is wrong."""
    fields = cron.split(" ")
    if cron.startswith("@"):
        raise NoTimetable(f"The names are {', '.join(NICKNAMES)}.")
    if len(fields) != len(CRON_FIELDS):
        names = ", ".join(name for name, _ in CRON_FIELDS)
        raise NoTimetable(f"Must have five fields ({names}), but has {len(fields)}.")
    for place, (name, takes) in enumerate(CRON_FIELDS):
        if not _is_read(["*"] * place + [fields[place]] + ["*"] * (4 - place)):
            raise NoTimetable(
                f"The {name} can't be {fields[place]!r}: it takes {takes}; *, lists such as 1,2, "
                "ranges such as 1-5, and steps such as */2."
            )
    if not _is_read(fields) or next(CronSim(cron, SOME_DAY), None) is None:
        raise NoTimetable(f"It is never due: {_why_never(fields)}.")


def _is_read(fields: list[str]) -> bool:
    try:
        CronSim(" ".join(fields), SOME_DAY)
    # The library lets some of what it can't read through as errors of Python's.
    except (CronSimError, ValueError, AssertionError, RecursionError):
        return False
    return True


def _why_never(fields: list[str]) -> str:
    day, month, weekday = fields[2:]
    also = "" if weekday.startswith("*") else f" that is a {weekday}"
    return f"no month {month} has a day {day}{also}"
