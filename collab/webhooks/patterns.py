"""Which events a webhook wants: types, or beginnings of types such as `task.*`."""

from __future__ import annotations

from collections.abc import Sequence

from ..events.types import TYPE_PATTERN, same_type

#: A whole type, a type's beginning with `.*`, or everything.
TYPES_PATTERN = rf"\*|{TYPE_PATTERN}(?:\.\*)?"
#: Patterns of one webhook.
MAX_PATTERNS = 20
#: Characters of a pattern.
MAX_PATTERN_LENGTH = 300


def matches(patterns: Sequence[str], kind: str) -> bool:
    """Return whether one of the patterns matches a type; `_` and `.` are the same."""
    name = same_type(kind)
    return any(_matches(same_type(one), name) for one in patterns)


def _matches(pattern: str, name: str) -> bool:
    if pattern == "*":
        return True
    if pattern.endswith(".*"):
        return name.startswith(pattern[:-1]) or name == pattern[:-2]
    return name == pattern
