"""Times as RFC 3339 has them, by one parser wherever a time is sent."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab.core.text import times

from ...support.people import Person, ok
from ...support.problems import pointers

LEAPS = ["2016-12-31T23:59:60Z", "2016-12-31T15:59:60-08:00", "2015-07-01T05:29:60.5+05:30"]
READ = {
    "2026-03-01T09:00:00+00:00": datetime(2026, 3, 1, 9, tzinfo=UTC),
    "2026-03-01T09:00:00 00:00": datetime(2026, 3, 1, 9, tzinfo=UTC),
    "2026-03-01T09:00:00 05:30": datetime(2026, 3, 1, 3, 30, tzinfo=UTC),
    "2026-03-01t09:00:00z": datetime(2026, 3, 1, 9, tzinfo=UTC),
    "2026-03-01T09:00:00-00:00": datetime(2026, 3, 1, 9, tzinfo=UTC),
    "2026-03-01T09:00:00.123456789Z": datetime(2026, 3, 1, 9, 0, 0, 123456, tzinfo=UTC),
    "2026-03-01T09:00Z": datetime(2026, 3, 1, 9, tzinfo=UTC),
}
REFUSED = [
    "2030-W01-1",
    "20300101T000000Z",
    "2030-01-01T24:00:00Z",
    "2030-01-01T12:00:60Z",
    "2030-01-15T23:59:60Z",
    "2016-12-31T23:59:60",
    "2016-12-31T23:59:60+01:00",
    "9999-12-31T23:59:60Z",
    "0001-01-01T00:59:60+01:00",
    "2030-01-01T23:59:61Z",
    "2030-02-30T00:00:00Z",
    "2030-01-01T00:00:00+24:00",
    "2030-01-01T00:00:00  00:00",
    "2030-01-01T00:00:00+0100",
    "2030-1-1",
    "\u0662030-01-01",
    "now",
    "",
]


@pytest.mark.parametrize("text", READ)
def test_a_time_is_read(text: str) -> None:
    assert times.parse(text) == READ[text]


@pytest.mark.parametrize("text", LEAPS)
def test_a_leap_second_is_the_last_moment_of_its_month(text: str) -> None:
    found = times.parse(text)
    assert isinstance(found, datetime)
    utc = found.astimezone(UTC)
    assert (utc.hour, utc.minute, utc.second, utc.microsecond) == (23, 59, 59, 999_999)


@pytest.mark.parametrize("text", REFUSED, ids=ascii)
def test_what_is_no_time_is_refused(text: str) -> None:
    try:
        found = times.parse(text)
    except ValueError:
        found = None
    assert found is None


@given(st.datetimes(timezones=st.just(UTC) | st.timezones()))
def test_what_is_written_as_rfc_3339_is_read(moment: datetime) -> None:
    if (offset := moment.utcoffset()) is not None and offset.total_seconds() % 60:
        return  # of seconds, as before there were zones: RFC 3339 has none
    text = moment.isoformat()
    for one in (text, text.replace("+", " ")):
        found = times.parse(one)
        assert isinstance(found, datetime)
        assert found.astimezone(UTC) == moment.astimezone(UTC)


@given(st.dates())
def test_a_day_is_a_day(day: date) -> None:
    assert times.parse(day.isoformat()) == day


#: Each place that takes a time, by what it makes of one.
PLACES = {
    "due_at": lambda one, text: one.post("/tasks", {"title": "x", "due_at": text}),
    "run_at": lambda one, text: one.post(
        "/jobs", {"type": "test_echo", "payload": {}, "run_at": text}
    ),
    "since": lambda one, text: one.get("/activity", params={"since": text}),
    "until": lambda one, text: one.get("/audit", params={"until": text}),
}


@pytest.mark.parametrize("place", PLACES)
def test_every_place_reads_the_same(ada: Person, place: str) -> None:
    for text in (*READ, *LEAPS):
        assert PLACES[place](ada, text).status_code < 300, text
    for text in REFUSED[:-1]:
        if text != "2016-12-31T23:59:60":
            assert pointers(PLACES[place](ada, text))[0].endswith(place), text


def test_a_plus_that_came_as_a_blank_is_one(ada: Person) -> None:
    """As curl sends it, if nobody encodes it."""
    for path in (
        "/activity?since=2026-01-01T00:00:00+00:00",
        "/audit?until=2026-01-01T00:00:00+01:00",
    ):
        ok(ada.get(path))


def test_a_leap_second_stays_in_its_day(alice: Person) -> None:
    made = ok(alice.post("/tasks", {"title": "x", "due_at": LEAPS[0]}))
    assert made["due_at"].startswith("2016-12-31T23:59:59")
