"""Sums, means and deviations, against fractions and the statistics module."""

from __future__ import annotations

import math
import statistics
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab.processing.engine.exact import Moments

from .tables import NUMBERS, fast

MANY = st.lists(NUMBERS, min_size=2, max_size=30)


def moments(numbers: list[int | float]) -> Moments:
    made = Moments()
    for number in numbers:
        made.add(number)
    return made


def rounded(exact: Fraction) -> float | None:
    try:
        return float(exact)
    except OverflowError:
        return None


@fast
@given(MANY)
def test_a_sum_is_rounded_once(numbers: list[int | float]) -> None:
    exact = sum(map(Fraction, numbers))
    whole = all(isinstance(one, int) for one in numbers)
    assert moments(numbers).sum == (exact if whole else rounded(Fraction(exact)))


@fast
@given(st.lists(st.floats(-1e300, 1e300), min_size=1, max_size=30))
def test_a_sum_of_floats_is_that_of_fsum(numbers: list[float]) -> None:
    assert moments(numbers).sum == math.fsum(numbers)


@fast
@given(MANY)
def test_a_mean_is_rounded_once(numbers: list[int | float]) -> None:
    assert moments(numbers).mean == float(sum(map(Fraction, numbers)) / len(numbers))


@fast
@given(MANY)
def test_a_deviation_is_that_of_a_sample(numbers: list[int | float]) -> None:
    exact = list(map(Fraction, numbers))
    mean = sum(exact) / len(exact)
    square = sum((one - mean) ** 2 for one in exact) / (len(exact) - 1)
    found = moments(numbers).stddev
    if found is None:
        assert square > Fraction(1.7e308) ** 2
    else:
        # The exact square lies between those of the neighbours.
        below, above = math.nextafter(found, -1), math.nextafter(found, math.inf)
        assert Fraction(max(below, 0.0)) ** 2 <= square
        assert math.isinf(above) or square <= Fraction(above) ** 2


@fast
@given(st.lists(st.integers(-1000, 1000) | st.floats(-1e6, 1e6), min_size=2, max_size=30))
def test_a_deviation_agrees_with_the_statistics_module(numbers: list[int | float]) -> None:
    assert moments(numbers).stddev == pytest.approx(statistics.stdev(numbers), rel=1e-14, abs=0)


@fast
@given(st.lists(st.tuples(NUMBERS, st.integers(1, 5)), min_size=1))
def test_a_number_taken_several_times_is_as_often_in_it(pairs: list[tuple[float, int]]) -> None:
    together = Moments()
    for number, times in pairs:
        together.add(number, times)
    single = moments([number for number, times in pairs for _ in range(times)])
    assert (together.count, together.sum) == (single.count, single.sum)
    assert (together.mean, together.stddev) == (single.mean, single.stddev)


def test_huge_numbers_that_cancel_leave_the_small_one() -> None:
    assert moments([1e308, 1e308, 1.5, -1e308, -1e308]).sum == 1.5


def test_a_sum_that_no_double_holds_is_none() -> None:
    assert moments([1.7e308, 1.7e308]).sum is None


def test_nothing_has_no_sum_mean_or_deviation() -> None:
    empty = Moments()
    assert (empty.sum, empty.mean, empty.stddev, moments([1]).stddev) == (None, None, None, None)
