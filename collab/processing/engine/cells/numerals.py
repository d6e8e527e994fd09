"""Numbers as people write them: which are numbers, and which are text that can be computed with.

A cell **is** a number if it says nothing that the number would not: `5`, `-0.25`. `007`, `1.10`,
`1e3`, `-0` and `8949020000001234567890` would come back as something else, so they stay text as
they are; sums, and comparisons with numbers, still take their value.
"""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import Any

#: Integers that every reader of JSON keeps (RFC 8259 §6, RFC 7493 §2.2).
MAX_EXACT_INTEGER = 2**53 - 1
#: Significant digits that a double keeps in every combination.
SAFE_DIGITS = 15
#: Characters of a number, and of a text that is computed with: a double holds no longer integer.
MAX_NUMBER_CHARACTERS = 40
MAX_NUMERAL_CHARACTERS = 300

INTEGER_PATTERN = re.compile(r"0|-?[1-9][0-9]*")
DECIMAL_PATTERN = re.compile(r"-?(?:0|[1-9][0-9]*)\.[0-9]*[1-9]")
NUMERAL_PATTERN = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
#: Groups of three digits, which are understood if the payload says what separates decimals.
COMMA_GROUPED_PATTERN = re.compile(
    "[+-]?[0-9]{1,3}(?:[. '\u2019\u00a0\u202f][0-9]{3})+(?:,[0-9]*)?"
)
POINT_GROUPED_PATTERN = re.compile(
    "[+-]?[0-9]{1,3}(?:[, '\u2019\u00a0\u202f][0-9]{3})+(?:\\.[0-9]*)?"
)
GROUPED_PATTERNS = {",": COMMA_GROUPED_PATTERN, ".": POINT_GROUPED_PATTERN}
GROUP_MARKS = str.maketrans("", "", ", '.\u2019\u00a0\u202f")
NUMERAL_BEGINNINGS = frozenset("+-.,0123456789 \t")
BLANK_CHARACTERS = " \t"


class Numeral(str):
    """A text that is written as a number; `number` is its value, always finite."""

    __slots__ = ("number",)
    number: int | float

    def __new__(cls, text: str, number: int | float) -> Numeral:
        """Make one."""
        made = super().__new__(cls, text)
        made.number = number
        return made


class Ranked(Numeral):
    """A numeral in a column without other text: these are ordered by their values."""

    __slots__ = ()

    def __lt__(self, other: str) -> bool:
        """Compare."""
        return self.number < other.number if isinstance(other, Ranked) else str(self) < other

    def __gt__(self, other: str) -> bool:
        """Compare."""
        return self.number > other.number if isinstance(other, Ranked) else str(self) > other

    def __le__(self, other: str) -> bool:
        """Compare."""
        return not self > other

    def __ge__(self, other: str) -> bool:
        """Compare."""
        return not self < other


def pointed(cell: str, decimal: str) -> str | None:
    """Return a cell as it would be written with a decimal point; None if that is not a number.

    `decimal` is what separates decimals; empty if the payload does not say: then it is a point, and
    there are no groups.
    """
    text = cell.strip(BLANK_CHARACTERS)
    if not decimal:
        return text
    if is_grouped(text, decimal):
        whole, mark, rest = text.partition(decimal)
        return whole.translate(GROUP_MARKS) + mark.replace(",", ".") + rest
    if decimal == ".":
        return text
    return None if "." in text else text.replace(",", ".")


def is_grouped(text: str, decimal: str) -> bool:
    """Return whether a number has its digits in groups."""
    return bool(decimal and GROUPED_PATTERNS[decimal].fullmatch(text))


def is_integer(text: str) -> bool:
    """Return whether a text is an integer, and reading it as one loses nothing."""
    if not INTEGER_PATTERN.fullmatch(text):
        return False
    return len(text) <= SAFE_DIGITS or (
        len(text) <= MAX_NUMBER_CHARACTERS and abs(int(text)) <= MAX_EXACT_INTEGER
    )


def is_decimal(text: str) -> bool:
    """Return whether reading a text with a decimal point as a number loses nothing."""
    if not DECIMAL_PATTERN.fullmatch(text):
        return False
    if len(text) <= SAFE_DIGITS:
        return True
    return len(text) <= MAX_NUMBER_CHARACTERS and Decimal(repr(float(text))) == Decimal(text)


def value_of(text: str) -> int | float | None:
    """Return the number that a text with a decimal point means; None if it means none."""
    if len(text) > MAX_NUMERAL_CHARACTERS or not NUMERAL_PATTERN.fullmatch(text):
        return None
    if text.lstrip("+-").isdigit():
        return int(text)
    number = float(text)
    return number if math.isfinite(number) else None


def numeral(cell: str, decimal: str, kind: type[Numeral] = Numeral) -> str:
    """Return a cell as a text that can be computed with, if it is one."""
    text = pointed(cell, decimal)
    number = None if text is None else value_of(text)
    return cell if number is None else kind(cell, number)


def number_in(value: Any) -> int | float | None:
    """Return the number to compute with in a value: the value itself, or that of a numeral."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return value
    return value.number if isinstance(value, Numeral) else None
