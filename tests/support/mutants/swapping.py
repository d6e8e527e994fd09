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


def swap(path: Path, source: str) -> None:
    """Give all functions of a module the code of its changed source; raises CanNotSwapError."""
    before, after = _codes(path, path.read_text()), _codes(path, source)
    keys = {(code.co_qualname, code.co_firstlineno): key for key, code in before.items()}
    swapped = 0
    for one in _functions(path):
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
    _forget()


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


def _functions(path: Path) -> list[FunctionType]:
    return [
        one
        for one in gc.get_objects()
        if isinstance(one, FunctionType) and one.__code__.co_filename == str(path)
    ]


def _forget() -> None:
    """Empty the caches: what they keep was computed by the code as it was."""
    for one in gc.get_objects():
        if type(one) is CACHED and one.__module__.startswith("collab."):
            one.cache_clear()
