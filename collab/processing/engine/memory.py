"""How much of the data may be held at once."""

from __future__ import annotations

from .errors import TableError

MIB = 2**20
#: Bytes that groups, and the values for medians and distinct counts, may take together.
MAX_MEMORY_BYTES = 256 * MIB

#: About how many bytes things take on CPython; what matters is that these are not too few.
BYTES_PER_GROUP = 300
BYTES_PER_ACCUMULATOR = 300
BYTES_PER_NUMBER = 40
BYTES_PER_DISTINCT = 150


class Memory:
    """An allowance in bytes; the parts of one run take their share before they grow."""

    def __init__(self, room: int = MAX_MEMORY_BYTES) -> None:
        self._left = self._room = room

    def take(self, size: int) -> None:
        """Take bytes; raises TableError if there are too few left."""
        self._left -= size
        if self._left < 0:
            raise TableError(
                "too_much_memory",
                f"This needs more than {self._room // MIB} MiB of memory: use a filter, group by "
                "columns with fewer values, or ask for fewer medians and distinct counts.",
            )
