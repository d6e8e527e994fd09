"""What a worker has in hand, noted next to the store: so the next one knows what killed the last.

An error in a load is caught, and costs only the event that causes it. Something that kills the
process is not: the next one would take the same requests, and die again, while everybody's events
wait.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Sequence
from pathlib import Path

from ..batch import Row

#: Workers that may die with only one request in hand before it is given up.
MAX_DEATHS = 2
#: The first request in hand, the last, deaths with only the first, whether it is the only one.
HAND_RECORD = struct.Struct("<qqq?")


def path_of(store: Path | str) -> Path:
    """Return where a store's file is."""
    return Path(f"{store}.hand")


class InHand:
    """Notes the inbox's requests in a file, which outlives the process."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        record = os.pread(self._file, HAND_RECORD.size, 0)
        found = HAND_RECORD.unpack(record) if len(record) == HAND_RECORD.size else (0, 0, 0, False)
        self._suspect: int = found[0]
        self._until: int = found[1]
        # Only a request that was alone in hand can be blamed; among several, any may have done it.
        self._deaths: int = found[2] + found[3]

    @property
    def until(self) -> int:
        """The last request that may have killed a worker: up to there they are taken one by one."""
        return self._until

    def is_past(self) -> None:
        """Note that none of those is left."""
        self._until = self._suspect = self._deaths = 0

    def has_killed(self, row: Row) -> bool:
        """Return whether too many workers died with only this request in hand."""
        return self._suspect == row.id and self._deaths >= MAX_DEATHS

    def note(self, rows: Sequence[Row]) -> None:
        """Note what is in hand from now on; nothing: then no request is blamed for a death."""
        ids = [int(row.id) for row in rows] or [0]
        deaths = self._deaths if ids[0] == self._suspect else 0
        self._write(ids[0], max(self._until, *ids), deaths, len(rows) == 1)

    def _write(self, first: int, last: int, deaths: int, alone: bool) -> None:
        os.pwrite(self._file, HAND_RECORD.pack(first, last, deaths, alone), 0)

    def close(self) -> None:
        """Close the file; the notes stay."""
        os.close(self._file)
