"""Changes as the CRDT's library counts them, in bytes of UTF-8, and as everybody else does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from ...frozen import frozen
from .delta import NO_CHANGE, Builder, Delta
from .units import byte_offset, from_units, splits, to_units

#: Pieces of a text that the library may walk over to find the places of one change: some 50 ms.
MAX_PIECES_PASSED = 3_000_000
#: Parts that a change may keep between others in any text.
MIN_PLACES = 8


class Embedded(Exception):
    """Something that is not text was put into the text."""


def check(units: str, delta: Delta) -> None:
    """Raise ValueError for a step that begins, ends or is in the middle of a character.

    It is not enough that the changed text is whole: halves of two characters may make a third.
    """
    at = 0
    for step in delta:
        if isinstance(step, str):
            from_units(step)
        else:
            at += abs(step)
        if splits(units, at):
            raise ValueError("surrogates: a character is cut in two")


def most_kept(pieces: int) -> int:
    """Return how many parts a change may keep: for each, the library walks over all before it."""
    return max(MIN_PLACES, MAX_PIECES_PASSED // (2 * pieces + 1))


@frozen
class Place:
    """Where in the old text something is inserted or deleted, in bytes."""

    here: int
    insert: str = ""
    delete: int = 0

    @property
    def growth(self) -> int:
        """By how many bytes it makes the text longer."""
        return len(self.insert.encode()) - self.delete


def in_bytes(units: str, delta: Delta) -> list[Place]:
    """Return what a change does, and at which places of the old text."""
    places, at, here = [], 0, 0
    for step in delta:
        if isinstance(step, str):
            places.append(Place(here, insert=from_units(step)))
            continue
        length = byte_offset(units[at : at + abs(step)], abs(step))
        if step < 0:
            places.append(Place(here, delete=length))
        at, here = at + abs(step), here + length
    return places


def from_the_middle(places: Sequence[Place], shift: int = 0) -> Iterator[Place]:
    """Yield the steps one after the other, each at the place where it is by then.

    The one in the middle comes first, then those before it and those after it, each in the same
    way. So a text of one piece is halved again and again; going from one end to the other, each
    place would split nearly all of it once more.
    """
    if not places:
        return
    middle = len(places) // 2
    before, one, after = places[:middle], places[middle], places[middle + 1 :]
    yield replace(one, here=one.here + shift)
    yield from from_the_middle(before, shift)
    yield from from_the_middle(after, shift + one.growth + sum(it.growth for it in before))


def in_units(units: str, events: list[Any]) -> Delta:
    """Return an event's steps, counted in bytes, as a change of code units.

    Raises Embedded, and ValueError for steps that are not of this text.
    """
    if not events:
        return NO_CHANGE
    builder, at = Builder(), 0
    old = from_units(units).encode() if not units.isascii() else b""
    for step in events:
        if "insert" in step:
            if not isinstance(step["insert"], str):
                raise Embedded()
            builder.insert(to_units(step["insert"]))
            continue
        count = step.get("retain", step.get("delete"))
        length = len(to_units(old[at : at + count].decode())) if old else count
        at += count
        builder.add(length if "retain" in step else -length)
    if at > (len(old) or len(units)):
        raise ValueError(f"the event reaches {at} bytes into a text that is shorter")
    return builder.built()
