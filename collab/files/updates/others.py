"""How many bytes of a document are not letters of its text: what is in other roots, and formats."""

from __future__ import annotations

from bisect import bisect_left, bisect_right

from .structs import Range, Struct

#: The clocks from which and up to which something is, and its bytes.
Run = tuple[int, int, int]


class Others:
    """What is not a letter of the text, by where it is: what is deleted counts only once."""

    def __init__(self) -> None:
        self.bytes = 0
        #: By client, in the order of their clocks.
        self._runs: dict[int, list[Run]] = {}

    def note(self, struct: Struct, known: int) -> None:
        """Note something of which what is before a clock is known already."""
        clock, size = max(struct.clock, known), struct.end - struct.start
        self._runs.setdefault(struct.client, []).append((clock, struct.next, size))
        self.bytes += size

    def forget(self, deletes: dict[int, list[Range]]) -> None:
        """Note what was deleted; a range that is told again takes nothing more."""
        for client in deletes.keys() & self._runs.keys():
            for clock, length in deletes[client]:
                self._forget(self._runs[client], clock, clock + length)

    def _forget(self, runs: list[Run], start: int, end: int) -> None:
        first = bisect_right(runs, start, key=lambda run: run[1])
        last = bisect_left(runs, end, key=lambda run: run[0])
        gone = runs[first:last]
        if not gone:
            return
        left = [*_part(gone[0], gone[0][0], start), *_part(gone[-1], end, gone[-1][1])]
        self.bytes += sum(run[2] for run in left) - sum(run[2] for run in gone)
        runs[first:last] = left


def _part(run: Run, start: int, end: int) -> list[Run]:
    """Return the part of a run between two of its clocks, with its share of the bytes."""
    clock, after, size = run
    return [(start, end, size * (end - start) // (after - clock))] if start < end else []
