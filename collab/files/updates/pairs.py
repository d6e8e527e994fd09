"""Characters of two code units that an edit cuts: both halves become U+FFFD, as Yjs makes them.

The library keeps the whole character on one side and nothing on the other, so that the lengths of
what it holds are no longer those of the ids. It must never cut one itself: such characters are
replaced before it does, in the update or in the document. That moves no id, since U+FFFD is one
code unit.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator

from . import walk
from .plan import Plan
from .structs import Id, Range, Struct, Update, number

ASTRAL = re.compile("[\U00010000-\U0010ffff]")
REPLACED = "\ufffd\ufffd"


class Pairs:
    """The ids of a document's second halves."""

    def __init__(self) -> None:
        self._clocks: dict[int, list[int]] = {}

    def __bool__(self) -> bool:
        return bool(self._clocks)

    def note(self, structs: list[Struct]) -> None:
        """Note what structs have, which are newer than those before."""
        for struct in structs:
            if struct.text is not None:
                clocks = self._clocks.setdefault(struct.client, [])
                last = clocks[-1] if clocks else -1
                clocks.extend(clock for clock in _second_halves(struct) if clock > last)

    def forget(self, broken: set[Id]) -> None:
        """Forget those that have been replaced."""
        for client in {one[0] for one in broken} & self._clocks.keys():
            left = [clock for clock in self._clocks[client] if (client, clock) not in broken]
            if left:
                self._clocks[client] = left
            else:
                del self._clocks[client]

    def divided(self, update: Update, cuts: Iterable[Id]) -> set[Id]:
        """Return which of them, and of an update's, stand right behind a cut."""
        new = set(_halves_of(update)) if update.astral else set()
        if not new and not self._clocks:
            return set()
        return {at for at in cuts if at in new or self._has(at)}

    def divided_by(self, updates: list[Update]) -> set[Id]:
        """Return which of them some updates divide."""
        if not self._clocks:
            return set()
        return {at for one in updates for at in cuts_of(one) if self._has(at)}

    def outside(self, known: dict[int, int], clocks: dict[int, int]) -> dict[int, int]:
        """Return how far somebody knows the clients that there are, to a whole character."""
        return {
            client: min(clock, clocks[client]) - self._has((client, clock))
            for client, clock in known.items()
            if clock and client in clocks
        }

    def _has(self, at: Id) -> bool:
        clocks = self._clocks.get(at[0])
        if clocks is None:
            return False
        place = bisect_left(clocks, at[1])
        return place < len(clocks) and clocks[place] == at[1]


def _second_halves(struct: Struct) -> Iterator[int]:
    for before, match in enumerate(ASTRAL.finditer(struct.text or "")):
        yield struct.clock + match.start() + before + 1


def _halves_of(update: Update) -> Iterator[Id]:
    for found in update.structs.values():
        for struct in found:
            yield from _ids(struct)


def _ids(struct: Struct) -> Iterator[Id]:
    return ((struct.client, clock) for clock in _second_halves(struct))


def cuts(plan: Plan) -> Iterator[Id]:
    """Return the ids before which what is planned has something divided."""
    yield from plan.since.items()
    yield from _between(plan.structs)
    yield from _ends(plan.deletes)


def cuts_of(update: Update) -> Iterator[Id]:
    """Return the ids before which an update has something divided, whatever is known of it."""
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
    new = {at for one in updates if one.astral for at in _halves_of(one)}
    return {at for one in updates for at in cuts_of(one) if at in new} if new else set()


def patched(update: Update, broken: set[Id]) -> bytes:
    """Return an update with U+FFFD for both halves of the characters with these second halves."""
    parts: list[bytes] = []
    at = 0
    for found in update.structs.values():
        for struct in found:
            if struct.text is None or broken.isdisjoint(_ids(struct)):
                continue
            size = len(struct.text.encode())
            text = _patched(struct, broken).encode()
            parts += update.data[at : struct.text_at - len(number(size))], number(len(text)), text
            at = struct.text_at + size
    return b"".join([*parts, update.data[at:]])


def _patched(struct: Struct, broken: set[Id]) -> str:
    halves = _second_halves(struct)

    def replaced(match: re.Match[str]) -> str:
        return REPLACED if (struct.client, next(halves)) in broken else match[0]

    return ASTRAL.sub(replaced, struct.text or "")


def undivided(update: Update, broken: set[Id]) -> Update:
    """Return an update in which they are replaced."""
    if not broken or not update.astral:
        return update
    return walk.read(patched(update, broken), stored=True)
