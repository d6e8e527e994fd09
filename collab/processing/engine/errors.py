"""What people can fix: errors in their data or in what they ask of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from difflib import get_close_matches

#: Characters of a name that a message shows.
MAX_NAME_SHOWN = 60
#: Characters of a list of names that a message shows.
MAX_NAMES_SHOWN = 500


class TableError(Exception):
    """The data, or the question, is wrong: another attempt would fail in the same way.

    `code` is a word for programs, the message a sentence for people.
    """

    retry = False

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def quoted(name: str) -> str:
    """Return a name for a message: short, in quotes, its control characters escaped."""
    short = name if len(name) <= MAX_NAME_SHOWN else name[: MAX_NAME_SHOWN - 1] + "…"
    return json.dumps(short, ensure_ascii=False)


def listed(names: Sequence[str]) -> str:
    """Return the first of many names, for a message."""
    shown = ""
    for number, name in enumerate(map(quoted, names)):
        if len(shown) + len(name) > MAX_NAMES_SHOWN:
            return f"{shown} and {len(names) - number:,} more"
        shown += f", {name}" if shown else name
    return shown


def unknown_column(name: str, columns: Iterable[str]) -> TableError:
    """Make the error for a column that is not there; it names those that are."""
    every = list(columns)
    near = get_close_matches(name, every, 1)
    hint = f" Did you mean {quoted(near[0])}?" if near else ""
    there = f"The columns are {listed(every)}." if every else "There are no columns."
    return TableError("unknown_column", f"There is no column {quoted(name)}.{hint} {there}")
