"""Counts, sessions, funnels and cohorts equal what a naive reader finds in the same events."""

from __future__ import annotations

from collections import defaultdict
from itertools import combinations
from random import Random
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab.ingest.reading import cohorts, funnels, sessions, stats
from collab.ingest.reading.periods import (
    DAY_MS,
    FIRST_MONDAY_MS,
    HOUR_MS,
    MINUTE_MS,
    WEEK_MS,
    Period,
    moment,
    reach,
)

from ...support.stored import Row, counted, filled, planned, rows

#: Moments of three hours, many of them the same.
HOURS = st.integers(0, 36).map(lambda number: number * 5 * MINUTE_MS)
WHOLE = Period(0, 3 * HOUR_MS + 1)


def mine(made):
    return [one for one in made if one.project == 1]


# -- counts -----------------------------------------------------------------------------------


@given(rows(HOURS), st.sampled_from(["minute", "hour", "day"]))
def test_counts_sum_up_to_what_is_stored_and_no_bucket_is_missing(made, bucket):
    connection = filled(made)
    found = stats.count(connection, 1, WHOLE, bucket, group_by="type")
    width = stats.WIDTHS_MS[bucket]
    assert [one.time for one in found.items] == [
        moment(at) for at in range(0, WHOLE.aligned(width).end, width)
    ]
    assert found.events == sum(one.events for one in found.items) == len(mine(made))
    assert found.late == sum(one.late for one in mine(made))
    for one in found.items:
        inside = [row for row in mine(made) if moment(row.ts // width * width) == one.time]
        assert one.events == len(inside) == sum(one.by.values())
        assert one.by == {
            kind: count
            for kind in found.groups
            if (count := sum(row.type == kind for row in inside))
        }
    connection.close()


@given(rows(HOURS), st.sampled_from(["view", "cart", "buy"]), st.integers(1, 2))
def test_counts_of_one_type_or_source_are_of_that_alone(made, kind, source):
    connection = filled(made)
    by_type = stats.count(connection, 1, WHOLE, "hour", type=kind)
    by_source = stats.count(connection, 1, WHOLE, "hour", source=source, group_by="source")
    assert by_type.events == sum(row.type == kind for row in mine(made))
    assert by_source.events == sum(row.source == source for row in mine(made))
    assert set(by_source.groups) <= {str(source)}
    connection.close()


def test_what_is_past_the_first_types_is_told_together():
    made = [Row(n, type=f"t{n:02}") for n in range(60)] + [Row(100, type="t59")]
    found = stats.count(filled(made), 1, WHOLE, "day", group_by="type")
    assert (len(found.groups), found.groups[0], found.groups[-1]) == (51, "t59", stats.OTHER_GROUPS)
    assert found.items[0].by[stats.OTHER_GROUPS] == 10
    assert sum(found.items[0].by.values()) == found.events == 61


def test_too_many_buckets_are_refused():
    with pytest.raises(stats.TooMuch, match="1,500 buckets"):
        stats.count(filled([]), 1, Period(0, 1501 * MINUTE_MS), "minute")
    assert len(stats.count(filled([]), 1, Period(0, 1500 * MINUTE_MS), "minute").items) == 1500


# -- how far a reading goes -------------------------------------------------------------------


@given(rows(HOURS), st.integers(0, 12))
def test_a_reading_goes_as_far_back_as_its_bound_and_no_further(made, most):
    connection = filled(made)
    found = reach(connection, 1, WHOLE, most)
    inside = [row for row in mine(made) if found.period.start <= row.ts < found.period.end]
    assert found.events == len(inside) <= most
    assert found.complete == (len(mine(made)) <= most)
    if not found.complete:
        one_more = found.period.start - MINUTE_MS
        assert sum(row.ts >= one_more for row in mine(made)) > most
    connection.close()


# -- sessions ---------------------------------------------------------------------------------


def sessions_of(made, gap_ms):
    """Put sessions together the slow way: join whatever must be in one, until nothing changes."""
    groups = [[row] for row in mine(made) if row.session_id or row.user_id]

    def together(one, other):
        if one.session_id or other.session_id:
            return one.session_id == other.session_id
        return one.user_id == other.user_id and abs(one.ts - other.ts) <= gap_ms

    changed = True
    while changed:
        changed = False
        for left, right in combinations(groups, 2):
            if any(together(a, b) for a in left for b in right):
                left += right
                groups.remove(right)
                changed = True
                break
    return sorted((min(r.ts for r in g), max(r.ts for r in g), len(g)) for g in groups)


@given(rows(HOURS), st.sampled_from([5, 30, 60]))
def test_sessions_equal_those_put_together_naively(made, gap_minutes):
    connection = filled(made)
    found = sessions.find(connection, 1, WHOLE, gap_minutes=gap_minutes, limit=1000)
    expected = sessions_of(made, gap_minutes * MINUTE_MS)
    shown = sorted((one.started_at, one.ended_at, one.events) for one in found.items)
    assert shown == [(moment(start), moment(end), count) for start, end, count in expected]
    assert found.sessions == len(expected)
    assert found.events + found.unassigned == len(mine(made))
    assert found.median_seconds == (
        median([end - start for start, end, _ in expected]) / 1000 if expected else None
    )
    connection.close()


@given(rows(HOURS), st.sampled_from("abc"))
def test_one_users_sessions_are_of_their_events(made, user):
    connection = filled(made)
    found = sessions.find(connection, 1, WHOLE, user_id=user, limit=1000)
    assert found.events == sum(row.user_id == user for row in mine(made))
    assert {one.user_id for one in found.items} <= {user}
    connection.close()


# -- funnels ----------------------------------------------------------------------------------


def furthest(events, steps, window_ms):
    """Return how many steps a user came, trying every way; `events` are (time, step)."""
    best = 0

    def go(at, step, start):
        nonlocal best
        best = max(best, step)
        if step == len(steps):
            return
        for ts, kind in events:
            if kind == steps[step] and ts >= at and ts - start <= window_ms:
                go(ts, step + 1, start)

    for ts, kind in events:
        if kind == steps[0]:
            go(ts, 1, ts)
    return best


@given(
    rows(HOURS),
    st.permutations(["view", "cart", "buy"]),
    st.sampled_from([0, 600, 3600, 86_400]),
)
def test_a_funnel_equals_the_one_that_tries_every_way(made, steps, window_s):
    connection = filled(made)
    found = funnels.find(connection, 1, WHOLE, steps, window_s)
    of_user = defaultdict(list)
    for row in mine(made):
        if row.user_id is not None:
            of_user[row.user_id].append((row.ts, row.type))
    came = [furthest(events, steps, window_s * 1000) for events in of_user.values()]
    expected = [sum(far > at for far in came) for at in range(len(steps))]
    assert [one.users for one in found.items] == expected
    connection.close()


def test_a_funnel_tells_shares_and_how_long_it_took():
    made = [Row(0, "view", f"u{n}") for n in range(4)]
    made += [Row(10_000, "cart", "u0"), Row(30_000, "cart", "u1"), Row(60_000, "buy", "u1")]
    view, cart, buy = funnels.find(filled(made), 1, WHOLE, ["view", "cart", "buy"], 3600).items
    assert (view.of_first, view.of_previous) == (1.0, None)
    assert (cart.users, cart.of_first, cart.of_previous, cart.median_seconds) == (2, 0.5, 0.5, 20)
    assert (buy.users, buy.of_first, buy.of_previous, buy.median_seconds) == (1, 0.25, 0.5, 60)


def test_an_empty_funnel_divides_by_nothing():
    found = funnels.find(filled([]), 1, WHOLE, ["a", "b"], 60)
    assert [(one.users, one.of_first) for one in found.items] == [(0, None), (0, None)]


# -- cohorts ----------------------------------------------------------------------------------

DAYS = st.integers(0, 20).map(lambda number: number * DAY_MS + 1)


@given(rows(DAYS), st.sampled_from(["day", "week"]), st.integers(0, 10))
def test_cohorts_equal_those_counted_naively(made, unit, first_day):
    connection = filled(made)
    width, first = cohorts.UNITS[unit]
    period = Period(first_day * DAY_MS, 21 * DAY_MS)
    found = cohorts.find(connection, 1, period, unit)
    whole = period.aligned(width, first)
    seen = defaultdict(set)
    for row in mine(made):
        if row.user_id is not None:
            seen[row.user_id].add((row.ts - whole.start) // width)
    count = (whole.end - whole.start) // width
    for cohort, one in enumerate(found.items):
        members = [at for at in seen.values() if min(at) == cohort]
        assert one.time == moment(whole.start + cohort * width)
        assert one.returned == [
            sum(cohort + later in at for at in members) for later in range(count - cohort)
        ]
    assert (len(found.items), found.complete, found.users) == (count, True, len(seen))
    connection.close()


def test_weeks_begin_on_mondays():
    whole = Period(FIRST_MONDAY_MS + 1, FIRST_MONDAY_MS + 2).aligned(WEEK_MS, FIRST_MONDAY_MS)
    assert moment(whole.start).weekday() == 0
    assert whole.end - whole.start == WEEK_MS
    early = Period(0, 1).aligned(WEEK_MS, FIRST_MONDAY_MS)
    assert early.start < 0 < early.end, "1970 began in the middle of a week"


# -- what it costs ----------------------------------------------------------------------------

#: A day in the middle, which is asked for, and how many events lie before it.
ASKED = Period(100 * DAY_MS, 101 * DAY_MS)
READINGS = {
    "counts": lambda c: stats.count(c, 1, ASKED, "hour", group_by="type"),
    "counts of a type": lambda c: stats.count(c, 1, ASKED, "hour", type="view"),
    "sessions": lambda c: sessions.find(c, 1, ASKED),
    "sessions of a user": lambda c: sessions.find(c, 1, ASKED, user_id="u1"),
    "a funnel": lambda c: funnels.find(c, 1, ASKED, ["view", "cart", "buy"], 3600),
    "cohorts": lambda c: cohorts.find(c, 1, ASKED, "day"),
}


def world(before):
    """Return a store with 500 events on the day that is asked for, and so many on others."""
    random = Random(7)
    made = [
        Row(day * DAY_MS + random.randrange(DAY_MS), random.choice(["view", "cart", "buy"]), user)
        for count, days in ((500, [100]), (before, [*range(50, 100), *range(101, 150)]))
        for day, user in ((random.choice(days), f"u{random.randrange(50)}") for _ in range(count))
    ]
    return filled(made)


@pytest.fixture(scope="module")
def small_and_large():
    made = world(1000), world(20_000)
    yield made
    for connection in made:
        connection.close()


@pytest.mark.parametrize("read", READINGS.values(), ids=READINGS)
def test_a_reading_costs_what_it_is_about_and_not_what_there_is(small_and_large, read):
    costs = []
    for connection in small_and_large:
        with counted(connection) as steps:
            read(connection)
        costs.append(steps[0])
    assert costs[1] <= 1.5 * costs[0] + 500


@pytest.mark.parametrize("read", READINGS.values(), ids=READINGS)
def test_a_reading_goes_by_an_index_in_its_order(small_and_large, read):
    with planned(small_and_large[0]) as plans:
        read(small_and_large[0])
    assert plans
    # A part of the query that goes by an index, and is called so, is added up.
    assert not [one for one in plans if one.startswith("SCAN ") and one != "SCAN found"]
    assert not [one for one in plans if "TEMP B-TREE FOR ORDER BY" in one]


def test_a_funnel_and_cohorts_read_nothing_but_the_index(small_and_large):
    for name in ("a funnel", "cohorts", "sessions of a user"):
        with planned(small_and_large[0]) as plans:
            READINGS[name](small_and_large[0])
        mine_alone = [one for one in plans if "events" in one and "minutes" not in one]
        assert mine_alone
        assert all("USING COVERING INDEX" in one for one in mine_alone), name


def test_the_counter_counts(small_and_large):
    steps = []
    for connection in small_and_large:
        with counted(connection) as found:
            connection.execute("SELECT sum(length(data)) FROM events").fetchone()
        steps.append(found[0])
    assert steps[1] > 5 * steps[0]


def test_cohorts_stop_after_so_many_leaps_and_say_so():
    connection = filled(Row(5 * DAY_MS, user_id=f"u{n}") for n in range(20))
    found = cohorts.find(connection, 1, Period(0, 10 * DAY_MS), "day", most_leaps=10)
    assert (found.complete, found.users) == (False, 5)
