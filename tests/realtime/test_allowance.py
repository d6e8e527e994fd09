"""What a person may send: so many bytes a second, and some at once, however they come."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab.core.errors import TooManyRequests
from collab.realtime import allowance
from collab.realtime.allowance import Allowance


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


#: Pauses before each message, and the sizes of the messages.
SENT = st.lists(st.tuples(st.floats(0, 3), st.integers(1, 5000)), max_size=60)


@given(sent=SENT, rate=st.integers(1, 3000), burst=st.integers(1, 6000))
def test_no_window_has_more_than_the_rate_the_burst_and_one_message(
    sent: list[tuple[float, int]], rate: int, burst: int
) -> None:
    clock = Clock()
    bucket = Allowance(rate, burst, "tests", clock)
    taken: list[tuple[float, int]] = []
    for pause, size in sent:
        clock.now += pause
        if not bucket.take(1, size):
            taken.append((clock.now, size))
    largest = max((size for _, size in sent), default=0)
    for start, _ in taken:
        for end, _ in taken:
            inside = sum(size for at, size in taken if start <= at <= end)
            if start <= end:
                allowed = burst + rate * (end - start) + largest
                # A debt is at most one burst: only bigger messages than that are over.
                assert inside <= allowed + max(0, largest - burst) * len(taken) + 1e-6


@given(sent=SENT)
def test_who_waits_as_long_as_they_are_told_is_let_in(sent: list[tuple[float, int]]) -> None:
    clock = Clock()
    bucket = Allowance(1000, 1000, "tests", clock)
    for pause, size in sent:
        clock.now += pause
        clock.now += bucket.take(1, size) + 1e-6
        bucket.take(1, size)
        assert bucket.take(2, 0) == 0


def test_one_persons_flood_is_no_other_persons() -> None:
    bucket = Allowance(10, 10, "tests", Clock())
    bucket.spend(1, 100)
    with pytest.raises(TooManyRequests):
        bucket.spend(1, 1)
    bucket.spend(2, 1)


def test_what_was_refused_is_not_counted() -> None:
    clock = Clock()
    bucket = Allowance(10, 10, "tests", clock)
    bucket.spend(1, 15)
    for _ in range(100):
        assert bucket.take(1, 1000)
    clock.now = 1.0
    assert not bucket.take(1, 1)


def test_those_who_owe_nothing_are_forgotten() -> None:
    clock = Clock()
    bucket = Allowance(10, 10, "tests", clock)
    for person in range(allowance.MAX_PEOPLE_REMEMBERED + 2):
        bucket.take(person, 5)
    clock.now = 1.0
    bucket.take(-1, 5)
    assert bucket.remembered == 1
