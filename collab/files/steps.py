"""Changes as the CRDT's library counts them, in bytes of UTF-8, and as everybody else does."""

from __future__ import annotations

from typing import Any

from .delta import NOTHING, Builder, Delta, Step
from .units import byte_offset, from_units, splits, to_units


class Embedded(Exception):
    """Something that is no text was put into the text."""


def check(units: str, delta: Delta) -> None:
    """Raise ValueError for a step that begins, ends or is in the middle of a character.

    That the changed text is whole is not enough: halves of two characters may make a third.
    """
    at = 0
    for step in delta:
        if isinstance(step, str):
            from_units(step)
        else:
            at += abs(step)
        if splits(units, at):
            raise ValueError("surrogates: a character is cut in two")


def in_bytes(units: str, delta: Delta) -> list[tuple[Step, int, int]]:
    """Return each step with its place in the old text, and what it walks along, in bytes."""
    places, at, here = [], 0, 0
    for step in delta:
        width = 0 if isinstance(step, str) else abs(step)
        length = byte_offset(units[at : at + width], width)
        places.append((step, here, length))
        at, here = at + width, here + length
    return places


def in_units(units: str, events: list[Any]) -> Delta:
    """Return an event's steps, counted in bytes, as a change of code units; raises Embedded."""
    if not events:
        return NOTHING
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
    return builder.built()
