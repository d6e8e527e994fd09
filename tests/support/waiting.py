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
#: Seconds between two looks: at least so many, and at most where looking is work.
PAUSE_S = 0.005
LONGEST_PAUSE_S = 0.1
#: Between two looks that cost another program something, which is not seen here.
PAUSE_FOR_OTHERS_S = 0.05


def eventually(check: Callable[[], T], patience: float = PATIENCE, pause_s: float = PAUSE_S) -> T:
    """Return the first true answer of `check`, asked again and again."""
    deadline = time.monotonic() + patience
    while True:
        begun = time.thread_time()
        if found := check():
            return found
        assert time.monotonic() < deadline, f"never true: {check}"
        # What is waited for needs the processor: looking takes a fifth of one at most. To open a
        # database and count rows takes longer than the shortest pause.
        pause = 4 * (time.thread_time() - begun)
        time.sleep(min(max(pause, pause_s), LONGEST_PAUSE_S))
