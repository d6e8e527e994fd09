"""How many people one person may add or invite, as the answers show who has an account."""

from __future__ import annotations

import time
from collections.abc import Callable
from math import ceil

from flask import Flask
from limits import parse

from ..core.counting.windows import MonotonicStorage
from ..core.errors import TooManyRequests
from ..core.slots import Slot


class TooManyInvitations(TooManyRequests):
    """You have added or invited too many people: wait and try again."""


class Invitations:
    """How many each person has added or invited in the present window."""

    def __init__(self, rate: str, clock: Callable[[], float] = time.monotonic) -> None:
        limit = None if rate == "off" else parse(rate)
        self._most, self._window_s = (limit.amount, limit.get_expiry()) if limit else (0, 0)
        self._made = MonotonicStorage(clock=clock)

    def count(self, user_id: int) -> None:
        """Count one; raises TooManyInvitations with the seconds to wait."""
        key = str(user_id)
        if self._most and self._made.incr(key, self._window_s) > self._most:
            self._made.decr(key)
            raise TooManyInvitations(retry_after=ceil(self._made.left(key)))


def _make(app: Flask) -> Invitations:
    return Invitations(app.config["INVITE_RATE_LIMIT"])


INVITATIONS: Slot[Invitations] = Slot("invitations", _make)
