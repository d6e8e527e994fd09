"""A clock that a test moves."""

from __future__ import annotations


class Clock:
    """Tells a time in seconds, like `time.monotonic`; `clock.now += 60` lets a minute pass."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now
