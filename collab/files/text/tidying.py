"""What a text never contains, whichever door it came through, and what replaces it.

A NUL is refused where a single change can be: the stored form would be no text for REST, nor for
most programs. A Yjs editor whose update is refused can never recover; there U+FFFD replaces it, as
it does halves of characters. Line breaks stay as they come, except where an editor wants LF.
"""

from __future__ import annotations

import re

from .delta import NO_CHANGE, Builder, Delta

NUL_CHARACTER = "\0"
CARRIAGE_RETURN = "\r"
NO_NUL_DETAIL = "Must not have NUL characters."
#: Replaces a character that can't be there.
REPLACEMENT_CHARACTER = "\ufffd"

#: Places that are replaced one by one, which takes some 50 ms; if there are more, everything
#: between them is replaced, too.
MAX_PLACES = 1_000

UNTIDY_PATTERN = re.compile("\0")
UNTIDY_WITH_LF_PATTERN = re.compile("[\0\r]")


def brings(delta: Delta, unwanted: str) -> bool:
    """Return whether a change inserts any of these characters."""
    inserted = [step for step in delta if isinstance(step, str)]
    return any(one in step for step in inserted for one in unwanted)


def tidied(units: str, *, lf: bool) -> Delta:
    """Return the change that removes from a text what it may not have."""
    if NUL_CHARACTER not in units and not (lf and CARRIAGE_RETURN in units):
        return NO_CHANGE
    found = [
        one.start() for one in (UNTIDY_WITH_LF_PATTERN if lf else UNTIDY_PATTERN).finditer(units)
    ]
    together = -(-len(found) // MAX_PLACES)
    builder, at = Builder(), 0
    for first in range(0, len(found), together):
        start, end = found[first], found[first : first + together][-1] + 1
        builder.keep(start - at)
        builder.insert(_tidy(units, start, end, lf=lf))
        builder.delete(end - start)
        at = end
    return builder.built()


def _tidy(units: str, start: int, end: int, *, lf: bool) -> str:
    """Return the replacement for a part that ends with one of these characters."""
    part = units[start:end].replace(NUL_CHARACTER, REPLACEMENT_CHARACTER)
    if not lf:
        return part
    if part.endswith(CARRIAGE_RETURN) and units[end : end + 1] == "\n":
        part = part[:-1]
    return part.replace("\r\n", "\n").replace(CARRIAGE_RETURN, "\n")
