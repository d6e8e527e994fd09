"""Positions for lists that people put in order themselves: a board's column, a collection.

A position is a text that sorts by its bytes. Between two there is always room for a third, so a
move writes one row and nobody else's changes (fractional indexing). The first six digits are a
whole number: what is put at an end takes the next one, and stays short.
"""

from __future__ import annotations

#: The digits, in byte order.
POSITION_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
DIGIT_COUNT = len(POSITION_DIGITS)
WHOLE_DIGITS = 6
MIDDLE_POSITION = DIGIT_COUNT**WHOLE_DIGITS // 2

#: Maximum characters of a position; about 6 moves into the same gap cost one.
MAX_POSITION_LENGTH = 200


class NoRoom(Exception):
    """After many moves into one gap its positions are too long: give out fresh ones."""


def between(low: str | None, high: str | None) -> str:
    """Return a position after `low` and before `high`; None is an end of the list.

    Raises NoRoom, and ValueError if `low` is not before `high`.
    """
    if low is not None and high is not None:
        if low >= high:
            raise ValueError(f"{low!r} is not before {high!r}")
        return _inside(low, high)
    if low is not None:
        return _written(_whole(low) + 1)
    return _written(MIDDLE_POSITION if high is None else _whole(high) - 1)


def fresh(count: int) -> list[str]:
    """Return fresh positions for a whole list."""
    return [_written(MIDDLE_POSITION + number) for number in range(count)]


def _whole(position: str) -> int:
    number = 0
    for digit in position[:WHOLE_DIGITS]:
        number = number * DIGIT_COUNT + POSITION_DIGITS.index(digit)
    return number


def _written(number: int) -> str:
    if not 0 < number < DIGIT_COUNT**WHOLE_DIGITS:
        raise NoRoom()
    digits = ""
    for _ in range(WHOLE_DIGITS):
        number, digit = divmod(number, DIGIT_COUNT)
        digits = POSITION_DIGITS[digit] + digits
    return digits


def _inside(low: str, high: str) -> str:
    """Return the whole number halfway, or if there is none the shortest text between the two."""
    first, last = _whole(low), _whole(high)
    if last - first > 1:
        # While a whole number is free the position stays short: digits after it are for gaps that
        # are used up.
        return _written((first + last) // 2)
    upper = high[WHOLE_DIGITS:] if first == last else ""
    found = low[:WHOLE_DIGITS] + _halfway(low[WHOLE_DIGITS:], upper)
    if len(found) > MAX_POSITION_LENGTH:
        raise NoRoom()
    return found


def _halfway(low: str, high: str) -> str:
    """Return a text between two, read as digits of a fraction ("" for `high`: 1).

    It never ends with a zero, so there is room before it, too.
    """
    shared = next(
        (at for at, digit in enumerate(high) if digit != (low[at] if at < len(low) else "0")),
        len(high),
    )
    if shared:
        return high[:shared] + _halfway(low[shared:], high[shared:])
    first = POSITION_DIGITS.index(low[0]) if low else 0
    last = POSITION_DIGITS.index(high[0]) if high else DIGIT_COUNT
    if last - first > 1:
        return POSITION_DIGITS[(first + last) // 2]
    if len(high) > 1:
        # More digits follow in it, so its first digit alone comes before it.
        return high[0]
    # No digit is between the two: go on after the lower one, with no upper bound.
    return POSITION_DIGITS[first] + _halfway(low[1:], "")
