"""What the strings that people send may contain, whichever way they come: one rule for all.

No string may have U+0000: databases and C libraries end a text there (PostgreSQL takes it in no
text and in no jsonb), so it would not come back as it was sent. Its field decides what else a
string may contain (`schemas.line`, `schemas.text`).
"""

from __future__ import annotations

from typing import Any

from ..errors import Unprocessable, escaped

NUL_CHARACTER = "\x00"
NUL_DETAIL = "Must not have NUL characters (U+0000)."
#: How JSON writes it: a string that has the character itself is not JSON (RFC 8259 §7).
NUL_IN_JSON = rb"\u0000"
#: Characters of a pointer that an answer repeats.
MAX_POINTER_LENGTH = 1000

#: The way from a value up to the whole: its name or number, and the way of what holds it.
Way = tuple[Any, Any] | None


def refuse_nul(data: bytes | str, value: Any) -> None:
    """Refuse strings with NUL in a value that was read from some JSON; raises Unprocessable.

    It points at the first one: at the object, where a member's name has it.
    """
    # Looked for in the text first: hardly any has it, and only those are walked through.
    text = data if isinstance(data, bytes) else data.encode()
    if NUL_IN_JSON not in text:
        return
    waiting: list[tuple[Way, Any]] = [(None, value)]
    while waiting:
        way, one = waiting.pop()
        if isinstance(one, str):
            found = NUL_CHARACTER in one
        elif isinstance(one, dict):
            found = any(NUL_CHARACTER in name for name in one)
            waiting += [((name, way), each) for name, each in one.items()]
        else:
            found = False
            if isinstance(one, list):
                waiting += [((number, way), each) for number, each in enumerate(one)]
        if found:
            raise Unprocessable(errors=[{"detail": NUL_DETAIL, "pointer": _pointer(way)}])


def _pointer(way: Way) -> str:
    """Write a way as a pointer (RFC 6901); only that of the whole, if it is very long."""
    names = []
    while way is not None:
        names.append(escaped(way[0]))
        way = way[1]
    pointer = "/".join(["#", *reversed(names)])
    return pointer if len(pointer) <= MAX_POINTER_LENGTH else "#"
