"""What makes two texts one to people who search."""

# ruff: noqa: RUF001 (texts of all scripts)

from __future__ import annotations

import time
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from collab.core.words.folding import fold, folded_with_places

#: Anything that can be written, and much of what is written in few words. One mark is left out that
#: becomes a letter in capitals, and then stands before other marks, or after them.
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\u0345"), max_size=30) | st.text(
    "aAzßẞſİıIiΣσςΰᾳéÉe\u0301\u0308łœ ﬁﬄ™Ａｶﾞﾊﾟハパあがㄱㅏ각각한ёЁйЙ"
    "іїأآاٱىیكکـ\u064b\u0651\u0654"
    "שׁ\u05c1दिक़หนำนํา\u200b\u200d\ufe0f🚀👍🏽½²①㎏Ⓐ",
    max_size=12,
)


@given(TEXTS)
def test_folded_once_more_it_is_the_same(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(TEXTS)
def test_neither_case_nor_composition_makes_a_difference(text: str) -> None:
    for other in (text.casefold(), unicodedata.normalize("NFC", text)):
        assert fold(other) == fold(text)
    assert fold(unicodedata.normalize("NFD", text)) == fold(text)


@given(TEXTS)
def test_each_character_has_its_place_in_the_text(text: str) -> None:
    folded, places = folded_with_places(text)
    assert folded == fold(text)
    if places is not None:
        assert len(places) == len(folded) + 1
        assert places == sorted(places)
        assert places[-1] == len(text)


def test_many_marks_on_one_letter_take_no_square_of_how_many() -> None:
    """Python puts marks in order one by one: of 100,000 that took minutes."""
    begun = time.process_time()
    fold("a" + "\u0301\u0323" * 50_000)
    assert time.process_time() - begun < 20


def test_no_text_becomes_much_longer() -> None:
    """Of one character some make a sentence."""
    assert len(fold("\ufdfa" * 1000)) <= 9 * 1000
