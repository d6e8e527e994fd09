"""What makes one text of another: exact, small, and no obstacle to what others change."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab.files.text.delta import Delta, apply, transform
from collab.files.text.difference import difference
from collab.files.text.units import from_units, to_units

from ..support.memory import MIB, peak_of

WORDS = st.text("ab \né€😀😁\u0301", max_size=30)
LINES = st.lists(st.sampled_from(["a\n", "b\n", "\n", "  x = 1\n", "😀\n", "end"]), max_size=30)
TEXTS = st.one_of(WORDS, LINES.map("".join))


def between(old: str, new: str) -> list[int | str]:
    return list(difference(to_units(old), to_units(new)))


@given(TEXTS, TEXTS)
def test_a_difference_makes_the_new_text(old, new):
    old, new = to_units(old), to_units(new)
    assert apply(old, difference(old, new)) == new


@given(WORDS, WORDS)
def test_a_difference_cuts_no_character(old, new):
    units = to_units(old)
    at = 0
    for step in difference(units, to_units(new)):
        if isinstance(step, str):
            assert to_units(from_units(step)) == step  # half a character would not come back
        else:
            at += abs(step)
            from_units(units[:at])


@given(TEXTS)
def test_equal_texts_have_no_difference(text):
    assert between(text, text) == []


@given(WORDS, WORDS, WORDS, WORDS)
def test_what_others_change_elsewhere_stays(head, tail, mine, theirs):
    """Each changes a line of their own: both changes are in the text that is merged."""
    old = f"{head}\nmine: \nbetween\ntheirs: \n{tail}"
    new = old.replace("\nmine: \n", f"\nmine: {mine.strip()}!\n", 1)
    other = old.replace("\ntheirs: \n", f"\ntheirs: {theirs.strip()}?\n", 1)
    if old.count("\nmine: \n") != 1 or old.count("\ntheirs: \n") != 1:
        return
    text, first, second = to_units(old), between(old, new), between(old, other)
    merged = from_units(apply(apply(text, tuple(first)), transform(tuple(second), tuple(first))))
    assert f"\nmine: {mine.strip()}!\n" in merged
    assert f"\ntheirs: {theirs.strip()}?\n" in merged


def test_a_changed_word_changes_that_word():
    old = "def run():\n    return 1\n\nrun()\n"
    assert between(old, old.replace("return 1", "return 42")) == [22, "42", -1]


def test_two_changed_lines_keep_what_is_between():
    assert between("a=1\nkeep\nb=1\n", "a=2\nkeep\nb=2\n") == [2, "2", -1, 8, "2", -1]


def test_a_moved_block_of_a_long_text_leaves_the_rest():
    lines = [f"line {number}\n" for number in range(5000)]
    old, new = "".join(lines), "".join(lines[:100] + lines[200:] + lines[100:200])
    inserted = [step for step in between(old, new) if isinstance(step, str)]
    assert sum(map(len, inserted)) < 1500


def test_a_change_at_very_many_places_keeps_the_longest_parts_between():
    lines = [f"line {number} {'x' * (number % 7)}\n" for number in range(5000)]
    old, new = "".join(lines), "".join("  " + line for line in lines)
    delta = between(old, new)
    assert apply(old, tuple(delta)) == new
    assert sum(isinstance(step, int) and step > 0 for step in delta) in range(250, 301)


def test_large_texts_without_anything_in_common_are_replaced():
    chance = random.Random(1)
    old, new = ("".join(chance.choices("abc\n", k=500_000)) for _ in range(2))
    assert apply(old, difference(old, new)) == new


def test_halves_of_a_character_are_not_taken_for_common():
    # Both begin with the same surrogate, and both end with the same one.
    assert between("😀", "😁") == ["\ud83d\ude01", -2]
    assert apply(to_units("😀x"), tuple(between("😀x", "𐈀x"))) == to_units("𐈀x")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("a\n" * 1_000_000, "b\n" * 1_000_000),
        ("x\n" * 1_000_000, "x\ny\n" * 500_000),
        ("", "é" * 2_000_000),
        ("\n" * 2_000_000, "z" + "\n\r" * 900_000),
        ("\U0001f600" * 400_000, "\U0001f601" * 400_000),
    ],
)
def test_the_longest_texts_are_compared_in_bounded_memory(old: str, new: str) -> None:
    old, new = to_units(old), to_units(new)
    found: list[Delta] = []
    assert peak_of(lambda: found.append(difference(old, new))) < 32 * MIB
    assert apply(old, found[0]) == new
