"""Undoing some changes of a text, although others were made after them."""

from __future__ import annotations

from collections.abc import Sequence

from .common import equal_ends
from .delta import NO_CHANGE, Builder, Delta, apply, compose, invert, transform


def undo(text: str, changes: Sequence[Delta], chosen: Sequence[bool]) -> Delta:
    """Return what undoes the chosen changes, as a change to the text after the last one.

    `text`, in code units, is what the first change was made to. Walking back from the last change,
    `kept` leads from the text after the current change to the wanted text: a change that stays is
    put before it, and the inverse of a chosen one is moved over it.
    """
    kept, back = NO_CHANGE, NO_CHANGE
    inverses, present = _inverses(text, changes, chosen)
    for delta, inverse in reversed(inverses):
        if inverse is None:
            kept = compose(delta, kept)
        else:
            back = compose(back, transform(inverse, kept))
            kept = transform(kept, inverse, first=True)
    return _settled(back, present)


def _inverses(
    text: str, changes: Sequence[Delta], chosen: Sequence[bool]
) -> tuple[list[tuple[Delta, Delta | None]], str]:
    """Return each change with its inverse, if it is chosen, and the text after the last."""
    found = []
    for delta, taken_back in zip(changes, chosen, strict=True):
        found.append((delta, invert(delta, text) if taken_back else None))
        text = apply(text, delta)
    return found, text


def _settled(delta: Delta, text: str) -> Delta:
    """Return a change without what it would delete and insert again at the same place."""
    builder, at, put = Builder(), 0, ""
    for step in (*delta, 0):
        if isinstance(step, str):
            put = step
            continue
        gone = text[at : at - step] if step < 0 else ""
        start, end = equal_ends(gone, put)
        builder.keep(start)
        builder.insert(put[start : len(put) - end])
        builder.delete(len(gone) - start - end)
        builder.keep(end + max(step, 0))
        at, put = at + abs(step), ""
    return builder.built()
