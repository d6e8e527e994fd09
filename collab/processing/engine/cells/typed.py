"""The types of values: as the payload's `types` requests them, and as they come."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from ..errors import TableError, quoted
from ..values import MAX_INTEGER, MIN_INTEGER, Value, of_int
from .columns import Converter
from .dates import is_moment
from .numerals import BLANK_CHARACTERS, pointed, value_of

#: What a payload may ask for.
TYPES = ("text", "number", "integer", "boolean", "date")
TRUTHS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


class BadValue(ValueError):
    """A value that is not of the requested type; the message is the end of a sentence."""


def _as_number(value: Any, decimal: str) -> Value:
    if isinstance(value, str):
        text = pointed(value, decimal)
        if text == "":
            return None
        number = None if text is None else value_of(text)
        if number is None:
            hint = "" if decimal else " (`decimal` reads 1,234.5 and 1.234,5)"
            raise BadValue(f"is not a number{hint if ',' in value else ''}")
        return of_int(number) if isinstance(number, int) else number
    if isinstance(value, bool):
        raise BadValue("is not a number")
    return value  # type: ignore[no-any-return]


def _as_integer(value: Any, decimal: str) -> Value:
    # Not via a double, which would lose digits.
    text = pointed(value, decimal) if isinstance(value, str) else None
    number: Any = (value_of(text) if text else None) or _as_number(value, decimal)
    if number is None:
        return None
    if isinstance(number, float) and not number.is_integer():
        raise BadValue("is not a whole number")
    whole = int(number)
    if not MIN_INTEGER <= whole <= MAX_INTEGER:
        raise BadValue("has more digits than 64 bits hold: read it as text")
    return whole


def _as_boolean(value: Any, decimal: str) -> Value:
    if isinstance(value, bool):
        return value
    text = str(value).strip(BLANK_CHARACTERS).lower()
    if text and text not in TRUTHS:
        raise BadValue("is neither true nor false")
    return TRUTHS.get(text)


def _as_date(value: Any, decimal: str) -> Value:
    text = value.strip(BLANK_CHARACTERS) if isinstance(value, str) else str(value)
    if text and not is_moment(text):
        raise BadValue("is not a date such as 2026-11-29")
    return str(text) or None


def _as_text(value: Any, decimal: str) -> Value:
    if isinstance(value, str):
        return str(value)
    return json.dumps(value)


AS_ASKED: dict[str, Callable[[Any, str], Value]] = {
    "text": _as_text,
    "number": _as_number,
    "integer": _as_integer,
    "boolean": _as_boolean,
    "date": _as_date,
}


def asked(kind: str, decimal: str) -> Converter:
    """Return the function that makes values of a requested type; it raises BadValue."""
    convert = AS_ASKED[kind]
    return lambda value: None if value is None else convert(value, decimal)


def bad_value(where: str, column: str, value: Any, error: BadValue) -> TableError:
    """Make the error for a value that is not of its column's type."""
    return TableError(
        "bad_value",
        f"{where}: {quoted(str(value))} in column {quoted(column)} {error}. Mend the cell, or ask "
        'for another of the "types" for this column.',
    )


def converted(
    row: Mapping[str, Value], types: Mapping[str, Converter], where: str
) -> dict[str, Any]:
    """Return a row with the values of some columns in the requested types; raises TableError."""
    made = dict(row)
    for name, convert in types.items():
        if name in made:
            try:
                made[name] = convert(made[name])
            except BadValue as error:
                raise bad_value(where, name, made[name], error) from None
    return made


# -- of values that have types --------------------------------------------------------------------

#: The kinds of values that each type takes; the narrowest type comes first.
OF_VALUES: dict[str, set[str]] = {
    "empty": set(),
    "boolean": {"boolean"},
    "integer": {"integer"},
    "number": {"integer", "number"},
    "date": {"date"},
    "text": {"date", "text"},
}


class Seen:
    """The kinds of values that a column has had so far."""

    __slots__ = ("kinds",)

    def __init__(self) -> None:
        self.kinds: set[str] = set()

    def add(self, value: Value) -> None:
        """Take a value that is not null."""
        if isinstance(value, str):
            # Once one text is not a date, the column is text, whatever the others are.
            if "text" not in self.kinds:
                self.kinds.add("date" if is_moment(value) else "text")
        elif isinstance(value, bool):
            self.kinds.add("boolean")
        else:
            self.kinds.add("integer" if isinstance(value, int) else "number")

    @property
    def type(self) -> str:
        """The type that all values have; `mixed` if they have none in common."""
        for name, kinds in OF_VALUES.items():
            if self.kinds <= kinds:
                return name
        return "mixed"
