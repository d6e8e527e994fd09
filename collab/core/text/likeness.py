"""Which known name somebody may have meant by an unknown one."""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches

#: Characters of a name that are compared: the time grows with the square of what is.
MAX_COMPARED_CHARACTERS = 40
#: How similar a name must be, from 0 to 1, as `difflib` measures it.
MIN_LIKENESS = 0.6


def most_like(name: str, known: Collection[str]) -> str | None:
    """Return the known name that is most like another, or None if none is."""
    found = get_close_matches(name[:MAX_COMPARED_CHARACTERS].lower(), known, 1, MIN_LIKENESS)
    return found[0] if found else None
