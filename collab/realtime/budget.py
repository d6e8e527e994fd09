"""How many bytes of long messages may be in memory at once, while they are read and carried out.

A message that stops in the middle costs its sender nothing, and each may have 256 KiB, or 8 MiB.
Short ones are not counted.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Hashable

from ..core.slots import Slot
from ..events.close_codes import MESSAGE_TOO_BIG, TRY_AGAIN_LATER
from .transport.wire import Wire

#: Bytes up to which a message is not counted: typing never exceeds it. For JSON, characters.
SMALL_MESSAGE_BYTES = 64 * 1024
SMALL_JSON_LENGTH = 16 * 1024
#: Characters of longer JSON messages, from one address and from all together; each takes up to four
#: bytes.
MAX_JSON_LENGTH_PER_ADDRESS = 2 * 2**20
MAX_JSON_LENGTH_IN_ALL = 8 * 2**20


class Budget:
    """Bytes of long messages in memory, by the owner to whom they are counted."""

    def __init__(self, per_one: int, in_all: int) -> None:
        self._per_one, self._in_all = per_one, in_all
        self._lock = threading.Lock()
        self._used: Counter[Hashable] = Counter()

    def take(self, who: Hashable, size: int) -> bool:
        """Take bytes for somebody; return whether that many were free."""
        with self._lock:
            of_one, of_all = self._used[who] + size, self._used.total() + size
            if of_one > self._per_one or of_all > self._in_all:
                return False
            self._used[who] = of_one
            return True

    def give_back(self, who: Hashable, size: int) -> None:
        """Give bytes back."""
        with self._lock:
            self._used[who] -= size
            self._used += Counter()  # forgets owners who have none

    @property
    def used(self) -> int:
        """Return how many bytes are taken."""
        return self._used.total()


#: For the sockets that speak JSON.
JSON_BUDGET: Slot[Budget] = Slot(
    "JSON in hand", lambda _: Budget(MAX_JSON_LENGTH_PER_ADDRESS, MAX_JSON_LENGTH_IN_ALL)
)


class SizeLimit:
    """The size that a message of a socket may have, which is compared while it is read.

    The library evaluates `length_so_far > limit`, and closes the connection if that is true. A
    message that is too long closes it for good; one for which there is no memory now may come
    again.
    """

    #: Bytes up to which a message is not counted.
    small = SMALL_MESSAGE_BYTES

    def __init__(
        self,
        budget: Budget,
        wire: Wire,
        most: int,
        who: Hashable = None,
        too_long_code: int = MESSAGE_TOO_BIG,
    ) -> None:
        """Make it; peers who are not known yet (None: see `known`) may only send short messages."""
        self._budget, self._wire, self._who = budget, wire, who
        self._most, self._too_long_code = most, too_long_code
        self._taken = self._message = 0

    def known(self, who: Hashable) -> None:
        """Learn to whom messages are counted."""
        self._who = who

    def __lt__(self, length: int) -> bool:
        """Return whether a message of this many bytes so far is too big."""
        # A new message has begun, or a short one continues: neither is counted.
        if length <= self.small:
            self._message = 0
            return False
        if self._who is None:
            self._wire.too_big_code = MESSAGE_TOO_BIG
            return True
        if length > self._most:
            self._wire.too_big_code = self._too_long_code
            return True
        more = length - self._message
        if not self._budget.take(self._who, more):
            self._wire.too_big_code = TRY_AGAIN_LATER
            return True
        self._message = length
        self._taken += more
        return False

    def begun(self, length: int) -> None:
        """Learn that a message is carried out from now on."""

    def carried_out(self, length: int) -> None:
        """Release a message."""
        if length > self.small:
            self._give_back(length)

    def end(self) -> None:
        """Release all of them."""
        self._give_back(self._taken)

    def _give_back(self, size: int) -> None:
        size = min(size, self._taken)  # short ones that were joined to a long one were not counted
        self._taken -= size
        if size:
            self._budget.give_back(self._who, size)


class JsonLimit(SizeLimit):
    """The limit of a socket that speaks JSON.

    A message is released when its turn comes: the number of turns is bounded.
    """

    small = SMALL_JSON_LENGTH

    def begun(self, length: int) -> None:
        """Release a message."""
        self.carried_out(length)
