"""Cursors: where a page ended, as JSON in base64url (RFC 4648 §5, without its padding).

They are opaque to callers, but neither secret nor signed: they say where to go on, never what may
be read. So code that reads one checks each of its parts first.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from ..errors import Malformed
from ..json import dumps, loads
from ..schemas import MAX_ID

T = TypeVar("T")


def write(parts: Iterable[Any]) -> str:
    """Write a cursor: which list it is for, and where a page of it ended."""
    return base64.urlsafe_b64encode(dumps(list(parts))).decode().rstrip("=")


def read(cursor: str, taken: Callable[[list[Any]], T]) -> T:
    """Return what `taken` makes of a cursor's parts; raises Malformed for one of another list.

    `taken` raises ValueError or TypeError for parts that its list has not written.
    """
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        parts = loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        if type(parts) is not list:
            raise ValueError
        return taken(parts)
    except (ValueError, TypeError, OverflowError):
        raise Malformed("This cursor did not come from this list.") from None


def require_numbers(*numbers: Any) -> None:
    """Raise ValueError for anything but whole numbers that a database can hold."""
    # `type` and not `isinstance`: JSON's true would pass for a whole number.
    if not all(type(one) is int and 0 <= one <= MAX_ID for one in numbers):
        raise ValueError
