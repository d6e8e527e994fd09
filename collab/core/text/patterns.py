"""Regular expressions that are compiled when they are first used."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any, cast


class _Later:
    def __init__(self, compiled: Callable[[], re.Pattern[str]]) -> None:
        self._compiled = cache(compiled)

    def __getattr__(self, name: str) -> Any:
        found = vars(self)[name] = getattr(self._compiled(), name)
        return found


def later(compiled: Callable[[], re.Pattern[str]]) -> re.Pattern[str]:
    """Return a pattern whose first use compiles it, for those that take milliseconds.

    Classes of thousands of characters do, and few texts ever need them.
    """
    return cast("re.Pattern[str]", _Later(compiled))
