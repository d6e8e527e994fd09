"""The latest updates of all texts, in memory, for editors that follow live."""

from __future__ import annotations

from .batch import Batch

#: How many are kept; editors that lack older ones are sent everything that they lack.
MAX_UPDATES = 5000
#: Bytes of them.
MAX_BYTES = 16 * 2**20


class Recent(dict[tuple[int, int], bytes]):
    """Updates by file and version; the oldest go first."""

    def __init__(self) -> None:
        super().__init__()
        self._bytes = 0

    def remember(self, batch: Batch) -> None:
        """Keep what is about to be committed: editors may ask for it right after the commit."""
        for change, applied in batch.accepted:
            self[change.file_id, applied.version] = applied.update
            self._bytes += len(applied.update)
        while len(self) > MAX_UPDATES or self._bytes > MAX_BYTES:
            self._let_go(next(iter(self)))

    def forget(self, batch: Batch) -> None:
        """Forget what was not committed."""
        for change, applied in batch.accepted:
            self._let_go((change.file_id, applied.version))

    def _let_go(self, key: tuple[int, int]) -> None:
        self._bytes -= len(self.pop(key, b""))
