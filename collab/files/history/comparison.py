"""Two versions of a text side by side: as a unified diff, and as edits."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator
from difflib import SequenceMatcher
from functools import cached_property
from typing import Any

from ...frozen import frozen
from ..editing import store
from ..models import File
from ..text.delta import Delta, Step, span
from ..text.difference import difference
from ..text.encoding import edits_of
from ..text.units import from_units

#: Lines of context around a change.
CONTEXT_LINES = 3
NEWLINE_PATTERN = re.compile("\n")
NO_NEWLINE = "\\ No newline at end of file\n"

#: What difflib calls an opcode: a word, and line ranges of the old and of the new text.
Opcode = tuple[str, int, int, int, int]


@frozen
class Comparison:
    """The difference between two versions."""

    path: str
    from_version: int
    to_version: int
    old: str
    new: str

    @cached_property
    def delta(self) -> Delta:
        """The change from the old text to the new one."""
        return difference(self.old, self.new)

    @property
    def edits(self) -> list[dict[str, Any]]:
        """The same, as it is sent."""
        return edits_of(self.delta)

    @property
    def unified(self) -> str:
        """The unified diff, as `diff -u` writes it; empty for equal texts."""
        hunks = unified(self.old, self.new, self.delta)
        if not hunks:
            return ""
        path, old, new = self.path, self.from_version, self.to_version
        return f"--- a/{path}\tversion {old}\n+++ b/{path}\tversion {new}\n{from_units(hunks)}"


def of_versions(file: File, old: int, new: int | None) -> Comparison:
    """Compare two versions, or one with the present; raises NotFound, JoinedVersion."""
    new = store.current_version(file.id) if new is None else new
    texts = store.units_at(file.id, old), store.units_at(file.id, new)
    return Comparison(file.path, old, new, *texts)


class Lines:
    """The lines of a text by where they end: as separate strings they take 30 times as much."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._ends = array("I", (found.end() for found in NEWLINE_PATTERN.finditer(text)))
        if text and not text.endswith("\n"):
            self._ends.append(len(text))

    def between(self, first: int, end: int) -> str:
        """Return the lines from one up to, but not including, another."""
        if first >= end:
            return ""
        return self._text[self._ends[first - 1] if first else 0 : self._ends[end - 1]]


def count_lines(text: str) -> int:
    """Return how many lines a text has."""
    return text.count("\n") + bool(text and not text.endswith("\n"))


def unified(old: str, new: str, delta: Delta) -> str:
    """Return the hunks from `old` to `new`, along a change that leads there."""
    matcher = _Known(_opcodes(old, new, delta))
    before, after = Lines(old), Lines(new)
    hunks = [] if old == new else matcher.get_grouped_opcodes(CONTEXT_LINES)
    return "".join(_hunk(before, after, list(group)) for group in hunks)


def _hunk(old: Lines, new: Lines, group: list[Opcode]) -> str:
    first, last = group[0], group[-1]
    parts = [f"@@ -{_range(first[1], last[2])} +{_range(first[3], last[4])} @@\n"]
    for tag, a, b, c, d in group:
        if tag == "equal":
            parts.append(_marked(" ", old.between(a, b)))
        else:
            parts.append(_marked("-", old.between(a, b)))
            parts.append(_marked("+", new.between(c, d)))
    return "".join(parts)


def _range(start: int, end: int) -> str:
    """Write a range of lines; an empty one is named by the line before it."""
    count = end - start
    return f"{start + 1 if count else start},{count}"


def _marked(mark: str, lines: str) -> str:
    """Write a mark before each line."""
    if not lines:
        return ""
    # A mark for each line, and none after the last line break.
    whole = lines.removesuffix("\n")
    marked = mark + whole.replace("\n", f"\n{mark}") + "\n"
    return marked if lines.endswith("\n") else marked + NO_NEWLINE


def _opcodes(old: str, new: str, delta: Delta) -> list[Opcode]:
    """Return what happened to each line."""
    found: list[Opcode] = []
    a = b = 0
    ends = (count_lines(old), count_lines(new), 0)
    for start, there, count in [*_Blocks(old, new).kept_by(delta), ends]:
        if start > a or there > b:
            tag = "replace" if start > a and there > b else "delete" if start > a else "insert"
            found.append((tag, a, start, b, there))
        elif count and found:  # continues where the lines before it ended
            a, b = found[-1][1], found[-1][3]
            count += found.pop()[2] - a
            start, there = a, b
        if count:
            found.append(("equal", start, start + count, there, there + count))
        a, b = start + count, there + count
    return found


class _Known(SequenceMatcher[str]):
    """Opcodes that are known already, for difflib to group."""

    def __init__(self, opcodes: list[Opcode]) -> None:
        super().__init__()
        self._known = opcodes

    def get_opcodes(self) -> Any:
        """Return what is known."""
        return self._known


class _Blocks:
    """Walks along two texts, and finds the lines that they share."""

    def __init__(self, old: str, new: str) -> None:
        self._old, self._new = old, new
        self._at = self._there = 0
        self._line = self._line_there = 0

    def kept_by(self, delta: Delta) -> Iterator[tuple[int, int, int]]:
        """Yield whole lines that a change keeps: where they begin in each text, and how many."""
        # A change says nothing about what follows its last step: all of that stays.
        rest: Step = len(self._old) - span(delta)
        for step in [*delta, rest]:
            if isinstance(step, str):
                self._there += len(step)
                self._line_there += step.count("\n")
            elif step < 0:
                self._line += self._old.count("\n", self._at, self._at - step)
                self._at -= step
            elif step:
                yield from self._kept(step)

    def _kept(self, count: int) -> Iterator[tuple[int, int, int]]:
        old, at, end = self._old, self._at, self._at + count
        first, line, there = at, self._line, self._line_there
        if not (_begins(old, at) and _begins(self._new, self._there)):
            first = old.find("\n", at, end) + 1 or end
            line, there = line + 1, there + 1
        ends = end == len(old) and self._there + count == len(self._new)
        last = end if ends else max(first, old.rfind("\n", first, end) + 1)
        lines = old.count("\n", first, last)
        lines += last > first and old[last - 1] != "\n"
        if lines:
            yield line, there, lines
        feeds = old.count("\n", at, end)
        self._at, self._there = end, self._there + count
        self._line, self._line_there = self._line + feeds, self._line_there + feeds


def _begins(text: str, position: int) -> bool:
    """Return whether a line begins at a position."""
    return position == 0 or text[position - 1] == "\n"
