"""When an expression is due, compared with a reference that walks through UTC minute by minute."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise, product
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from collab.schedules.timetable import NICKNAMES, NoTimetable, Timetable

MINUTE = timedelta(minutes=1)
#: Zones whose clocks change by an hour or half of one, at midnight or at night, or were put on by
#: a day.
ZONES = (
    *("Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "Asia/Beirut"),
    *("America/Havana", "America/Santiago", "Africa/Casablanca", "Pacific/Apia", "Pacific/Chatham"),
)
DAYS_WATCHED = 1


def changes() -> Iterator[tuple[str, datetime]]:
    """Find about when the clocks of the zones are changed: never twice within a week."""
    for zone, week in product(ZONES, range(52 * 18)):
        begin = datetime(2009, 1, 1, tzinfo=UTC) + week * timedelta(weeks=1)
        if offset(zone, begin) != offset(zone, begin + timedelta(weeks=1)):
            halves = [begin + half * timedelta(hours=12) for half in range(15)]
            yield from (
                (zone, after)
                for before, after in pairwise(halves)
                if offset(zone, before) != offset(zone, after)
            )


def offset(zone: str, moment: datetime) -> timedelta | None:
    """Return how far a zone's clocks are ahead."""
    return moment.astimezone(ZoneInfo(zone)).utcoffset()


CHANGES = list(changes())


def numbers(field: str, low: int, high: int) -> set[int]:
    """Read a field by the book."""
    found: set[int] = set()
    for term in field.split(","):
        span, _, step = term.partition("/")
        first, _, last = (f"{low}-{high}" if span == "*" else span).partition("-")
        end = int(last or (high if step else first))
        found |= set(range(int(first), end + 1, int(step or 1)))
    return found


def matcher(cron: str) -> Callable[[datetime], bool]:
    """Return what says whether a clock shows a time that matches."""
    minute, hour, day, month, weekday = cron.split()
    minutes, hours = numbers(minute, 0, 59), numbers(hour, 0, 23)
    days, months = numbers(day, 1, 31), numbers(month, 1, 12)
    weekdays = {one % 7 for one in numbers(weekday, 0, 7)}
    together = all if day[0] == "*" or weekday[0] == "*" else any

    def matches(wall: datetime) -> bool:
        if (wall.minute in minutes and wall.hour in hours) and wall.month in months:
            return together((wall.day in days, wall.isoweekday() % 7 in weekdays))
        return False

    return matches


def reference(cron: str, zone: str, after: datetime, until: datetime) -> list[datetime]:
    """Look at the clock each minute; a time of day counts when the clock first comes to it."""
    matches, interval = matcher(cron), any(one.startswith("*") for one in cron.split()[:2])
    moment, found, place = (after - timedelta(hours=30)).replace(second=0), [], ZoneInfo(zone)
    furthest: datetime | None = None
    while moment < until:
        wall = moment.astimezone(place).replace(tzinfo=None)
        if moment > after:
            come_to = [wall] if interval else passed(furthest, wall)
            if any(map(matches, come_to)):
                found.append(moment)
        furthest = max(furthest or wall, wall)
        moment += MINUTE
    return found


def passed(furthest: datetime | None, wall: datetime) -> Iterator[datetime]:
    """Yield the times that a clock has come to, or jumped over, for the first time."""
    while furthest is not None and furthest < wall:
        furthest += MINUTE
        yield furthest


