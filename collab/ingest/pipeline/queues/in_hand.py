"""What a worker has in hand, beside the store: so the next one knows at what the last one died.

An error in a load is caught, and costs the event that it comes from. What kills the process is
not: the next one would take the same requests, and die again, while everybody's events wait.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Sequence
from pathlib import Path

from ..batch import Row

#: Workers that may die with one request alone in hand before it is given up.
MAX_DEATHS = 2
#: The first request in hand, the last, deaths with the first one alone, whether it is alone.
HAND_RECORD = struct.Struct("<qqq?")


def path_of(store: Path | str) -> Path:
    """Return where the file of a store is."""
    return Path(f"{store}.hand")


class InHand:
    """Notes requests of the inbox in a file, which outlives the process."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        record = os.pread(self._file, HAND_RECORD.size, 0)
        found = HAND_RECORD.unpack(record) if len(record) == HAND_RECORD.size else (0, 0, 0, False)
        self._suspect: int = found[0]
        self._until: int = found[1]
        # Only a request that was alone in hand can be blamed; of many, any may have done it.
        self._deaths: int = found[2] + found[3]

    @property
    def until(self) -> int:
        """The last request that a worker may have died of: up to there they are taken singly."""
        return self._until

    def is_past(self) -> None:
        """Note that none is left of those."""
        self._until = self._suspect = self._deaths = 0

    def has_killed(self, row: Row) -> bool:
        """Return whether too many workers died with this request alone in hand."""
        return self._suspect == row.id and self._deaths >= MAX_DEATHS

    def note(self, rows: Sequence[Row]) -> None:
        """Note what is in hand from now on; nothing: that no death is the fault of any."""
        ids = [int(row.id) for row in rows] or [0]
        deaths = self._deaths if ids[0] == self._suspect else 0
        self._write(ids[0], max(self._until, *ids), deaths, len(rows) == 1)

    def _write(self, first: int, last: int, deaths: int, alone: bool) -> None:
        os.pwrite(self._file, HAND_RECORD.pack(first, last, deaths, alone), 0)

    def close(self) -> None:
        """Close the file; what is noted stays."""
        os.close(self._file)
