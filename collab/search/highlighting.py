"""Making HTML of what the index marked."""

from __future__ import annotations

import re
from html import escape

#: Around what matched, as the index is told: control characters, which texts do not have.
OPEN, CLOSE = "\x02", "\x03"

_MARK = re.compile(f"([{OPEN}{CLOSE}])")


def marked(text: str, longest: int) -> str:
    """Return HTML: the text escaped, what is marked within `<mark>`, cut to `longest` characters.

    It is well formed whatever the text has: a mark without its counterpart is closed or left out.
    """
    parts, inside = [], False
    for piece in _MARK.split(text):
        if piece in (OPEN, CLOSE):
            if inside is not (piece == OPEN):
                inside = not inside
                parts.append("<mark>" if inside else "</mark>")
            continue
        parts.append(escape(piece[:longest]))
        longest -= len(piece)
        if longest < 0:
            parts.append("…")
            break
    return "".join(parts) + ("</mark>" if inside else "")
