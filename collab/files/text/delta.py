"""Changes of a text, and how two that were made at the same time are merged.

A delta is a tuple that walks along the text: a positive number keeps that many code units, a
negative one deletes them, a string is inserted; everything after the last step is kept. This is
operational transformation as in Ellis and Gibbs (1989), with the one property that a server which
orders changes needs: for two deltas `a` and `b` of the same text, `a` then `transform(b, a)` makes
the same text as `b` then `transform(a, b, first=True)`.

Lengths are UTF-16 code units (see `units`). All functions are pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import cast

Step = int | str
Delta = tuple[Step, ...]

NO_CHANGE: Delta = ()
SECOND_HALF = re.compile("[\udc00-\udfff]")
#: Code units that are compared at once.
COMPARED_UNITS = 1024


class Builder:
    """Builds a delta: neighbouring steps of a kind are joined, insertions go before deletions."""

    def __init__(self) -> None:
        self._steps: list[Step] = []

    def keep(self, count: int) -> None:
        """Keep some units."""
        if count:
            self._number(count)

    def delete(self, count: int) -> None:
        """Delete some units."""
        if count:
            self._number(-count)

    def _number(self, number: int) -> None:
        last = self._steps[-1] if self._steps else ""
        if isinstance(last, int) and (last > 0) is (number > 0):
            self._steps[-1] = last + number
        else:
            self._steps.append(number)

    def insert(self, text: str) -> None:
        """Insert a text."""
        if not text:
            return
        steps = self._steps
        at = len(steps)
        # Before or after a deletion, the text is the same: always before, so that equal changes are
        # equal.
        if steps and isinstance(steps[-1], int) and steps[-1] < 0:
            at -= 1
        before = steps[at - 1] if at else 0
        if isinstance(before, str):
            steps[at - 1] = before + text
        else:
            steps.insert(at, text)

    def add(self, step: Step) -> None:
        """Add a step as it is."""
        if isinstance(step, str):
            self.insert(step)
        elif step:
            self._number(step)

    def built(self) -> Delta:
        """Return the delta, without what it keeps at the end."""
        steps = self._steps
        if steps and isinstance(steps[-1], int) and steps[-1] > 0:
            steps = steps[:-1]
        return tuple(steps)


def normal(steps: Iterable[Step]) -> Delta:
    """Return steps in canonical form: equal changes have equal steps."""
    builder = Builder()
    for step in steps:
        builder.add(step)
    return builder.built()


def span(delta: Delta) -> int:
    """Return how many units of the text a delta walks over."""
    return sum(abs(step) for step in delta if isinstance(step, int))


def inserted(delta: Delta) -> int:
    """Return how many units a delta inserts."""
    return sum(len(step) for step in delta if isinstance(step, str))


def deleted(delta: Delta) -> int:
    """Return how many units a delta deletes."""
    return -sum(step for step in delta if isinstance(step, int) and step < 0)


def growth(delta: Delta) -> int:
    """Return by how many units a delta makes a text longer."""
    grown = 0  # one loop: it runs for each change that another is rebased over
    for step in delta:
        if isinstance(step, str):
            grown += len(step)
        elif step < 0:
            grown += step
    return grown


def weight(delta: Delta) -> int:
    """Return about how many bytes a delta takes."""
    return inserted(delta) + 8 * len(delta)


def apply(text: str, delta: Delta) -> str:
    """Return the changed text; raises ValueError if the delta reaches past its end."""
    if span(delta) > len(text):
        raise ValueError(f"the change reaches {span(delta)} into a text of {len(text)}")
    parts, at = [], 0
    for step in delta:
        if isinstance(step, str):
            parts.append(step)
        elif step > 0:
            parts.append(text[at : at + step])
            at += step
        else:
            at -= step
    parts.append(text[at:])
    return "".join(parts)


def invert(delta: Delta, text: str) -> Delta:
    """Return the inverse of a delta that was applied to `text`."""
    builder, at = Builder(), 0
    for step in delta:
        if isinstance(step, str):
            builder.delete(len(step))
        elif step > 0:
            builder.keep(step)
            at += step
        else:
            builder.insert(text[at : at - step])
            at -= step
    return builder.built()


class _Walk:
    """Yields a delta's steps in pieces; after the last one it keeps as much as is asked for."""

    def __init__(self, delta: Delta) -> None:
        self._steps: Iterator[Step] = iter(delta)
        self.step: Step | None = next(self._steps, None)

    def next(self) -> None:
        """Go on to the next step."""
        self.step = next(self._steps, None)

    def take(self, count: int) -> None:
        """Consume `count` units of the present step."""
        step = self.step
        if step is None:
            return
        if isinstance(step, str):
            rest: Step = step[count:]
        else:
            rest = step - count if step > 0 else step + count
        if rest:
            self.step = rest
        else:
            self.next()


