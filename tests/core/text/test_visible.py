"""What a line may be made of: each kind of what hides is refused, and what people write is not."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab.core.schemas import LINE_PATTERN
from collab.core.text import visible

HIDING = {
    "zero-width space": "a\u200bb",
    "byte order mark": "a\ufeffb",
    "word joiner": "a\u2060b",
    "soft hyphen": "a\u00adb",
    "hangul filler": "a\u3164b",
    "halfwidth hangul filler": "a\uffa0b",
    "hangul jamo fillers": "a\u115f\u1160b",
    "grapheme joiner": "a\u034fb",
    "khmer inherent vowel": "a\u17b4b",
    "line separator": "a\u2028b",
    "paragraph separator": "a\u2029b",
    "next line": "a\u0085b",
    "override": "a\u202egnp.exe",
    "embedding": "a\u202ab",
    "isolate": "a\u2067b\u2069",
    "left-to-right mark": "a\u200eb",
    "right-to-left mark": "a\u200fb",
    "arabic letter mark": "a\u061cb",
    "joiner in Latin": "Ali\u200dce",
    "non-joiner in Latin": "Ali\u200cce",
    "joiner in Hebrew": "ש\u200dל\u05d5ם",
    "joiner at an end": "ن\u0627م\u200c",
    "selector in Latin": "Ali\ufe0fce",
    "selector of ideographs in Latin": "a\U000e0100b",
    "tags": "a\U000e0061\U000e0062",
    "tags after a flag": "\U0001f3f4\U000e0061\U000e0062\U000e0063",
    "mongolian separator": "a\u180eb",
    "interlinear": "a\ufff9b",
    "noncharacter": "a\uffffb",
    "musical": "a\U0001d173b",
    "khitan filler": "a\U00016fe4b",
}
SHOWING_NOTHING = ["", " ", "\u00a0", "\u3000", "\u2800", "\u2800 \u2800", "\u0301", "\u0301\u0302"]
SHOWING_NOTHING += ["\U0001d159", "\U0001d159 \u2800", "\U00013441"]
WRITTEN = [
    "Zoë",
    "Zoe\u0308",
    "O'Brien",
    "नरेंद्र",
    "مُحَمَّد",
    "می\u200cخو\u0627\u0647م",
    "क्\u200dष",
    "র\u200d্যাব",
    "ශ්\u200dරී",
    "ᠮᠣᠩᠭᠣᠯ\u180eᠠ",
    "葛\U000e0100城",
    "สมชาย",
    "של\u05d5ם",
    "👩\u200d🚀",
    "👩🏽\u200d🚀",
    "🏳\ufe0f\u200d🌈",
    "🙂\u200d↔\ufe0f",
    "1\ufe0f\u20e3",
    "❤\ufe0f",
    "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    "🇫🇷",
    "\u2139\ufe0f",
    "\u3030\ufe0f",
    "١٤٤٢ \u0647\u200d",
    "🧑\u200d🤝\u200d🧑",
    "❤\ufe0f\u200d🔥",
    "\u0601\u0661\u0662",
    "a\u00a0b",
]


@pytest.mark.parametrize("line", HIDING.values(), ids=HIDING)
def test_what_hides_or_turns_a_line_is_named(line: str) -> None:
    hidden = next(one for one in line if visible.is_hidden(one))
    assert f"U+{ord(hidden):04X}" in (visible.trouble(line) or "")


@pytest.mark.parametrize("line", SHOWING_NOTHING, ids=ascii)
def test_a_line_needs_something_to_see(line: str) -> None:
    assert visible.trouble(line) == visible.NOTHING_SEEN


@pytest.mark.parametrize("line", WRITTEN, ids=ascii)
def test_what_people_write_is_taken(line: str) -> None:
    assert visible.trouble(line) is None
    assert re.fullmatch(LINE_PATTERN[1:-1], line)


def test_the_documents_pattern_refuses_what_no_line_takes() -> None:
    """Each of the basic plane, between letters: what only some places take is left to the check."""
    placed = {"\u180b", "\u180c", "\u180d", "\u180e", "\u180f", "\u200c", "\u200d"}
    placed |= {chr(code) for code in range(0xFE00, 0xFE10)} | {chr(0xD800 + n) for n in range(2048)}
    unlike = [
        f"{code:04x}"
        for code in range(0x10000)
        if (one := chr(code)) not in placed
        and visible.is_hidden(one) == bool(re.fullmatch(LINE_PATTERN[1:-1], f"a{one}b"))
    ]
    assert unlike == []


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=12))
def test_what_is_taken_shows_each_of_its_characters_in_some_way(line: str) -> None:
    """By another road: nothing that is taken has a direction of its own, a break, or a control."""
    if visible.trouble(line) is None:
        directions = {unicodedata.bidirectional(one) for one in line}
        turning = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
        assert not directions & turning
        assert len(line.splitlines()) == 1
        assert line.strip()


@given(st.text(max_size=12))
def test_what_hides_can_be_replaced(line: str) -> None:
    cleaned = visible.without_hidden(line, "_")
    assert visible.hidden_in(cleaned) is None
