"""A cursor stays between the same letters, whatever is changed around it."""

from __future__ import annotations

import pytest
from hypothesis import given

from collab.files.json_door.cursors import moved
from collab.files.text.delta import Delta, apply, growth

from .test_delta import changed


@pytest.mark.parametrize(
    ("position", "delta", "now"),
    [
        (0, ("x",), 0),
        (2, ("x",), 3),
        (2, (2, "x"), 2),
        (2, (1, "x"), 3),
        (2, (-1,), 1),
        (2, (1, -3), 1),
        (2, (1, "x", -3), 2),
        (4, (1, -3), 1),
        (4, (2, -1, "xy"), 5),
        (3, (), 3),
    ],
)
def test_a_position_moves_along(position: int, delta: Delta, now: int) -> None:
    assert moved(position, delta) == now


@given(changed(1))
def test_what_is_kept_after_a_cursor_stays_after_it(drawn: tuple[str, list[Delta]]) -> None:
    text, (delta,) = drawn
    result = apply(text, delta)
    positions = [moved(position, delta) for position in range(len(text) + 1)]
    assert positions == sorted(positions)
    assert all(0 <= position <= len(result) for position in positions)
    assert growth(delta) == len(result) - len(text)
