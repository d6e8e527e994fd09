"""Many small updates that one editor sent in a row, joined into one that says the same."""

from __future__ import annotations

from . import parsing, structs
from .bounds import Unusable
from .plan import in_order
from .structs import SKIP, Range, Update

#: Structs and deleted ranges that are joined into one, so that a turn takes some and not all.
MAX_JOINED_PIECES = 1_000


class Joined:
    """Updates that follow one another."""

    def __init__(self) -> None:
        self.count = 0
        self._first = b""
        self._pieces = 0
        #: By client: the clock at which its structs begin, their bytes, and the clock after them.
        self._runs: dict[int, tuple[int, list[bytes], int]] = {}
        self._deletes: dict[int, list[Range]] = {}

    def add(self, data: bytes) -> bool:
        """Add another; return whether it can be joined with those before it."""
        try:
            update = parsing.read(data)
        except Unusable:  # merging reports that, after what came before it
            return False
        pieces = update.count + sum(map(len, update.deletes.values()))
        if self._pieces + pieces > MAX_JOINED_PIECES or not self._goes_on(update):
            return False
        self._note(update)
        self._first = self._first or data
        self.count, self._pieces = self.count + 1, self._pieces + pieces
        return True

    def _goes_on(self, update: Update) -> bool:
        """Return whether each client's structs begin where those before them end."""
        if not update.clean:
            return False
        for client, found in update.structs.items():
            if not found or any(one.kind == SKIP for one in found):
                return False
            if client in self._runs and found[0].clock != self._runs[client][2]:
                return False
        return True

    def _note(self, update: Update) -> None:
        for client, found in update.structs.items():
            clock, parts, _ = self._runs.get(client, (found[0].clock, [], 0))
            parts += [one.written(update.data) for one in found]
            self._runs[client] = (clock, parts, found[-1].next)
        for client, ranges in update.deletes.items():
            self._deletes.setdefault(client, []).extend(ranges)

    def written(self) -> bytes:
        """Return them as one update; a single one as it came."""
        if self.count < 2:
            return self._first
        runs = [
            structs.section(client, clock, parts)
            for client, (clock, parts, _) in self._runs.items()
        ]
        return structs.update(runs, {one: in_order(found) for one, found in self._deletes.items()})
