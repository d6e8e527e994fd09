"""What was looked up since rights last changed, remembered until their number changes.

One rule, for everything that a change of rights may make wrong: read the number before the
database. A change in between then outdates the result of the look-up at once.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from flask import Flask

from .rights_epoch import RIGHTS_EPOCH

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Remembered(Generic[K, V]):
    """Answers by what was asked for, as of one state of rights; past `most`, all are forgotten.

    A change in this process counts at once, another's as soon as it moves the number. Threads may
    share it: the second one in a race only looks something up once more.
    """

    def __init__(self, app: Flask, most: int) -> None:
        self.epoch = RIGHTS_EPOCH.of(app)
        self._most = most
        self._known: tuple[int, dict[K, V]] = (-1, {})

    def find(self, key: K) -> V | None:
        """Return what is remembered, if nothing can have changed since."""
        known_at, answers = self._known
        return answers.get(key) if known_at == self.epoch.now() else None

    def keep(self, looked_at: int, key: K, answer: V) -> None:
        """Remember what was looked up at a state of rights: the one before the look-up."""
        known_at, answers = self._known
        # Looked up before the last change of rights: that answer may be wrong already.
        if looked_at < known_at:
            return
        if looked_at != known_at or len(answers) >= self._most:
            # A new dict, and not one emptied: a thread that reads the old one keeps what it has
            # begun with.
            answers = {}
            self._known = (looked_at, answers)
        answers[key] = answer

    def read(self, key: K, look_up: Callable[[], V]) -> V:
        """Return what is remembered, or what is looked up now; that is remembered."""
        looked_at = self.epoch.now()  # before the reading, or a change could be missed
        found = self.find(key)
        if found is None:
            found = look_up()
            self.keep(looked_at, key, found)
        return found
