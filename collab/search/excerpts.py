"""The words of a text around the place where a search matched it, found in bounded work.

The index has the words of a text, not the text: matches are looked up in the text itself, by the
same rule for words. That is done piece by piece, until every term has been found.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ..core.words.asked import Term
from ..core.words.folding import fold
from ..core.words.splitting import Word, parts, placed
from .highlighting import CLOSE_MARK, OPEN_MARK

#: Words of an excerpt; characters of it that are examined; characters and words before its first
#: match.
EXCERPT_WORDS = 24
MAX_MATCHES_LOOKED_AT = 2000
MAX_CHARACTERS_BEFORE_MATCH = 60
WORDS_BEFORE_MATCH = 9
#: Places of a term that are examined in a text, and characters within which terms are near.
MAX_PLACES_PER_TERM = 200
NEAR_CHARACTERS = 200
#: Characters of a piece; it ends after a space, if it has one.
PIECE_CHARACTERS = 4000


class Place(NamedTuple):
    """Where a term is."""

    begin: int
    end: int
    term: int


def excerpt(text: str, terms: Sequence[Term]) -> str:
    """Return the words of a text where most terms are near each other, with marks around them.

    If nothing is found, it is the text's beginning.
    """
    places = _places(text, terms)
    begin = _begin(text, _best(places))
    end = _end(text, begin)
    shown = _marked(text, begin, end, places)
    return "…" * (begin > 0) + shown + "…" * (end < len(text.rstrip()))


def whole(text: str, terms: Sequence[Term]) -> str:
    """Return a text with marks around the terms."""
    return _marked(text, 0, len(text), _places(text, terms))


def _places(text: str, terms: Sequence[Term]) -> list[Place]:
    """Return where terms are in a text, in order, up to the piece by which all were found."""
    found: list[Place] = []
    counts = [0] * len(terms)
    for at, piece in _pieces(text):
        here = _in_piece(piece, terms, counts)
        found += [Place(begin + at, end + at, number) for begin, end, number in here]
        if len({place.term for place in here}) == len(terms):
            break
    return sorted(found)


def _pieces(text: str) -> Iterator[tuple[int, str]]:
    """Cut a text into pieces, each with the position where it begins."""
    at = 0
    while at < len(text):
        end = min(len(text), at + PIECE_CHARACTERS)
        if end < len(text):
            spaces = (n for n in range(end, at, -1) if text[n - 1].isspace())
            end = next(spaces, end)
        yield at, text[at:end]
        at = end


def _in_piece(piece: str, terms: Sequence[Term], counts: list[int]) -> list[Place]:
    folded = fold(piece)
    here = [
        (number, term)
        for number, term in enumerate(terms)
        if counts[number] < MAX_PLACES_PER_TERM and any(way[0] in folded for way in term.ways)
    ]
    if not here:
        return []
    found: list[Place] = []
    sequences = [placed(piece), *parts(piece)]
    for number, term in here:
        room = MAX_PLACES_PER_TERM - counts[number]
        places = [Place(*one, number) for words in sequences for one in _of_term(words, term)][
            :room
        ]
        counts[number] += len(places)
        found += places
    return found


def _of_term(words: list[Word], term: Term) -> Iterator[tuple[int, int]]:
    """Yield where a term is in words that follow each other."""
    for way in term.ways:
        *before, last = way
        for at in range(len(words) - len(before)):
            end = words[at + len(before)]
            if not (end.text.startswith(last) if term.begun else end.text == last):
                continue
            if all(words[at + n].text == word for n, word in enumerate(before)):
                yield words[at].begin, end.end


def _best(places: list[Place]) -> int:
    """Return the first place where the most different terms are near each other."""
    best, most = places[0].begin if places else 0, 0
    for number, (begin, _, _) in enumerate(places[:MAX_PLACES_PER_TERM]):
        near = places[number : number + EXCERPT_WORDS]
        found = len({one.term for one in near if one.end <= begin + NEAR_CHARACTERS})
        if found > most:
            best, most = begin, found
    return best


def _begin(text: str, at: int) -> int:
    """Return where an excerpt that shows a place begins: a few words before it."""
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
    for start, stop, _ in places:
        if at <= start < end:
            parts += [text[at:start], OPEN_MARK, text[start : min(stop, end)], CLOSE_MARK]
            at = min(stop, end)
    return "".join((*parts, text[at:end]))
