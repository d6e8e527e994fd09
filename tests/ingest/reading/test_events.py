"""Pages of events: each event once, newest first, whatever is asked for."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab.core.errors import Malformed
from collab.ingest.pipeline.tables import compact
from collab.ingest.reading import events, walking
from collab.ingest.reading.events import BY_TIME, BY_TYPE, BY_USER, Wanted, find, walk_of
from collab.ingest.reading.periods import DAY_MS, Period

from ...support.each import each
from ...support.stored import NAMES, TYPES, Row, counted, fill, filled, planned, rows

MOMENTS = st.integers(1000, 1004)
FILTERS = st.fixed_dictionaries(
    {},
    optional={
        "type": TYPES,
        "user_id": NAMES.filter(bool),
        "session_id": NAMES.filter(bool),
        "source": st.integers(1, 2),
        "event_id": NAMES.map(str),
        "period": st.builds(Period, MOMENTS, MOMENTS),
    },
)


def paged(connection, wanted, limit):
    """Return the ids of all pages."""
    found, cursor = [], None
    walk, _ = walk_of(wanted)
    while True:
        page = find(connection, wanted, limit, walking.place_of(walk, cursor), 10**6)
        assert len(page.items) <= limit
        found += [one.id for one in page.items]
        cursor = walking.cursor_of(walk, page.next)
        if cursor is None:
            return found


def fits(row, wanted):
    names = ("project", "type", "user_id", "session_id", "source", "event_id")
    asked = ((getattr(wanted, name), getattr(row, name)) for name in names)
    in_time = wanted.period.start <= row.ts < wanted.period.end
    return in_time and all(one is None or one == has for one, has in asked)


@given(rows(MOMENTS), FILTERS, st.integers(1, 5))
def test_pages_have_each_event_that_fits_once(made, filters, limit):
    wanted = Wanted(project=1, **filters)
    connection = filled(made)
    found = paged(connection, wanted, limit)
    expected = [key for key, row in enumerate(made, 1) if fits(row, wanted)]
    assert sorted(found) == expected
    times = [made[key - 1].ts for key in found]
    assert times == sorted(times, reverse=True)
    connection.close()


def test_what_comes_between_two_pages_is_on_neither_twice():
    connection = filled(Row(1000 + n) for n in range(10))
    first = find(connection, Wanted(project=1), 4, None, 10**6)
    fill(connection, [Row(2000), Row(1005)])
    second = find(connection, Wanted(project=1), 10, first.next, 10**6)
    assert [one.id for one in first.items] == [10, 9, 8, 7]
    assert [one.id for one in second.items] == [12, 6, 5, 4, 3, 2, 1]


def test_a_page_is_bounded_by_its_bytes():
    connection = filled(Row(1000 + n) for n in range(10))
    page = find(connection, Wanted(project=1), 10, None, 3 * events.EVENT_BYTES)
    assert 1 <= len(page.items) <= 4
    assert page.next is not None


def test_an_id_is_found_by_the_day_that_it_is_remembered_with():
    connection = filled([*(Row(n) for n in range(3000)), Row(5 * DAY_MS, event_id="wanted")])
    fill(connection, (Row(9 * DAY_MS + n) for n in range(3000)))
    connection.execute("INSERT INTO totals (source, project) VALUES (1, 1)")
    connection.execute("INSERT INTO seen VALUES (1, 5, ?)", (compact("wanted"),))
    connection.execute("INSERT INTO seen_days VALUES (1, 5, 0)")
    with counted(connection) as steps:
        page = find(connection, Wanted(project=1, event_id="wanted"), 20, None, 10**6)
    assert [one.id for one in page.items] == [3001]
    assert (page.next, steps[0] < 1000) == (None, True)


def test_a_page_looks_at_so_many_events_and_says_where_to_go_on():
    others = (Row(n) for n in range(2, events.MAX_EVENTS_EXAMINED + 10))
    connection = filled([Row(1, session_id="s"), *others])
    wanted = Wanted(project=1, session_id="s")
    assert find(connection, wanted, 20, None, 10**6).items == []
    assert paged(connection, wanted, 20) == [1]


@each(
    ["x", "W10", "bnVsbA", "WyJwcm9qZWN0Il0", "WyJwcm9qZWN0IiwxLCJ4Il0", "WyJwcm9qZWN0IiwtMSwxXQ"]
)
def test_a_cursor_of_elsewhere_is_refused(cursor):
    with pytest.raises(Malformed):
        walking.place_of(BY_TIME, cursor)


def test_a_cursor_is_good_for_its_own_walk_only():
    place = (1000, None, 5)
    assert walking.place_of(BY_TYPE, walking.cursor_of(BY_TYPE, place)) == place
    for other in (BY_TIME, BY_USER):
        with pytest.raises(Malformed):
            walking.place_of(other, walking.cursor_of(BY_TYPE, place))


ASKED = (
    Wanted(project=1),
    Wanted(project=1, type="view"),
    Wanted(project=1, user_id="a"),
    Wanted(project=1, user_id="a", type="view", period=Period(10, 2000)),
)


@cache
def of_one_millisecond(many):
    """Return a store with so many events, for who only reads them."""
    return filled(Row(1000, user_id="a", session_id=f"s{n % 7}") for n in range(many))


@each(ASKED)
def test_a_page_costs_the_same_wherever_it_begins_and_nothing_is_sorted(wanted):
    """All events are of one millisecond: the hardest case, of which a clock of days makes many."""
    costs = []
    for many in (200, 5000):
        connection = of_one_millisecond(many)
        place = None
        for _ in range(3):
            with counted(connection) as steps, planned(connection) as plans:
                page = find(connection, wanted, 20, place, 10**6)
            place = page.next
        costs.append(steps[0])
        assert not [one for one in plans if "TEMP B-TREE" in one or one.startswith("SCAN")]
    assert costs[1] <= costs[0] + 100
