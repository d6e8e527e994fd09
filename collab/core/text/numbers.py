"""Whole numbers that people send, whichever way they come: what is read is what was sent.

The JSON parser (orjson) turns a whole number of more than 64 bits into a double, and so into
another number: two long ids become one. RFC 8259 §6 warns of such numbers; here they are refused by
name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from ..errors import Unprocessable, escaped

#: This many digits in a row may be a whole number of more than 64 bits.
LONG_NUMBER_PATTERN = re.compile(rb"[0-9]{19}")
#: Whole numbers that are read as they are.
SMALLEST_NUMBER = -(2**63)
LARGEST_NUMBER = 2**64 - 1
#: Digits of the largest one, and characters of one that is refused that an answer repeats.
MAX_DIGITS = 20
MAX_SHOWN_LENGTH = 40


class _Large(str):
    """A number that is too large, as it was written."""

    __slots__ = ()


def refuse_large_numbers(data: bytes | str) -> None:
    """Refuse JSON with a whole number that would become another one; raises Unprocessable.

    It has been read once, so it is JSON, and neither too deep nor too much.
    """
    text = data if isinstance(data, bytes) else data.encode()
    if not LONG_NUMBER_PATTERN.search(text):
        return
    waiting: list[tuple[str, Any]] = [("#", json.loads(text, parse_int=_whole))]
    while waiting:
        pointer, value = waiting.pop()
        if isinstance(value, _Large):
            shown = value if len(value) <= MAX_SHOWN_LENGTH else f"{value[:MAX_DIGITS]}…"
            detail = f"The number {shown} has more than 64 bits: send it as a string."
            raise Unprocessable(errors=[{"detail": detail, "pointer": pointer}])
        if isinstance(value, dict):
            inner: Iterable[tuple[Any, Any]] = value.items()
        else:
            inner = enumerate(value) if isinstance(value, list) else ()
        waiting += [(f"{pointer}/{escaped(name)}", one) for name, one in inner]


def _whole(digits: str) -> int | _Large:
    if len(digits) <= MAX_DIGITS + 1 and SMALLEST_NUMBER <= int(digits) <= LARGEST_NUMBER:
        return int(digits)
    return _Large(digits)
