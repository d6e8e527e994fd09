"""Waiting bytes: a few in memory, more in unnamed files, and never more than a limit.

An unnamed file disappears with the process or the connection, whatever ends it.
"""

from __future__ import annotations

import tempfile
import threading
from collections import Counter
from io import BytesIO
from pathlib import Path
from typing import IO

from ...frozen import frozen
from .refusals import Refused

#: Bytes of one body, or one answer, that wait in memory.
PIECE_BYTES = 64 * 1024
#: Bytes of all that wait in memory together; past that they go to files at once.
MEMORY_BYTES = 32 * 2**20


class Spool:
    """The memory and disk that all connections share; each address has a part of the disk."""

    def __init__(
        self, folder: Path, disk_bytes: int, address_bytes: int, memory_bytes: int = MEMORY_BYTES
    ) -> None:
        self.folder = folder
        self._memory_bytes, self._disk_bytes = memory_bytes, disk_bytes
        self._address_bytes = address_bytes
        self._memory = 0
        self._disk: Counter[str] = Counter()
        self._lock = threading.Lock()

    def of(self, network: str) -> Share:
        """Return the share of an address."""
        return Share(self, network)

    def take_memory(self, size: int) -> bool:
        """Reserve memory; return whether there was enough."""
        with self._lock:
            fits = self._memory + size <= self._memory_bytes
            self._memory += size * fits
            return fits

    def give_memory(self, size: int) -> None:
        """Release memory."""
        with self._lock:
            self._memory -= size

    def take_disk(self, size: int, network: str) -> bool:
        """Reserve disk space; return whether there was enough."""
        with self._lock:
            fits = self._disk[network] + size <= self._address_bytes
            fits = fits and self._disk.total() + size <= self._disk_bytes
            if fits:
                self._disk[network] += size
            return fits

    def give_disk(self, size: int, network: str) -> None:
        """Release disk space."""
        with self._lock:
            self._disk[network] -= size
            if not self._disk[network]:
                del self._disk[network]

    @property
    def used(self) -> tuple[int, int]:
        """Return the bytes that wait in memory and on the disk."""
        return self._memory, self._disk.total()


@frozen
class Share:
    """The spool, as one address may use it."""

    spool: Spool
    network: str


class Spooled:
    """A sequence of bytes, appended at its end."""

    def __init__(self, share: Share) -> None:
        self._spool, self._network = share.spool, share.network
        self._in_memory = True
        self.file: IO[bytes] = BytesIO()
        self.size = 0

    def write(self, data: bytes) -> None:
        """Write; raises Refused if there is no room, and OSError if the disk has none."""
        size = len(data)
        if self._in_memory and not self._fits(size):
            self._roll_over()
        if not self._in_memory and not self._spool.take_disk(size, self._network):
            raise Refused(503, "Too many bodies are arriving at once.", retry_after=5)
        self.size += size
        self.file.write(data)

    def _fits(self, size: int) -> bool:
        return self.size + size <= PIECE_BYTES and self._spool.take_memory(size)

    def _roll_over(self) -> None:
        if not self._spool.take_disk(self.size, self._network):
            raise Refused(503, "Too many bodies are arriving at once.", retry_after=5)
        self._spool.give_memory(self.size)
        self._in_memory = False
        # In a folder of the instance: /tmp may be memory.
        kept, self.file = self.file, tempfile.TemporaryFile(dir=self._spool.folder)  # noqa: SIM115
        self.file.write(kept.getvalue())  # type: ignore[attr-defined]

    def close(self) -> None:
        """Release everything."""
        self.file.close()
        if self._in_memory:
            self._spool.give_memory(self.size)
        else:
            self._spool.give_disk(self.size, self._network)
        self.size = 0


@frozen
class Bounds:
    """What connections may use of a server, according to its settings; seconds and bytes."""

    head_seconds: int
    body_seconds: int
    send_seconds: int
    per_address: int
    largest_body: int
    spool: Spool
