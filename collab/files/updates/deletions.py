"""Whether an update deletes anything that still exists."""

from __future__ import annotations

from bisect import bisect_right

from . import parsing
from .plan import in_order
from .structs import Range, Update


def deletes_anything(state: bytes, update: Update) -> bool:
    """Return whether an update deletes what a document in this state still has."""
    if not update.deletes:
        return False
    known = parsing.read(state, stored=True).deletes
    for client, found in update.deletes.items():
        gone = in_order(known.get(client, []))
        if not all(_within(one, gone) for one in found):
            return True
    return False


def _within(wanted: Range, gone: list[Range]) -> bool:
    clock, length = wanted
    place = bisect_right(gone, (clock, 2**53)) - 1
    return place >= 0 and clock + length <= gone[place][0] + gone[place][1]