def transform(delta: Delta, over: Delta, *, first: bool = False) -> Delta:
    """Return a delta as it must be after `over`, made from the same text, has been applied.

    For two insertions at one place, that of `over` comes first, or with `first` that of `delta`.
    """
    if not first and (moved := _past_insertion(delta, over)) is not None:
        return moved
    builder, mine, theirs = Builder(), _Walk(delta), _Walk(over)
    while mine.step is not None:
        step, other = mine.step, theirs.step
        if isinstance(step, str) and (first or not isinstance(other, str)):
            builder.insert(step)
            mine.next()
        elif isinstance(other, str):
            builder.keep(len(other))
            theirs.next()
        else:
            _both(builder, mine, theirs)
    return builder.built()


def _past_insertion(delta: Delta, over: Delta) -> Delta | None:
    """Transform where `over` is one insertion, and `delta` is entirely before or after it.

    That is the usual case while people type. Returns None in other cases.
    """
    if not delta or not 0 < len(over) < 3 or not isinstance(over[-1], str):
        return None
    at = over[0] if len(over) == 2 else 0
    kept = delta[0] if isinstance(delta[0], int) and delta[0] > 0 else 0
    if not isinstance(at, int) or at < 0:
        return None
    if kept >= at:
        return (kept + len(over[-1]), *delta[kept > 0 :])
    # A delta that reaches up to the place may insert right there: then the two have to be ordered.
    return delta if span(delta) < at else None


def _both(builder: Builder, mine: _Walk, theirs: _Walk) -> None:
    """Walk over as many units as both treat alike."""
    step, other = cast(int, mine.step), cast(int | None, theirs.step)
    count = abs(step) if other is None else min(abs(step), abs(other))
    if other is None or other > 0:  # otherwise they are already gone
        builder.add(count if step > 0 else -count)
    mine.take(count)
    theirs.take(count)


def compose(before: Delta, after: Delta) -> Delta:
    """Return one delta that does what two do, one after the other."""
    builder, one, two = Builder(), _Walk(before), _Walk(after)
    while one.step is not None or two.step is not None:
        step, then = one.step, two.step
        if isinstance(then, str):
            builder.insert(then)
            two.next()
        # The second has never seen what the first deleted: its steps don't count it.
        elif isinstance(step, int) and step < 0:
            builder.add(step)
            one.next()
        else:
            _after(builder, one, two)
    return builder.built()


def _after(builder: Builder, one: _Walk, two: _Walk) -> None:
    """Apply the second delta's steps to what the first one leaves (kept or inserted)."""
    step, then = one.step, cast(int | None, two.step)
    left = None if step is None else len(step) if isinstance(step, str) else step
    wanted = None if then is None else abs(then)
    count = min(number for number in (left, wanted) if number is not None)
    if then is None or then > 0:
        builder.add(step[:count] if isinstance(step, str) else count)
    elif not isinstance(step, str):
        builder.delete(count)
    one.take(count)
    two.take(count)


def replaced(before: str, after: str) -> Delta:
    """Return the change between two texts of the same length that differ in some pairs."""
    builder, at = Builder(), 0
    for end in _differing(before, after):
        start = end - 2
        builder.keep(start - at)
        builder.delete(2)
        builder.insert(after[start:end])
        at = end
    return builder.built()


def _differing(before: str, after: str) -> Iterator[int]:
    """Return the ends of the pairs that differ; only differing parts are compared closely."""
    for start in range(0, len(before), COMPARED_UNITS):
        end = start + COMPARED_UNITS
        if before[start:end] != after[start:end]:
            for match in SECOND_HALF.finditer(before, start, end):
                pair = slice(match.start() - 1, match.end())
                if before[pair] != after[pair]:
                    yield match.end()


def coarser(delta: Delta, old: str, places: int) -> Delta:
    """Return a change of `old` that keeps at most `places` parts, the longest ones.

    It deletes and reinserts everything else, so that the result is the same text.
    """
    kept = sorted(step for step in delta if isinstance(step, int) and step > 0)
    if len(kept) <= places:
        return delta
    least = kept[-places]
    ties = places - sum(step > least for step in kept)
    builder, at = Builder(), 0
    for step in delta:
        if isinstance(step, str) or step < 0:
            builder.add(step)
        elif step > least or (step == least and (ties := ties - 1) >= 0):
            builder.keep(step)
        else:
            builder.insert(old[at : at + step])
            builder.delete(step)
        at += 0 if isinstance(step, str) else abs(step)
    return builder.built()
