"""What keeps the loop for long, again and again, is the pool's for a while."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from collab.serving.pace import (
    FIRST_PAUSE_S,
    LONG_S,
    MAX_KINDS,
    MAX_LONG_IN_A_ROW,
    MAX_PAUSE_S,
    Pace,
)

from ..support.clocks import Clock

KIND = 7


@pytest.fixture
def clock() -> Clock:
    """Return a clock that stands still."""
    return Clock()


@pytest.fixture
def pace(clock: Clock) -> Pace:
    """Return one that knows nothing yet."""
    return Pace(clock)


def takes_long(pace: Pace, kind: int = KIND) -> None:
    """Have a kind take long as often as it takes to be the pool's."""
    for _ in range(MAX_LONG_IN_A_ROW):
        pace.note(kind, LONG_S)


def test_a_few_long_answers_say_nothing(pace):
    for _ in range(MAX_LONG_IN_A_ROW - 1):
        pace.note(KIND, LONG_S)
    assert not pace.is_long(KIND)


def test_many_in_a_row_make_a_kind_long_and_no_other(pace):
    takes_long(pace)
    assert pace.is_long(KIND)
    assert not pace.is_long(KIND + 1)


def test_a_short_one_between_them_begins_the_row_again(pace):
    for _ in range(MAX_LONG_IN_A_ROW):
        pace.note(KIND, LONG_S)
        pace.note(KIND, LONG_S / 2)
    assert not pace.is_long(KIND)


def test_it_is_tried_again_after_a_pause_that_doubles(pace, clock):
    pauses = []
    for _ in range(9):
        takes_long(pace)
        began = clock()
        while pace.is_long(KIND):
            clock.now += FIRST_PAUSE_S
        pauses.append(clock() - began)
    assert pauses == [1, 2, 4, 8, 16, 32, MAX_PAUSE_S, MAX_PAUSE_S, MAX_PAUSE_S]


def test_what_has_become_short_is_forgiven(pace, clock):
    takes_long(pace)
    clock.now += FIRST_PAUSE_S
    pace.note(KIND, 0.0)
    takes_long(pace)
    clock.now += FIRST_PAUSE_S
    assert not pace.is_long(KIND)


def test_it_remembers_so_many_kinds_and_no_more(pace):
    for kind in range(10 * MAX_KINDS):
        pace.note(kind, LONG_S)
    assert len(pace._slow) <= MAX_KINDS


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (("GET", "/projects/1/tasks"), ("GET", "/projects/2093/tasks"), True),
        (("GET", "/projects/1"), ("DELETE", "/projects/1"), False),
        (("GET", "/projects/1/tasks"), ("GET", "/projects/1/files"), False),
    ],
)
def test_kinds_are_told_apart_by_method_and_path_without_numbers(one, other, same):
    first, second = (
        Pace.kind_of(SimpleNamespace(method=method, path=path)) for method, path in (one, other)
    )
    assert (first == second) is same
