"""Changes of a text: applied, taken back, joined and merged, whatever they are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab.files.text.delta import (
    NO_CHANGE,
    Delta,
    apply,
    compose,
    growth,
    invert,
    normal,
    span,
    transform,
)
from collab.files.text.units import to_units

#: Few letters, so that texts repeat themselves; an emoji is two units.
TEXTS = st.text("ab \n😀é", max_size=12).map(to_units)


@st.composite
def deltas(draw: st.DrawFn, text: str) -> Delta:
    """Draw a change of a text; whole characters are not of interest here."""
    steps: list[int | str] = []
    left = len(text)
    while left and draw(st.booleans()):
        count = draw(st.integers(1, left))
        steps.append(draw(st.sampled_from([count, -count])))
        left -= count
        if draw(st.booleans()):
            steps.append(draw(TEXTS))
    if draw(st.booleans()):
        steps.insert(0, draw(TEXTS))
    return normal(steps)


@st.composite
def changed(draw: st.DrawFn, count: int) -> tuple[str, list[Delta]]:
    """Draw a text and changes that were all made of it."""
    text = draw(TEXTS)
    return text, [draw(deltas(text)) for _ in range(count)]


@given(changed(2))
def test_two_changes_make_the_same_text_in_both_orders(drawn: tuple[str, list[Delta]]) -> None:
    text, (a, b) = drawn
    one = apply(apply(text, a), transform(b, a))
    two = apply(apply(text, b), transform(a, b, first=True))
    assert one == two


@given(changed(2))
def test_merging_keeps_what_either_inserted(drawn: tuple[str, list[Delta]]) -> None:
    _, (a, b) = drawn
    inserted = [step for step in transform(b, a) if isinstance(step, str)]
    assert "".join(inserted) == "".join(step for step in b if isinstance(step, str))


@given(changed(1))
def test_a_change_is_taken_back(drawn: tuple[str, list[Delta]]) -> None:
    text, (delta,) = drawn
    assert apply(apply(text, delta), invert(delta, text)) == text


@given(st.data())
def test_joined_changes_do_what_both_do(data: st.DataObject) -> None:
    text = data.draw(TEXTS)
    first = data.draw(deltas(text))
    between = apply(text, first)
    second = data.draw(deltas(between))
    assert apply(text, compose(first, second)) == apply(between, second)


@given(changed(1))
def test_lengths_are_what_they_say(drawn: tuple[str, list[Delta]]) -> None:
    text, (delta,) = drawn
    assert len(apply(text, delta)) == len(text) + growth(delta)
    assert span(delta) <= len(text)


@given(changed(1))
def test_the_normal_form_is_one(drawn: tuple[str, list[Delta]]) -> None:
    text, (delta,) = drawn
    torn: list[int | str] = []
    for step in delta:
        if isinstance(step, str):
            torn += list(step)
        else:
            torn += [1 if step > 0 else -1] * abs(step)
    assert normal(torn) == delta
    assert apply(text, normal(torn)) == apply(text, delta)


def test_of_two_insertions_at_one_place_the_one_that_came_first_stands_first() -> None:
    assert apply(apply("ab", (1, "x")), transform((1, "y"), (1, "x"))) == "axyb"


def test_what_both_delete_is_deleted_once() -> None:
    assert apply(apply("abcdef", (1, -3)), transform((2, -3), (1, -3))) == "af"


def test_an_insertion_into_what_another_deletes_stays() -> None:
    assert apply(apply("abcd", (-4,)), transform((2, "x"), (-4,))) == "x"


def test_nothing_changes_nothing() -> None:
    assert apply("ab", NO_CHANGE) == "ab"
    assert transform(NO_CHANGE, (1, "x")) == transform((), ()) == normal([3, 0, ""]) == NO_CHANGE


@pytest.mark.parametrize("delta", [(3,), (1, -2), (-3,)])
def test_a_change_that_reaches_past_the_end_is_none(delta: Delta) -> None:
    with pytest.raises(ValueError, match="reaches"):
        apply("ab", delta)


def test_an_insertion_that_ends_a_deletion_is_transformed_as_a_whole() -> None:
    """Its first step is no place to go to, though it is one of two."""
    over = (-3, "x")
    assert apply(apply("abcdef", over), transform((4, "y"), over)) == "xdyef"
