"""Text in workbooks: what XML can't hold is written as `_x0001_` (ECMA-376 §22.9.2.19)."""

from __future__ import annotations

import re

ESCAPE_PATTERN = re.compile(r"_x([0-9A-Fa-f]{4})_")
#: What XML 1.0 does not allow, a return, which it would convert, and what looks like an escape.
UNSAFE_PATTERN = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")


def escaped(text: str) -> str:
    """Return a text as a workbook writes it."""
    return UNSAFE_PATTERN.sub(lambda match: f"_x{ord(match[0]):04X}_", text)


def unescaped(text: str) -> str:
    """Return a workbook's text unescaped; anything that would become half a pair stays as it is."""
    if "_x" not in text:
        return text
    return ESCAPE_PATTERN.sub(_meant, text)


def _meant(match: re.Match[str]) -> str:
    code = int(match[1], 16)
    return match[0] if 0xD800 <= code <= 0xDFFF else chr(code)
