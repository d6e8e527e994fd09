"""The words of a text: what the full-text index stores, and what a search asks for.

A word is letters, digits and their marks. A sign written onto a word is a word of its own, so that
`C++` is three and `.NET` two; others only part them: `snake_case`, `kebab-case` and `src/main.py`
are found by their parts. A symbol that is not ASCII's, such as an emoji, is a word. `camelCase` is
one word, and its parts stand at the end, after a bar, with those of all other such words; so does
what follows a dot in a word, and the number of a version that stands on letters (`v1.2`).

Where words have no spaces between them (`RUN_LETTERS`), each letter with its marks is a word,
and a search for several is one for a phrase: so it is found in the middle of a run. Why these are
not pairs of letters, docs/decisions/0031 says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from ..text.patterns import later
from .characters import RUN_LETTERS, letter_marks, word_symbols
from .folding import fold, folded_with_places

#: Stands before the parts of a word; no text has it as a word.
PARTS_BAR = "|"
#: Different words of a text whose parts are noted, and characters of one that are looked at.
MAX_WORDS_WITH_PARTS = 2000
MAX_WORD_CHARACTERS = 200


def _word(marks: str) -> str:
    """Return the pattern of a word, or of a sign on one.

    Signs are after a word (`C++`, `C#`, `50%`, `A*`), before one (`.NET`, `#tag`, `@name`, `$5`),
    or between two (`R&D`).
    """
    return (
        rf"(?:[^\W_{RUN_LETTERS}][{marks}]*)+|[{RUN_LETTERS}][{marks}]*|[{word_symbols()}][{marks}]*"
        rf"|(?<=[\w{marks}+#])[+#]|(?<=[\w{marks}])(?:%|\*(?![\w*])|&(?=\w))"
        rf"|[#@$+](?=\w)|(?<![\w{marks}.])\.(?=[^\W\d_])"
    )


_WORD = later(lambda: re.compile(_word(letter_marks())))
_ASCII_WORD = re.compile(
    r"[a-z0-9]+|(?<=[a-z0-9_+#])[+#]|(?<=[a-z0-9_])(?:%|\*(?![a-z0-9_*])|&(?=[a-z0-9_]))"
    r"|[#@$+](?=[a-z0-9_])|(?<![a-z0-9_.])\.(?=[a-z])"
)

#: Letters that have a case: Latin, Greek, Cyrillic, Armenian.
_CASED = range(0x590)
_UPPER = "".join(chr(code) for code in _CASED if chr(code).isupper())
_LOWER = "".join(chr(code) for code in _CASED if chr(code).islower())
#: What stands after a dot within a word: `.NET` is found in `ASP.NET`, `.pdf` in `plan.pdf`.
_DOTTED = re.compile(r"(?<=[^\W_])\.([^\W\d_][^\W_]{0,40})")
#: The number of a version after letters: `1.2` is found in `v1.2`, `3.11` in `python3.11`.
_VERSION = re.compile(r"(?<=[^\W\d_])[0-9]{1,20}(?:\.[0-9]{1,20}){1,9}")
_NUMBER = re.compile("[0-9]+")
#: Where the parts of a word begin: `parseURLs` has two, `HTTPServer` two.
_HUMP = later(
    lambda: re.compile(
        rf"(?<=[{_LOWER}0-9])(?=[{_UPPER}])|(?<=[{_UPPER}])(?=[{_UPPER}](?!s(?![^\W_]))[{_LOWER}])"
    )
)


class Word(NamedTuple):
    """A word, and where it stands."""

    text: str
    begin: int
    end: int


def words(text: str) -> list[str]:
    """Return the words of a text in their order, folded, without the parts of any."""
    folded = fold(text)
    return (_ASCII_WORD if folded.isascii() else _WORD).findall(folded)


def parts(text: str) -> Iterator[list[Word]]:
    """Find words in camel case, those after a dot, and versions: yields the parts of each."""
    for match in _DOTTED.finditer(text):
        dot, end = match.start(), match.end()
        yield [Word(".", dot, dot + 1), Word(fold(match[1]), dot + 1, end)]
    for match in _VERSION.finditer(text):
        at = match.start()
        numbers = _NUMBER.finditer(match[0])
        yield [Word(one[0], at + one.start(), at + one.end()) for one in numbers]
    done = 0
    for hump in _HUMP.finditer(text):
        if hump.start() >= done:
            begin, done = _word_around(text, hump.start(), done)
            word = text[begin:done]
            cuts = [0, *(one.start() for one in _HUMP.finditer(word)), len(word)]
            yield [
                Word(fold(word[first:last]), begin + first, begin + last)
                for first, last in pairwise(cuts)
            ]


def _word_around(text: str, at: int, after: int) -> tuple[int, int]:
    """Return where the word begins and ends that stands around a place, of bounded length."""
    begin, end = at, at
    while begin > max(after, at - MAX_WORD_CHARACTERS) and text[begin - 1].isalnum():
        begin -= 1
    while end < min(len(text), at + MAX_WORD_CHARACTERS) and text[end].isalnum():
        end += 1
    return begin, end


def indexed(text: str) -> str:
    """Return what the index has of a text: its words, and the parts of those that have some."""
    several: dict[tuple[str, ...], None] = {}
    for found in parts(text):
        several[tuple(one.text for one in found)] = None
        if len(several) == MAX_WORDS_WITH_PARTS:
            break
    return " ".join([*words(text), *(f"{PARTS_BAR} {' '.join(one)}" for one in several)])


def placed(text: str) -> list[Word]:
    """Return the words of a text with their places in it."""
    folded, places = folded_with_places(text)
    found = (_ASCII_WORD if folded.isascii() else _WORD).finditer(folded)
    if places is None:
        return [Word(one[0], one.start(), one.end()) for one in found]
    return [Word(one[0], places[one.start()], _end(places, one.end())) for one in found]


def _end(places: list[int], at: int) -> int:
    """Return where a character ends, also one that became several and of which this is a part."""
    while places[at] == places[at - 1]:
        at += 1
    return places[at]
