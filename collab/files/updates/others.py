"""How many bytes of a document are not letters of its text: other roots, and formats."""

from __future__ import annotations

from bisect import bisect_left, bisect_right

from .structs import Range, Struct

#: The clocks at which something begins and ends, and its bytes.
Run = tuple[int, int, int]


class Others:
    """Everything that is not a letter of the text, by its place: a deletion counts only once."""

    def __init__(self) -> None:
        self.bytes = 0
        #: By client, in the order of their clocks.
        self._runs: dict[int, list[Run]] = {}

    def note(self, struct: Struct, known: int) -> None:
        """Note something whose part before a clock is already known."""
        clock, size = max(struct.clock, known), struct.end - struct.start
        self._runs.setdefault(struct.client, []).append((clock, struct.next, size))
        self.bytes += size

    def forget(self, deletes: dict[int, list[Range]]) -> None:
        """Note what was deleted; a repeated range adds nothing."""
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
