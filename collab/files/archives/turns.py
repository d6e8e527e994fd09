"""Archives take turns: packing and unpacking take seconds of work, whatever the request.

A person may have few in progress, and all of them share a few turns on the processor, each for a
file or a piece of one. An archive that waits for a slow reader gives up its place meanwhile, so
readers hold up nobody.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from ...core.errors import TooManyRequests, Unavailable
from ...core.slots import Slot

#: Archives of one person that are packed, sent or unpacked at once.
MAX_ARCHIVES_PER_PERSON = 2
#: Archives that are carried out at once, each of which holds a thread.
MAX_ARCHIVES_AT_ONCE = 8
#: Those of them that use the processor.
MAX_ARCHIVES_AT_WORK = 2
#: Archives that wait to begin, each holding a thread too: a class that takes its files home.
MAX_ARCHIVES_WAITING = 24
PATIENCE_S = 10.0


class ArchiveTurns:
    """Counts how many archives each person has in progress."""

    def __init__(self, patience_s: float = PATIENCE_S) -> None:
        self._patience_s = patience_s
        self._moved = threading.Condition()
        self._open: Counter[str] = Counter()
        self._busy = self._working = self._waiting = 0

    @property
    def counts(self) -> tuple[int, int, int]:
        """Return how many are open, have a place, and wait for one."""
        with self._moved:
            return self._open.total(), self._busy, self._waiting

    def begin(self, who: str) -> Turn:
        """Begin an archive; waits for a place. Raises TooManyRequests, Unavailable."""
        with self._moved:
            if self._open[who] >= MAX_ARCHIVES_PER_PERSON:
                raise TooManyRequests(
                    f"{MAX_ARCHIVES_PER_PERSON} archives of yours are in progress: wait for one."
                )
            self._open[who] += 1
            try:
                self._wait_for_place()
            except BaseException:
                self._forget(who)
                raise
            self._busy += 1
        return Turn(self, who)

    def _wait_for_place(self) -> None:
        if self._is_place():
            return
        if self._waiting >= MAX_ARCHIVES_WAITING:
            raise Unavailable("Too many archives are being handled at once.")
        self._waiting += 1
        try:
            if not self._moved.wait_for(self._is_place, self._patience_s):
                raise Unavailable("The archives before this one are taking too long.")
        finally:
            self._waiting -= 1

    def _is_place(self) -> bool:
        return self._busy < MAX_ARCHIVES_AT_ONCE

    def _is_free(self) -> bool:
        return self._working < MAX_ARCHIVES_AT_WORK

    def _forget(self, who: str) -> None:
        self._open[who] -= 1
        if not self._open[who]:
            del self._open[who]

    def change(self, busy: int) -> None:
        """Note that an archive's place was given back (-1), or taken again (1)."""
        with self._moved:
            self._busy += busy
            self._moved.notify_all()

    def end(self, who: str) -> None:
        """Note that an archive is no longer open."""
        with self._moved:
            self._forget(who)

    @contextmanager
    def work(self) -> Iterator[None]:
        """Use the processor for a moment, after others have had their turn."""
        with self._moved:
            self._moved.wait_for(self._is_free)
            self._working += 1
        try:
            yield
        finally:
            with self._moved:
                self._working -= 1
                self._moved.notify_all()


class Turn:
    """One archive that is in progress."""

    def __init__(self, turns: ArchiveTurns, who: str) -> None:
        self._turns, self._who = turns, who
        self._has_place, self._over = True, False
        #: Use the processor for a piece of it.
        self.work = turns.work

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Let others have the place while its reader takes what has been packed."""
        self._place(False)
        try:
            yield
        finally:
            if not self._over:
                # Without waiting: by now it is too late to tell anybody that there is no place.
                self._place(True)

    def _place(self, taken: bool) -> None:
        if taken is not self._has_place:
            self._has_place = taken
            self._turns.change(1 if taken else -1)

    def close(self) -> None:
        """End it once, however often this is called."""
        if not self._over:
            self._over = True
            self._place(False)
            self._turns.end(self._who)


TURNS: Slot[ArchiveTurns] = Slot("archives", lambda _: ArchiveTurns())