def field(low: int, high: int) -> st.SearchStrategy[str]:
    number = st.integers(low, high)
    span = st.tuples(number, number).map(lambda two: f"{min(two)}-{max(two)}")
    steps = st.integers(1, (high - low) // 2).map(lambda step: f"*/{step}")
    lists = st.lists(number.map(str) | span, min_size=1, max_size=3).map(",".join)
    return st.just("*") | steps | lists


#: In the hours around which clocks change.
CRONS = st.tuples(field(0, 59), field(0, 5), st.just("*"), st.just("*"), field(0, 6)).map(" ".join)


@given(CRONS, st.sampled_from(CHANGES), st.integers(-60, 1200))
@example("30 2 * * *", ("Europe/Paris", datetime(2026, 3, 29, 12, tzinfo=UTC)), 1400)
@example("30 2 * * *", ("Europe/Paris", datetime(2026, 10, 25, 12, tzinfo=UTC)), 700)
@example("*/15 3 * * *", ("Australia/Lord_Howe", datetime(2021, 10, 2, 18, tzinfo=UTC)), 300)
def test_it_is_due_when_the_reference_says(
    cron: str, change: tuple[str, datetime], minutes_before: int
) -> None:
    zone, about = change
    after = about - minutes_before * MINUTE
    until = after + timedelta(days=DAYS_WATCHED)
    due = []
    for one in Timetable(cron, zone).after(after):
        if one >= until:
            break
        due.append(one)
    assert due == reference(cron, zone, after, until)


@settings(max_examples=25)
@given(CRONS, st.sampled_from(CHANGES), st.integers(0, 900), st.integers(1, 30))
def test_the_latest_are_the_end_of_all_that_passed(
    cron: str, change: tuple[str, datetime], minutes: int, count: int
) -> None:
    zone, now = change
    table, first = Timetable(cron, zone), now - minutes * MINUTE
    passed = []
    for one in table.after(first - MINUTE):
        if one > now:
            break
        passed.append(one)
    found = table.latest(count, first, now)
    assert found == passed[-count:]


def test_the_latest_of_a_thousand_years_cost_no_more() -> None:
    looked = 0

    class Counting(Timetable):
        def _walls(self, wall: datetime) -> Iterator[datetime]:
            nonlocal looked
            for one in super()._walls(wall):
                looked += 1
                yield one

    now = datetime(2026, 1, 1, tzinfo=UTC)
    found = Counting("* * * * *", "UTC").latest(24, datetime(1026, 1, 1, tzinfo=UTC), now)
    assert found == [now - one * MINUTE for one in reversed(range(24))]
    assert looked < 1000


@pytest.mark.parametrize(
    ("cron", "told"),
    [
        ("", "five fields"),
        ("* * * *", "but has 4"),
        ("0 * * * * *", "but has 6"),
        ("60 * * * *", "The minute can't be '60': it takes 0 to 59"),
        ("* 24 * * *", "The hour can't be '24'"),
        ("* * 0 * *", "The day of the month can't be '0'"),
        ("* * * 13 *", "The month can't be '13'"),
        ("* * * * 8", "The day of the week can't be '8'"),
        ("*/0 * * * *", "The minute can't be '*/0'"),
        ("5-1 * * * *", "The minute can't be '5-1'"),
        ("1,,2 * * * *", "The minute can't be '1,,2'"),
        ("\u0663 * * * *", "The minute can't be"),
        ("1" * 5000 + " * * * *", "The minute can't be"),
        ("@often", "The names are @yearly"),
        ("* * 31 2 *", "never due: no month 2 has a day 31"),
        ("0 0 30 FEB *", "never due"),
        ("0 0 31 4,6,9,11 *", "never due"),
        ("0 0 31 2 */2", "never due"),
    ],
)
def test_what_is_wrong_with_an_expression_is_said(cron: str, told: str) -> None:
    with pytest.raises(NoTimetable) as refused:
        Timetable(cron, "UTC")
    assert told in str(refused.value)


@pytest.mark.parametrize("name", NICKNAMES)
def test_a_name_is_an_expression(name: str) -> None:
    found = list(
        islice(Timetable(f" {name.upper()} ", "UTC").after(datetime(2026, 1, 1, tzinfo=UTC)), 2)
    )
    assert len(found) == 2
    assert found[0].minute == 0


@pytest.mark.parametrize(
    ("cron", "minutes"),
    [
        ("* * * * *", 1),
        ("*/20 * * * *", 20),
        ("0 0 * * *", 1440),
        ("59,0 * * * *", 1),
        ("0 0 1 * *", 40320),
    ],
)
def test_the_shortest_gap_is_found(cron: str, minutes: int) -> None:
    assert Timetable(cron, "Europe/Paris").shortest_gap() == minutes * MINUTE


def test_a_calendar_that_ends_ends_the_times() -> None:
    last = datetime(9999, 12, 30, tzinfo=UTC)
    assert len(list(Timetable("0 0 * * *", "UTC").after(last))) <= 1
    assert Timetable("0 0 29 2 *", "Europe/Paris").next_after(last) is None
