"""How often something may be done in a window of time."""

from __future__ import annotations

import time
from collections.abc import Callable
from math import ceil

from flask import Flask
from limits import parse

from ..errors import TooManyRequests
from ..slots import Slot
from .kinds import windows_of
from .windows import MonotonicStorage


class Ration:
    """What each key has used of a rate such as `120 per hour` or `off`, in its present window."""

    def __init__(
        self,
        rate: str,
        refusal: type[TooManyRequests],
        clock: Callable[[], float] = time.monotonic,
        windows: MonotonicStorage | None = None,
    ) -> None:
        """Make it; `windows` are for it alone, and count in this process only unless given."""
        limit = None if rate == "off" else parse(rate)
        self._most, self._window_s = (limit.amount, limit.get_expiry()) if limit else (0, 0)
        self._taken = MonotonicStorage(clock=clock) if windows is None else windows
        self._refusal = refusal

    def take(self, key: str) -> None:
        """Count one use; raises the refusal with the seconds to wait."""
        if self._most and self._taken.incr(key, self._window_s) > self._most:
            self._taken.decr(key)
            raise self._refusal(retry_after=ceil(self._taken.left(key)))

    def give_back(self, key: str) -> None:
        """Take back one count: it turned out not to be what is rationed."""
        if self._most:
            self._taken.decr(key)


def ration_slot(name: str, setting: str, refusal: type[TooManyRequests]) -> Slot[Ration]:
    """Return the place of a ration of the rate in a setting, which all web processes share."""

    def make(app: Flask) -> Ration:
        return Ration(app.config[setting], refusal, windows=windows_of(app, name))

    return Slot(name, make)
