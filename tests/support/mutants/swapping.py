"""Let a mutant take the place of what has been imported: its functions get the changed code.

So the application and all that the tests have prepared stand already, and no decorator, route or
registration is done again.
"""

from __future__ import annotations

import functools
import gc
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

CACHED: Any = type(functools.cache(lambda: None))

#: A function by its name, and its number among those of the same name.
Key = tuple[str, int]


class CanNotSwapError(Exception):
    """No function of this process has the code that was changed."""


class Swapper:
    """What has been imported of a module, looked for once."""

    def __init__(self, path: Path) -> None:
        self._path, self._before = path, _codes(path, path.read_text())
        there = gc.get_objects()
        self._functions = [
            one
            for one in there
            # Of a million objects: `isinstance` would ask each for its class, too.
            if type(one) is FunctionType and one.__code__.co_filename == str(path)
        ]
        self._caches = [
            one for one in there if type(one) is CACHED and one.__module__.startswith("collab.")
        ]

    def swap(self, source: str) -> None:
        """Give all its functions the code of a changed source; raises CanNotSwapError."""
        before, after = self._before, _codes(self._path, source)
        keys = {(code.co_qualname, code.co_firstlineno): key for key, code in before.items()}
        swapped = 0
        for one in self._functions:
            code = one.__code__
            key = keys.get((code.co_qualname, code.co_firstlineno))
            changed = after.get(key) if key else None
            # Compared as compiled: code that has run is no longer equal to what it was.
            if key is None or changed is None or changed == before[key]:
                continue
            if len(changed.co_freevars) != len(code.co_freevars):
                raise CanNotSwapError
            one.__code__ = changed
            swapped += 1
        if not swapped:
            raise CanNotSwapError
        for cache in self._caches:  # what they keep was computed by the code as it was
            cache.cache_clear()


def _codes(path: Path, source: str) -> dict[Key, CodeType]:
    found: dict[Key, CodeType] = {}
    numbers: dict[str, int] = defaultdict(int)
    for code in _walk(compile(source, str(path), "exec")):
        found[code.co_qualname, numbers[code.co_qualname]] = code
        numbers[code.co_qualname] += 1
    return found


def _walk(code: CodeType) -> Iterator[CodeType]:
    for one in code.co_consts:
        if isinstance(one, CodeType):
            yield one
            yield from _walk(one)
