"""Failed attempts: counted before the password is checked, forgiven when it was right.

Counting first closes the gap in which many attempts at once would all find the count low.
"""

from __future__ import annotations

import time

from flask import Flask, current_app
from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from ..core.errors import TooManyRequests

#: One address may fail this many times more over all e-mails: against trying one password on many.
SPRAY_FACTOR = 20


class TooManyAttempts(TooManyRequests):
    """Too many failed attempts for this address and e-mail: wait and try again."""


class Attempts:
    """The failures of the last minutes, by address and e-mail."""

    def __init__(self, rate: str) -> None:
        self._strategy = FixedWindowRateLimiter(MemoryStorage())
        self._limits: dict[str, RateLimitItem] = {}
        if rate != "off":
            pair = parse(rate)
            wide = type(pair)(pair.amount * SPRAY_FACTOR, pair.multiples)
            self._limits = {"pair": pair, "address": wide}

    def begin(self, address: str, email: str) -> None:
        """Count an attempt; raises TooManyAttempts with the seconds to wait."""
        for name, limit in self._limits.items():
            key = self._key(name, address, email)
            if not self._strategy.hit(limit, *key):
                reset = self._strategy.get_window_stats(limit, *key).reset_time
                raise TooManyAttempts(retry_after=int(reset - time.time()) + 1)

    def forgive(self, address: str, email: str) -> None:
        """Forget the failures of a pair; it has shown that it knows the password."""
        if limit := self._limits.get("pair"):
            self._strategy.clear(limit, *self._key("pair", address, email))

    @staticmethod
    def _key(name: str, address: str, email: str) -> tuple[str, ...]:
        return (name, address, email) if name == "pair" else (name, address)


def init_app(app: Flask) -> None:
    """Make the counters of an application."""
    app.extensions["collab.attempts"] = Attempts(app.config["AUTH_RATE_LIMIT"])


def attempts() -> Attempts:
    """Return the counters of this application."""
    found: Attempts = current_app.extensions["collab.attempts"]
    return found
