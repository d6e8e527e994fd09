"""The difference between two texts, as small as can be found in a bounded time.

What two texts have in common is kept, so that concurrent changes by others survive: first their
equal ends, then lines that each has once, then lines, then characters of changed lines.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from .common import equal_ends, split_lines
from .delta import Builder, Delta, coarser

#: Pairs of lines or of characters that are compared for one difference.
MAX_PAIRS = 4_000_000
#: Pairs that are compared for one part of it.
MAX_PAIRS_PER_PART = 250_000
#: The cost of beginning a comparison, in such pairs.
START_PAIRS = 500
#: Pairs of lines that are compared one by one.
MAX_LINE_PAIRS = 20_000
#: Lines of one text that are compared, each as a separate string: with more lines, only the equal
#: ends are kept, and everything between them is replaced as a whole.
MAX_LINES = 50_000
#: Parts that a change may keep between others: the CRDT looks up each place.
MAX_PLACES = 300

_CHARACTER = re.compile("[\ud800-\udbff][\udc00-\udfff]|.", re.DOTALL)


def difference(old: str, new: str) -> Delta:
    """Return the change from `old` to `new`, both in code units; it cuts no character in two."""
    walk = _Difference()
    walk.texts(old, new)
    return coarser(walk.builder.built(), old, MAX_PLACES)


class _Difference:
    """Compares two texts from beginning to end."""

    def __init__(self) -> None:
        self.builder = Builder()
        self._left = MAX_PAIRS

    def texts(self, old: str, new: str) -> None:
        start, end = _equal_lines(old, new)
        self.builder.keep(start)
        before, after = old[start : len(old) - end], new[start : len(new) - end]
        if max(before.count("\n"), after.count("\n")) > MAX_LINES:
            self._characters(before, after)
        else:
            self._lines(split_lines(before), split_lines(after))
        self.builder.keep(end)

    def _lines(self, old: list[str], new: list[str]) -> None:
        """Go from one line that both have exactly once to the next, and compare what is between."""
        a = b = 0
        for at, there in _anchors(old, new):
            self._between(old[a:at], new[b:there])
            self.builder.keep(len(old[at]))
            a, b = at + 1, there + 1
        self._between(old[a:], new[b:])

    def _between(self, old: list[str], new: list[str]) -> None:
        if not self._worth(old, new):
            return self._changed(old, new)
        for same, a, b in _matched(old, new):
            if same:
                self.builder.keep(sum(map(len, a)))
            else:
                self._changed(a, b)
        return None

    def _changed(self, old: Sequence[str], new: Sequence[str]) -> None:
        """Compare lines none of which stayed, in pairs if both sides have equally many."""
        if len(old) != len(new) or len(old) > MAX_LINE_PAIRS:
            return self._characters("".join(old), "".join(new))
        for before, after in zip(old, new, strict=True):
            self._characters(before, after)
        return None

    def _characters(self, old: str, new: str) -> None:
        start, end = equal_ends(old, new)
        self.builder.keep(start)
        old, new = old[start : len(old) - end], new[start : len(new) - end]
        a, b, worth = [old], [new], False
        # A character is one unit or two; separately they take much more room than together.
        if 0 < len(old) * len(new) <= 4 * MAX_PAIRS_PER_PART:
            a, b = _CHARACTER.findall(old), _CHARACTER.findall(new)
            worth = self._worth(a, b)
        for same, before, after in _matched(a, b) if worth else [(False, a, b)]:
            count = sum(map(len, before))
            if same:
                self.builder.keep(count)
            else:
                self.builder.insert("".join(after))
                self.builder.delete(count)
        self.builder.keep(end)

    def _worth(self, old: Sequence[str], new: Sequence[str]) -> bool:
        """Return whether the budget allows this comparison, and spend it."""
        cost = len(old) * len(new)
        if not 0 < cost <= min(MAX_PAIRS_PER_PART, self._left):
            return False
        self._left -= cost + START_PAIRS
        return True


def _matched(old: list[str], new: list[str]) -> Iterator[tuple[bool, Sequence[str], Sequence[str]]]:
    # `autojunk` ignores whatever is frequent, which in a text is nearly every character.
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    for tag, a, b, c, d in matcher.get_opcodes():
        yield tag == "equal", old[a:b], new[c:d]


def _equal_lines(old: str, new: str) -> tuple[int, int]:
    """Return how much both have in common at their ends, in whole lines."""
    start, end = equal_ends(old, new)
    line = old.find("\n", len(old) - end)
    return old.rfind("\n", 0, start) + 1, len(old) - line - 1 if line >= 0 else 0


def _anchors(old: list[str], new: list[str]) -> list[tuple[int, int]]:
    """Find lines that both texts have exactly once, in the same order in both (patience diff)."""
    counts, others = Counter(old), Counter(new)
    places = {line: at for at, line in enumerate(new) if others[line] == 1}
    pairs = [
        (at, places[line]) for at, line in enumerate(old) if counts[line] == 1 and line in places
    ]
    return _longest_rising(pairs)


def _longest_rising(pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the longest part of the pairs whose second numbers rise."""
    tails: list[int] = []
    chain: list[int] = []
    before: list[int | None] = []
    for index, (_, there) in enumerate(pairs):
        place = bisect_left(tails, there)
        before.append(chain[place - 1] if place else None)
        tails[place : place + 1] = [there]
        chain[place : place + 1] = [index]
    found, at = [], chain[-1] if chain else None
    while at is not None:
        found.append(pairs[at])
        at = before[at]
    return found[::-1]
