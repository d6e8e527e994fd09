"""Characters of two code units that an edit cuts: both halves become U+FFFD, as Yjs makes them.

The library keeps the whole character on one side and nothing on the other, so the lengths of its
content no longer match the ids. It must never cut one itself: such characters are replaced
beforehand, in the update or in the document. That moves no id, since U+FFFD is one code unit.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from itertools import compress

from ..text.units import from_units, is_astral, to_units
from . import parsing
from .plan import Plan
from .structs import Id, Range, Struct, Update, number

REPLACED_PAIR = "\ufffd\ufffd"
#: For each upper byte of a code unit, whether it belongs to a second half.
SECOND_HALVES = bytes(0xDC <= byte <= 0xDF for byte in range(256))

#: Clocks by client, in order.
Clocks = dict[int, "array[int]"]


class Pairs:
    """The ids of a document's second halves."""

    def __init__(self) -> None:
        self._clocks: Clocks = {}

    def __bool__(self) -> bool:
        return bool(self._clocks)

    @property
    def footprint(self) -> int:
        """Return how many bytes they take."""
        return sum(clocks.itemsize * len(clocks) for clocks in self._clocks.values())

    def note(self, structs: list[Struct]) -> None:
        """Note the second halves in structs that are newer than those before."""
        for struct in structs:
            if struct.text is not None:
                clocks = self._clocks.setdefault(struct.client, array("Q"))
                halves = _second_halves(struct)
                # Overlaps must not be noted twice: lookups are by bisection.
                clocks.extend(halves[bisect_right(halves, clocks[-1]) :] if clocks else halves)

    def forget(self, broken: set[Id]) -> None:
        """Forget those that have been replaced."""
        for client, clocks in _by_client(broken).items():
            if client in self._clocks:
                self._clocks[client] = _without(self._clocks[client], clocks)
                if not self._clocks[client]:
                    del self._clocks[client]

    def divided(self, update: Update, cuts: Iterable[Id]) -> set[Id]:
        """Return which of them, and of an update's, are right after a cut."""
        new = _halves_of([update])
        if not new and not self._clocks:
            return set()
        return {at for at in cuts if _has(new, at) or self._has(at)}

    def divided_by(self, updates: list[Update]) -> set[Id]:
        """Return which of them some updates divide."""
        if not self._clocks:
            return set()
        return {at for one in updates for at in cuts_of(one) if self._has(at)}

    def outside(self, known: dict[int, int], clocks: dict[int, int]) -> dict[int, int]:
        """Return how far somebody knows the existing clients, to a whole character."""
        return {
            # Between the halves of a pair: from before it, since neither is sent alone.
            client: min(clock, clocks[client]) - self._has((client, clock))
            for client, clock in known.items()
            if clock and client in clocks
        }

    def _has(self, at: Id) -> bool:
        return _has(self._clocks, at)


def _has(clocks: Clocks, at: Id) -> bool:
    found = clocks.get(at[0])
    if found is None:
        return False
    place = bisect_left(found, at[1])
    return place < len(found) and found[place] == at[1]


def _without(clocks: array[int], gone: list[int]) -> array[int]:
    """Return clocks without others, all in order; there may be a million, and few to remove."""
    left, at = array("Q"), 0
    for clock in gone:
        end = bisect_left(clocks, clock, at)
        left.extend(clocks[at:end])
        at = end + (end < len(clocks) and clocks[end] == clock)
    left.extend(clocks[at:])
    return left


def _second_halves(struct: Struct) -> array[int]:
    """Return the clocks of a struct's second halves, in order; a text may be all such characters.

    A code unit is one if its upper byte is 0xDC to 0xDF.
    """
    text = struct.text
    if text is None or not is_astral(text):
        return array("Q")
    upper = text.encode("utf-16-le")[1::2]
    clocks = range(struct.clock, struct.clock + len(upper))
    return array("Q", compress(clocks, upper.translate(SECOND_HALVES)))


def _halves_of(updates: Iterable[Update]) -> Clocks:
    """Return all second halves of some updates, which may overlap."""
    found: Clocks = {}
    for update in updates:
        for struct in (one for many in update.structs.values() for one in many if update.astral):
            if halves := _second_halves(struct):
                found.setdefault(struct.client, array("Q")).extend(halves)
    return {client: array("Q", sorted(clocks)) for client, clocks in found.items()}


def cuts(plan: Plan) -> Iterator[Id]:
    """Return the ids before which a plan divides something."""
    yield from plan.since.items()
    yield from _between(plan.structs)
    yield from _ends(plan.deletes)


def cuts_of(update: Update) -> Iterator[Id]:
    """Return the ids before which an update divides something, known or not."""
    for found in update.structs.values():
        yield from _between(found)
    yield from _ends(update.deletes)


def _between(structs: list[Struct]) -> Iterator[Id]:
    for struct in structs:
        if struct.left:
            yield struct.left[0], struct.left[1] + 1
        if struct.right:
            yield struct.right


def _ends(deletes: dict[int, list[Range]]) -> Iterator[Id]:
    for client, ranges in deletes.items():
        for clock, length in ranges:
            yield client, clock
            yield client, clock + length


def divided_in(updates: list[Update]) -> set[Id]:
    """Return which second halves of some updates any of them divides."""
    new = _halves_of(updates)
    return {at for one in updates for at in cuts_of(one) if _has(new, at)} if new else set()


def patched(update: Update, broken: set[Id]) -> bytes:
    """Return an update with U+FFFD for both halves of the characters with these second halves."""
    parts: list[bytes] = []
    at, clocks = 0, _by_client(broken)
    for found in update.structs.values():
        for struct in found:
            if struct.text is None or not (cut := _inside(struct, clocks.get(struct.client, []))):
                continue
            size = len(struct.text.encode())
            text = _patched(struct, cut).encode()
            # The length comes before the text, in as many bytes as it takes (lib0), and may change.
            parts += update.data[at : struct.text_at - len(number(size))], number(len(text)), text
            at = struct.text_at + size
    return b"".join([*parts, update.data[at:]])


def _by_client(broken: set[Id]) -> dict[int, list[int]]:
    clocks: dict[int, list[int]] = {}
    for client, clock in sorted(broken):
        clocks.setdefault(client, []).append(clock)
    return clocks


def _inside(struct: Struct, broken: list[int]) -> list[int]:
    """Return which of a client's clocks, in order, are second halves of a struct."""
    within = broken[bisect_left(broken, struct.clock) : bisect_left(broken, struct.next)]
    halves = {struct.client: _second_halves(struct)} if within else {}
    return [clock for clock in within if _has(halves, (struct.client, clock))]


def _patched(struct: Struct, broken: list[int]) -> str:
    units, at = to_units(struct.text or ""), 0
    parts: list[str] = []
    for end in (clock - struct.clock + 1 for clock in broken):
        parts += units[at : end - len(REPLACED_PAIR)], REPLACED_PAIR
        at = end
    return from_units("".join([*parts, units[at:]]))


def undivided(update: Update, broken: set[Id]) -> Update:
    """Return an update in which they are replaced."""
    if not broken or not update.astral:
        return update
    return parsing.read(patched(update, broken), stored=True)
