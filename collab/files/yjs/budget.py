"""How long a message of a Yjs editor may be, and how much of long ones there may be at once.

A text has up to 2 MiB, and what makes it is longer: each edit of its own takes some 10 to 20 bytes
besides its characters, and what was deleted is listed. A paste of a whole text, and a backlog of
20,000 edits of one, stay below 4 MiB; 8 MiB leave room for as much again.
"""

from __future__ import annotations

import threading
from collections import Counter

from ...core.slots import Slot
from ...events.close_codes import MESSAGE_TOO_BIG, TOO_LARGE, TRY_AGAIN_LATER
from ...realtime.transport.wire import Wire

#: Bytes of one message: an update of 8 MiB, and what says that it is one.
MAX_MESSAGE_BYTES = 8 * 2**20 + 16
#: Bytes up to which a message is not counted: typing never exceeds it.
SMALL_MESSAGE_BYTES = 256 * 1024
#: Bytes of longer messages that are being read or carried out, of one person.
MAX_BYTES_PER_PERSON = 16 * 2**20
#: The same of everybody together.
MAX_BYTES_IN_ALL = 128 * 2**20


class Budget:
    """Bytes of long messages in memory, by person."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._used: Counter[int] = Counter()

    def take(self, user_id: int, size: int) -> bool:
        """Take bytes for a person; return whether that many were free."""
        with self._lock:
            of_person, of_all = self._used[user_id] + size, self._used.total() + size
            if of_person > MAX_BYTES_PER_PERSON or of_all > MAX_BYTES_IN_ALL:
                return False
            self._used[user_id] = of_person
            return True

    def give_back(self, user_id: int, size: int) -> None:
        """Give bytes back."""
        with self._lock:
            self._used[user_id] -= size
            self._used += Counter()  # forgets those who have none

    @property
    def used(self) -> int:
        """Return how many bytes are taken."""
        return self._used.total()


BUDGET: Slot[Budget] = Slot("incoming", lambda _: Budget())


class SizeLimit:
    """The `max_message_size` of an editor's socket, which is compared as a message is read.

    It asks `length_so_far > max_message_size`, and if so, closes the connection. A message
    that is too long closes it for good; one for which there is no memory now may come again.
    """

    def __init__(self, budget: Budget, user_id: int | None, wire: Wire) -> None:
        """Whoever is not known yet (None: see `known`) sends short messages only."""
        self._budget, self._user_id, self._wire = budget, user_id, wire
        self._taken = self._message = 0

    def known(self, user_id: int) -> None:
        """Learn who sends."""
        self._user_id = user_id

    def __lt__(self, length: int) -> bool:
        """Return whether a message of this many bytes until now is too big."""
        # A new message has begun, or a short one goes on: neither is counted.
        if length <= SMALL_MESSAGE_BYTES:
            self._message = 0
            return False
        if self._user_id is None:
            self._wire.too_big_code = MESSAGE_TOO_BIG
            return True
        if length > MAX_MESSAGE_BYTES:
            self._wire.too_big_code = TOO_LARGE
            return True
        more = length - self._message
        if not self._budget.take(self._user_id, more):
            self._wire.too_big_code = TRY_AGAIN_LATER
            return True
        self._message = length
        self._taken += more
        return False

    def carried_out(self, length: int) -> None:
        """Let go of a message."""
        if length > SMALL_MESSAGE_BYTES:
            self._give_back(length)

    def end(self) -> None:
        """Let go of all."""
        self._give_back(self._taken)

    def _give_back(self, size: int) -> None:
        self._taken -= size
        if self._user_id is not None:
            self._budget.give_back(self._user_id, size)
