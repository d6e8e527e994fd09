"""Text as a sequence of UTF-16 code units: positions are counted as editors count them.

JavaScript's strings, Yjs and the Language Server Protocol count this way. A text is kept as a `str`
in which a character beyond the Basic Multilingual Plane is two surrogates, so that slicing it is
exact; most texts have no such character, and are the same in both forms.
"""

from __future__ import annotations

import ctypes
import re

_ASTRAL = re.compile("[\U00010000-\U0010ffff]")
_SURROGATE = re.compile("[\ud800-\udfff]")


def to_units(text: str) -> str:
    """Return a text as code units."""
    if not is_astral(text):
        return text
    narrow = text.encode("utf-16-le", "surrogatepass")
    wide = bytearray(2 * len(narrow))
    wide[0::4], wide[1::4] = narrow[0::2], narrow[1::2]
    # By an array of wide characters: the codecs would call Python code for each surrogate.
    return str((ctypes.c_wchar * (len(narrow) // 2)).from_buffer(wide)[:])


def is_astral(text: str) -> bool:
    """Return whether a text has characters of two code units."""
    return not text.isascii() and _ASTRAL.search(text) is not None


def from_units(units: str) -> str:
    """Return code units as a text; raises ValueError for half a character."""
    # Most texts are the same in both forms, and need no copy.
    if units.isascii() or not _SURROGATE.search(units):
        return units
    wide = bytes(ctypes.create_unicode_buffer(units, len(units)))
    narrow = bytearray(len(wide) // 2)
    narrow[0::2], narrow[1::2] = wide[0::4], wide[1::4]
    return narrow.decode("utf-16-le")


def splits(units: str, position: int) -> bool:
    """Return whether a position is in the middle of a character."""
    if not 0 < position < len(units):
        return False
    return "\ud800" <= units[position - 1] <= "\udbff" and "\udc00" <= units[position] <= "\udfff"


def byte_offset(units: str, position: int) -> int:
    """Return how many bytes of UTF-8 are before a position."""
    return position if units.isascii() else len(from_units(units[:position]).encode())
