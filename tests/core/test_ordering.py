"""Positions of lists that people put in order: always room between two, and one row a move."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab.core.lists.ordering import (
    MAX_POSITION_LENGTH,
    POSITION_DIGITS,
    WHOLE_DIGITS,
    NoRoom,
    _halfway,
    between,
    fresh,
)

#: Where the next item goes: at the beginning, at the end, or a fraction of the way.
WHERE = st.one_of(st.just(0.0), st.just(1.0), st.floats(0, 1))


def inserted(positions: list[str], share: float) -> None:
    at = round(share * len(positions))
    low = positions[at - 1] if at else None
    high = positions[at] if at < len(positions) else None
    positions.insert(at, between(low, high))


@given(st.lists(WHERE, max_size=150))
def test_any_order_of_insertions_sorts_as_it_was_made(shares: list[float]) -> None:
    positions: list[str] = []
    for share in shares:
        inserted(positions, share)
    assert positions == sorted(set(positions))


@given(st.lists(st.integers(0, 149), max_size=150))
def test_any_order_of_moves_sorts_as_it_was_made(moves: list[int]) -> None:
    items = list(enumerate(fresh(20)))
    for move in moves:
        name, _ = items.pop(move % 20)
        positions = [position for _, position in items]
        inserted(positions, (move // 20) / 7)
        new = next(one for one in positions if one not in dict.fromkeys(p for _, p in items))
        items.append((name, new))
        items.sort(key=lambda item: item[1])
        assert [position for _, position in items] == positions


@given(st.lists(st.booleans(), max_size=400))
def test_between_two_there_is_a_third_until_it_gets_too_long(choices: list[bool]) -> None:
    low, high = fresh(2)
    for choice in choices:
        middle = between(low, high)
        assert low < middle < high
        assert len(middle) <= MAX_POSITION_LENGTH
        low, high = (middle, high) if choice else (low, middle)


def test_a_gap_takes_many_moves_before_fresh_positions_are_due() -> None:
    low, high = fresh(2)
    moves = 0
    with suppress(NoRoom):
        while moves < 10_000:
            low, moves = between(low, high), moves + 1
    assert 900 < moves < 10_000


def test_what_is_added_at_the_ends_stays_short() -> None:
    first = last = between(None, None)
    for _ in range(10_000):
        first, last = between(None, first), between(last, None)
    assert len(first) == len(last) == WHOLE_DIGITS


def test_the_ends_are_the_ends() -> None:
    with pytest.raises(NoRoom):
        between(POSITION_DIGITS[-1] * WHOLE_DIGITS, None)
    with pytest.raises(NoRoom):
        between(None, "000001")


@pytest.mark.parametrize(("low", "high"), [("V00001", "V00000"), ("V00000", "V00000")])
def test_there_is_nothing_between_two_in_the_wrong_order(low: str, high: str) -> None:
    with pytest.raises(ValueError, match="is not before"):
        between(low, high)


def test_fresh_positions_are_in_order() -> None:
    assert fresh(1000) == sorted(set(fresh(1000)))


def test_before_a_longer_neighbour_its_first_digit_alone_has_room() -> None:
    assert "a" < _halfway("a", "b5") < "b5"
    assert _halfway("a", "b5") == "b"
