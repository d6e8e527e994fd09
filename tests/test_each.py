"""A rule that many values have to keep fails for each that breaks it, and names it."""

from __future__ import annotations

import pytest

from .support.each import each
from .support.people import Person


def test_who_keeps_the_rule_is_told_of_nowhere_and_who_breaks_it_is_named() -> None:
    @each([("a", 1), ("b", 2), ("c", 3)])
    def odd(name: str, number: int) -> None:
        assert number % 2

    with pytest.raises(ExceptionGroup, match="1 of 3") as told:
        odd()
    assert told.value.exceptions[0].__notes__ == ["of ('b', 2)"]


def test_a_value_that_is_no_tuple_is_the_argument() -> None:
    seen = []
    each(["ab"])(seen.append)()
    assert seen == ["ab"]


def test_a_rule_for_nothing_fails() -> None:
    with pytest.raises(AssertionError, match="nothing to look at"):
        each([])(print)()


@each([3, 4])
def test_what_stands_behind_the_star_is_a_fixture(number: int, *, nobody: Person) -> None:
    assert (number > 2, nobody.name) == (True, "nobody")
