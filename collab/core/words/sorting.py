"""The order of names: as people sort them, not by code points."""

from __future__ import annotations

import re
from unicodedata import normalize

from .folding import fold

_NUMBER = re.compile("[0-9]+")
_SIGN = re.compile(r"[^\w\s]|_")
#: What signs are sorted as: before digits, and those before letters.
_ANY_SIGN = "!"
#: Comes before whatever goes on.
_END = "\x01"
#: Digits of a number that count.
MAX_DIGITS = 99


def sort_key(name: str) -> str:
    """Return a text that sorts by its bytes as people sort names.

    Case and accents decide only between names that have nothing else to tell them apart; 9 comes
    before 10, signs before digits, digits before letters. Scripts follow in Unicode's order.
    """
    letters = _SIGN.sub(_ANY_SIGN, fold(name).strip())
    return f"{_NUMBER.sub(_sized, letters)}{_END}{normalize('NFC', name).swapcase()}"


def _sized(match: re.Match[str]) -> str:
    digits = match[0].lstrip("0")[:MAX_DIGITS]
    return f"{len(digits):02}{digits}"
