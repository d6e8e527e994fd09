"""Waiting for what other threads and processes do, with a limit that only guards."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

#: Seconds after which a test gives up on what it waits for. They only guard: the machine may be
#: slow, and have others to serve. pytest's own limit is above.
PATIENCE = 60.0
#: The same for a program that does many things, one after the other.
PATIENCE_FOR_MANY = 4 * PATIENCE


def eventually(check: Callable[[], T], patience: float = PATIENCE) -> T:
    """Return the first true answer of `check`, asked again and again."""
    deadline = time.monotonic() + patience
    while not (found := check()):
        assert time.monotonic() < deadline, f"never true: {check}"
        time.sleep(0.005)
    return found
