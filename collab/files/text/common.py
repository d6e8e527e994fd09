"""What two texts of code units have in common, and the lines of one."""

from __future__ import annotations

from .units import splits


def split_lines(text: str) -> list[str]:
    """Split only at line feeds, which stay with their lines."""
    # Not `splitlines`, which also splits where no editor counts a line, such as at a form feed.
    lines = text.split("\n")
    whole = [line + "\n" for line in lines[:-1]]
    return [*whole, lines[-1]] if lines[-1] else whole


def equal_ends(old: str, new: str) -> tuple[int, int]:
    """Return how much both have in common at their beginning and, after that, at their end.

    Neither part ends within a surrogate pair of either text.
    """
    start = _common(old, new)
    if splits(old, start) or splits(new, start):
        start -= 1
    end = _common(old[start:][::-1], new[start:][::-1])
    if splits(old, len(old) - end) or splits(new, len(new) - end):
        end -= 1
    return start, end


def _common(one: str, other: str) -> int:
    """Return the length of the common beginning, by halving."""
    low, high = 0, min(len(one), len(other))
    # Slices are compared in C: a few long ones are much faster than a loop over each unit.
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
