"""Turning a text with marks into HTML."""

from __future__ import annotations

import re
from html import escape

#: What marks the beginning of a match: a control character, which texts do not have.
OPEN_MARK = "\x02"
#: What marks its end.
CLOSE_MARK = "\x03"

_MARK = re.compile(f"([{OPEN_MARK}{CLOSE_MARK}])")


def marked(text: str, longest: int) -> str:
    """Return HTML: the text escaped, what is marked within `<mark>`, cut to `longest` characters.

    It is well formed whatever the text contains: an unpaired mark is closed or left out.
    """
    parts, inside = [], False
    for piece in _MARK.split(text):
        if piece in (OPEN_MARK, CLOSE_MARK):
            if inside is not (piece == OPEN_MARK):
                inside = not inside
                parts.append("<mark>" if inside else "</mark>")
            continue
        parts.append(escape(piece[:longest]))
        longest -= len(piece)
        if longest < 0:
            parts.append("…")
            break
    return "".join(parts) + ("</mark>" if inside else "")
