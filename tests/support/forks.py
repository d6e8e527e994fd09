"""Forked processes of tests, which never come back into pytest: whatever fails in one ends it."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable


def forked(work: Callable[[], object]) -> int:
    """Return the number of a forked process: it ends with 0, or with 1 after an exception."""
    if pid := os.fork():
        return pid
    ended = 1
    try:
        work()
        ended = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(ended)
