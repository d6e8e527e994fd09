"""What is waiting for slow readers in all, and whom to disconnect when that is too much."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from typing import Protocol, TypeVar

from ..serving.deadlines import NO_DEADLINE

#: Bytes that may wait in all; what several readers wait for is counted once.
MAX_UNSENT_IN_ALL_BYTES = 32 * 2**20
#: Bytes that may go on waiting for somebody who was disconnected.
MAX_KEPT_BYTES = 16 * 1024
#: Seconds between two checks of how many there are.
LOOK_S = 0.25

T = TypeVar("T")


class Weighty(Protocol):
    """A wire, as far as it has a weight."""

    #: Bytes that wait for the peer to read.
    unsent: int

    def fileno(self) -> int:
        """Return the descriptor."""

    def flush(self) -> bool:
        """Send more; return whether everything is sent."""

    def abort(self) -> None:
        """End the connection."""

    def weights(self) -> dict[int, int]:
        """Return the bytes that are waiting, by the objects that hold them."""

    def cut(self) -> None:
        """Throw away what is waiting, and close."""


class Scales:
    """Checks what is waiting when told that there is more, but not again at once."""

    def __init__(self) -> None:
        self._looked_at = 0.0
        #: When it checks next, on the monotonic clock.
        self.due_at = NO_DEADLINE

    def more_waits(self) -> None:
        """Check soon."""
        self.due_at = min(self.due_at, self._looked_at + LOOK_S)

    def weigh(self, now: float, wires: Collection[Weighty]) -> None:
        """Disconnect those for whom most is waiting, if a due check finds too much in all."""
        if now < self.due_at:
            return
        self._looked_at, self.due_at = now, NO_DEADLINE
        # A quick check first, which counts shared objects once for each reader: mostly that
        # suffices.
        if sum(one.unsent for one in wires) > MAX_UNSENT_IN_ALL_BYTES:
            for one in too_heavy({one: one.weights() for one in wires}):
                one.cut()
                # A frame that is half sent stays, and may be what takes the memory.
                if one.unsent > MAX_KEPT_BYTES:
                    one.abort()


def too_heavy(
    unsent: Mapping[T, Mapping[int, int]], most: int = MAX_UNSENT_IN_ALL_BYTES
) -> list[T]:
    """Return whom to disconnect, so that at most `most` bytes are waiting for the others.

    It is given what is waiting for each, bytes by the object that holds them. Those go first for
    whom most is waiting that nobody else waits for.
    """
    readers = Counter(key for weights in unsent.values() for key in weights)
    sizes = {key: size for weights in unsent.values() for key, size in weights.items()}
    total, found = sum(sizes.values()), []
    by_weight = {one: _weight(weights, readers) for one, weights in unsent.items()}
    for one in sorted(by_weight, key=lambda one: by_weight[one], reverse=True):
        if total <= most:
            break
        readers.subtract(unsent[one].keys())
        total -= sum(size for key, size in unsent[one].items() if not readers[key])
        found.append(one)
    return found


def _weight(weights: Mapping[int, int], readers: Counter[int]) -> tuple[int, int]:
    """Return how much is waiting for only one reader, and how much for them in all."""
    alone = sum(size for key, size in weights.items() if readers[key] == 1)
    return alone, sum(weights.values())
