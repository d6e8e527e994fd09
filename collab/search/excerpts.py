"""The words of a text around the place where a search matched it, found in bounded work.

FTS5 has functions for that, but they take the square of how often a word occurs: the excerpt of one
text of a letter and another, 50,000 times, took seconds.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from itertools import islice

from ..core.fulltext import Term
from .highlighting import CLOSE_MARK, OPEN_MARK

#: Words of an excerpt; characters of it that are looked at; characters and words
#: before its first match.
EXCERPT_WORDS = 24
MAX_MATCHES_LOOKED_AT = 2000
MAX_CHARACTERS_BEFORE_MATCH = 60
WORDS_BEFORE_MATCH = 9
#: Places of a term that are looked at in a text, and characters in which different terms are near.
MAX_PLACES_PER_TERM = 200
NEAR_CHARACTERS = 200

#: Characters without their diacritics, as the index knows them: each for one, in lower case.
_BARE = {
    code: bare[0]
    for code in range(0xC0, 0x2000)
    if len(bare := unicodedata.normalize("NFD", chr(code)).lower()) > 1
    and all(map(unicodedata.combining, bare[1:]))
}

Place = tuple[int, int]


def folded(text: str) -> str:
    """Return a text of the same length, in lower case and without diacritics."""
    lower = text.lower()
    if len(lower) != len(text):
        lower = "".join(low if len(low := one.lower()) == 1 else one for one in text)
    return lower if lower.isascii() else lower.translate(_BARE)


def excerpt(text: str, terms: Sequence[Term]) -> str:
    """Return the words of a text where most terms are near each other, with marks around them.

    Where nothing is found, it is the text's beginning.
    """
    bare = folded(text)
    places = sorted(
        {place for term in terms for place in islice(_places(bare, term), MAX_PLACES_PER_TERM)}
    )
    begin = _begin(text, _best(bare, places))
    end = _end(text, begin)
    shown = _marked(text, begin, end, places)
    return "…" * (begin > 0) + shown + "…" * (end < len(text.rstrip()))


def _places(text: str, term: Term) -> Iterator[Place]:
    """Yield where a term stands, as far as a bounded number of looks goes."""
    first, *rest = [folded(word) for word in term.words]
    at = -1
    for _ in range(MAX_PLACES_PER_TERM):
        at = text.find(first, at + 1)
        if at < 0:
            return
        if at and text[at - 1].isalnum():
            continue
        end = _after(text, at + len(first), rest)
        if end is not None and (term.begun or not text[end : end + 1].isalnum()):
            yield at, _word_end(text, end) if term.begun else end


def _after(text: str, at: int, words: list[str]) -> int | None:
    """Return where further words end that stand here, with nothing but signs in between."""
    for word in words:
        if text[at : at + 1].isalnum():
            return None
        gap = next((n for n in range(at, at + NEAR_CHARACTERS) if text[n : n + 1].isalnum()), None)
        if gap is None or not text.startswith(word, gap):
            return None
        at = gap + len(word)
    return at


def _word_end(text: str, at: int) -> int:
    stop = min(len(text), at + MAX_MATCHES_LOOKED_AT)
    return next((n for n in range(at, stop) if not text[n].isalnum()), stop)


def _best(text: str, places: list[Place]) -> int:
    """Return where the most different words are near each other; the first such place."""
    best, most = places[0][0] if places else 0, 0
    for number, (begin, _) in enumerate(places[:MAX_PLACES_PER_TERM]):
        near = places[number : number + EXCERPT_WORDS]
        found = len({text[a:b] for a, b in near if b <= begin + NEAR_CHARACTERS})
        if found > most:
            best, most = begin, found
    return best


def _begin(text: str, at: int) -> int:
    """Return where an excerpt begins that shows a place: a few words before."""
    parts = text[max(0, at - MAX_CHARACTERS_BEFORE_MATCH) : at].split(" ")
    if at > MAX_CHARACTERS_BEFORE_MATCH and len(parts) > 1:
        del parts[0]  # it may be half a word
    return at - len(" ".join(parts[-WORDS_BEFORE_MATCH:]))


def _end(text: str, begin: int) -> int:
    end, words = begin, 0
    for end in range(begin, min(len(text), begin + MAX_MATCHES_LOOKED_AT)):
        if text[end].isspace() and not text[end - 1 : end].isspace():
            words += 1
            if words == EXCERPT_WORDS:
                return end
    return min(len(text), begin + MAX_MATCHES_LOOKED_AT)


def _marked(text: str, begin: int, end: int, places: list[Place]) -> str:
    parts, at = [], begin
    for start, stop in places:
        if at <= start < end:
            parts += [text[at:start], OPEN_MARK, text[start : min(stop, end)], CLOSE_MARK]
            at = min(stop, end)
    return "".join((*parts, text[at:end]))
