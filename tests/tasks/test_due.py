"""When a task is due, as people write it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab.core.text.zones import zones
from collab.tasks import due

from ..support.people import Person
from ..support.problems import pointers

PARIS = "Europe/Paris"


@pytest.mark.parametrize(
    ("written", "zone", "moment"),
    [
        ("2026-12-24T12:00:00Z", PARIS, "2026-12-24T12:00:00Z"),
        ("2026-12-24T12:00:00+05:30", PARIS, "2026-12-24T06:30:00Z"),
        ("2026-12-24t12:00:00.5z", PARIS, "2026-12-24T12:00:00.500000Z"),
        ("2026-12-24T12:00", PARIS, "2026-12-24T11:00:00Z"),
        ("2026-07-24 12:00:00", PARIS, "2026-07-24T10:00:00Z"),
        ("2026-12-24", PARIS, "2026-12-24T22:59:59Z"),
        ("2026-12-24", "UTC", "2026-12-24T23:59:59Z"),
        # Clocks go from 3:00 back to 2:00: half past two comes twice.
        ("2026-10-25T02:30", PARIS, "2026-10-25T00:30:00Z"),
        # They go from 2:00 forward to 3:00: half past two is an hour later.
        ("2026-03-29T02:30", PARIS, "2026-03-29T01:30:00Z"),
        ("1900-01-01T00:00+23:59", "UTC", "1899-12-31T00:01:00Z"),
        ("9998-12-31T23:59:59-23:59", "UTC", "9999-01-01T23:58:59Z"),
    ],
)
def test_a_due_date_is_a_moment(alice: Person, written: str, zone: str, moment: str) -> None:
    assert alice.makes_task(due_at=written, due_zone=zone)["due_at"] == moment


@pytest.mark.parametrize(
    "written",
    [
        "",
        "tomorrow",
        "2026-02-29",
        "2026-13-01",
        "20261224",
        "2026-W52-4",
        "2026-12-24T",
        "2026-12-24T25:00",
        "2026-12-24T12:00:60Z",
        "2026-12-24T12:00+24:00",
        "2026-12-24T12:00:00Z\n",
        "٢٠٢٦-12-24",
        "0001-01-01",
        "1899-12-31",
        "9999-01-01",
    ],
)
def test_what_is_no_due_date_is_pointed_at(alice: Person, written: str) -> None:
    body = {"title": "Launch", "due_at": written}
    assert pointers(alice.post("/tasks", body)) == ["#/due_at"]


@given(
    st.datetimes(datetime(1900, 1, 1), datetime(9998, 12, 31)),
    st.sampled_from(sorted(zones())),
)
def test_a_local_time_is_the_one_a_clock_there_shows(local: datetime, zone: str) -> None:
    moment = due.moment(due.parse(local.isoformat(timespec="microseconds")), zone)
    shown = moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    assert moment.tzinfo is UTC
    # Left out when clocks were put forward: no clock has shown it.
    assert shown == local or timedelta(0) < shown - local <= timedelta(days=1)


@given(st.dates(datetime(1900, 1, 1).date(), datetime(9998, 12, 31).date()))
def test_a_day_ends_with_its_last_second(day: object) -> None:
    moment = due.moment(due.parse(str(day)), "UTC")
    assert moment.isoformat() == f"{day}T23:59:59+00:00"
