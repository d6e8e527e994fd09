"""How many exports are ordered and sent for one person.

One that is being sent holds a file, and a connection, for as long as its reader takes.
"""

from __future__ import annotations

import threading
from collections import Counter

from ...core.counting.kinds import windows_of
from ...core.counting.ration import Ration
from ...core.errors import TooManyRequests
from ...core.slots import Slot

#: Exports of one person that are sent at once: if one hangs, there is room for another.
MAX_EXPORTS_PER_PERSON = 2
#: Exports that one person may order: each reads all their data, and no quota counts its rows.
ORDERS_OF_A_PERSON = "10 per hour"
#: Seconds after which to ask again.
RETRY_S = 60


class TooManyOrders(TooManyRequests):
    """You have ordered too many exports: wait and try again."""


ORDERS: Slot[Ration] = Slot(
    "orders of exports",
    lambda app: Ration(ORDERS_OF_A_PERSON, TooManyOrders, windows=windows_of(app, "exports")),
)


class Exports:
    """Counts the exports that are being sent, by person."""

    def __init__(self) -> None:
        self._in_hand: Counter[int] = Counter()
        self._lock = threading.Lock()

    def begin(self, user_id: int) -> None:
        """Begin one; raises TooManyRequests."""
        with self._lock:
            if self._in_hand[user_id] >= MAX_EXPORTS_PER_PERSON:
                raise TooManyRequests(
                    "Your earlier exports are still being sent: wait for one, or cancel it.",
                    retry_after=RETRY_S,
                )
            self._in_hand[user_id] += 1

    def end(self, user_id: int) -> None:
        """End one: all of it was sent, or nobody is reading it any more."""
        with self._lock:
            self._in_hand[user_id] -= 1
            if not self._in_hand[user_id]:
                del self._in_hand[user_id]

    def of(self, user_id: int) -> int:
        """Return how many somebody has."""
        return self._in_hand[user_id]


EXPORTS: Slot[Exports] = Slot("exports", lambda _: Exports())
