"""Cursors of pages that a walk of an index makes."""

from __future__ import annotations

import base64
import binascii

from ...core.errors import Malformed
from ...core.json import dumps, loads
from ...core.schemas import MAX_ID
from .walking import Place, Walk


def written(walk: Walk, place: Place | None) -> str | None:
    """Write the place after which a page goes on; opaque to callers, good for this walk only."""
    if place is None:
        return None
    return base64.urlsafe_b64encode(dumps([*walk.given, *place])).decode().rstrip("=")


def read(walk: Walk, cursor: str | None) -> Place | None:
    """Read a cursor that was given out for this walk; raises Malformed for another."""
    if not cursor:
        return None
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        found = loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        if type(found) is not list or tuple(found[: len(walk.given)]) != walk.given:
            raise ValueError
        return _checked(walk, tuple(found[len(walk.given) :]))
    except (ValueError, TypeError, binascii.Error):
        raise Malformed("This cursor did not come from this list.") from None


def _checked(walk: Walk, place: Place) -> Place:
    moment, *names, key = place
    numbers = (moment, key)
    if len(place) != len(walk.by) or any(type(one) is not int for one in numbers):
        raise ValueError
    if not all(0 <= one <= MAX_ID for one in numbers):
        raise ValueError
    if not all(one is None or type(one) is str for one in names):
        raise ValueError
    return place
