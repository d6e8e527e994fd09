"""How much more than their share of something people have used lately."""

from __future__ import annotations

import time
from collections.abc import Callable

#: People who are remembered; past this number, those who owe nothing are forgotten.
MAX_PEOPLE_REMEMBERED = 1_000


class Debts:
    """Seconds by which people are ahead of their share: each second takes the share off again."""

    def __init__(self, share: float, clock: Callable[[], float] = time.monotonic) -> None:
        """Make it; `share` is what anybody may take of each second."""
        self._share, self._clock = share, clock
        #: By person: the seconds they owed, and when.
        self._owed: dict[int, tuple[float, float]] = {}

    def owed(self, person: int) -> float:
        """Return how many seconds somebody is ahead of their share."""
        seconds, then = self._owed.get(person, (0.0, 0.0))
        return max(0.0, seconds - self._share * (self._clock() - then))

    def note(self, person: int, owed: float) -> None:
        """Note what somebody owes now. One thread at a time."""
        if len(self._owed) >= MAX_PEOPLE_REMEMBERED:
            # Those who owe nothing need no entry; debtors stay, or a crowd would clear their debts.
            self._owed = {one: last for one, last in self._owed.items() if self.owed(one)}
        self._owed[person] = (owed, self._clock())
