"""The values of a table: null, booleans, numbers and text; how they are read and compared."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable
from typing import Any

import orjson

from .cells.numerals import Numeral
from .errors import TableError, quoted

#: What a cell holds. A float is always finite.
Value = bool | int | float | str | None
Row = dict[str, Value]

#: The lowest integer that our JSON can write; lower ones are floats, as in the JSON reader.
MIN_INTEGER = -(2**63)
#: The highest one, likewise.
MAX_INTEGER = 2**64 - 1
#: Characters of one cell.
MAX_CELL_CHARACTERS = 128 * 1024
#: Characters of a text that are kept where a value is only displayed, such as in a profile.
MAX_SHOWN_CHARACTERS = 100

#: What Excel and Python write.
BOOLEANS = {name: name[0] in "tT" for name in ("true", "True", "TRUE", "false", "False", "FALSE")}


def of_int(number: int) -> int | float:
    """Return an integer, as a float when it has more than 64 bits."""
    return number if MIN_INTEGER <= number <= MAX_INTEGER else float(number)


def of_json(value: Any, column: str) -> Value:
    """Read a value of a JSON row: lists and objects become their JSON text, keys sorted."""
    kind = type(value)
    if kind is str or kind is Numeral:
        return _checked(value, column)
    if value is None or kind is bool or kind is float:
        return value  # type: ignore[no-any-return]
    if kind is int:
        return of_int(value)
    try:
        text = orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
    except TypeError:
        raise TableError(
            "too_deep", f"A value of column {quoted(column)} is nested too deeply."
        ) from None
    return _checked(text, column)


def _checked(text: str, column: str) -> str:
    if len(text) > MAX_CELL_CHARACTERS:
        raise TableError(
            "cell_too_large",
            f"A value of column {quoted(column)} has more than {MAX_CELL_CHARACTERS:,} characters.",
        )
    return text


def order(value: Value) -> tuple[int, Any]:
    """Return the sort key of a value: null < false < true < numbers < text by code point.

    A column of only numerals is ordered by their values, so these compare themselves.
    """
    if value is None:
        return 0, 0
    if isinstance(value, bool):
        return 1, value
    return (3, value) if isinstance(value, str) else (2, value)


def key(value: Value) -> Hashable:
    """Return what equal values share: 1 and 1.0 are equal, 1 and true are not."""
    return (value,) if isinstance(value, bool) else value


def short_key(value: Value) -> Hashable:
    """Return a key that is short even for long text: its beginning and a digest."""
    if isinstance(value, str) and len(value) > MAX_SHOWN_CHARACTERS:
        digest = hashlib.blake2b(value.encode(), digest_size=16).digest()
        return value[:MAX_SHOWN_CHARACTERS], digest
    return key(value)


def unkeyed(key: Any) -> Value:
    """Return the value of a key or a short key; long text is cut."""
    if not isinstance(key, tuple):
        return key  # type: ignore[no-any-return]
    return key[0] + "…" if len(key) == 2 else key[0]  # type: ignore[no-any-return]


def shown(value: Value) -> Value:
    """Return a value for display; for a long text, its beginning."""
    if isinstance(value, str) and len(value) > MAX_SHOWN_CHARACTERS:
        return value[:MAX_SHOWN_CHARACTERS] + "…"
    return value
