"""Walking an index of the events backwards, so that a page costs the same wherever it begins.

An index has its columns and, after them, the row's id. A page continues after a place in exactly
that order, so nothing is ever sorted: not even a million events from one millisecond.
"""

# ruff: noqa: S608  (SQL is made of the names of columns in here alone)

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from ...core.lists import cursors
from ...frozen import frozen
from ..pipeline.engines.face import Store
from .periods import Period

#: A place in an index: the values of the columns being walked, and the row's id.
Place = tuple[Any, ...]


@frozen
class Walk:
    """An index of the events: the columns with given values, and those after `ts`."""

    given: tuple[str, ...]
    then: tuple[str, ...] = ()

    @property
    def by(self) -> tuple[str, ...]:
        """Return the columns being walked."""
        return ("ts", *self.then, "id")

    def rows(
        self,
        connection: Store,
        values: Sequence[Any],
        period: Period,
        place: Place | None,
    ) -> Iterator[tuple[Any, ...]]:
        """Yield rows, newest first, after a place: the columns being walked, source and names."""
        fixed = " AND ".join(f"{name} = ?" for name in self.given)
        # Null comes last in each engine, since it sorts below everything.
        order = ", ".join(f"{name} DESC{' NULLS LAST' * (name in self.then)}" for name in self.by)
        for condition, parameters in self._stretches(period, place):
            yield from connection.stream(
                f"SELECT {', '.join(self.by)}, source, session_id, event_id FROM events"
                f" WHERE {fixed} AND {condition} ORDER BY {order}",
                (*values, *parameters),
            )

    def _stretches(self, period: Period, place: Place | None) -> Iterator[tuple[str, Place]]:
        """Yield the parts of the index after a place, each of which is one range of it."""
        end = period.end
        if place is not None and place[0] < period.end:
            end = place[0]
            if end >= period.start:
                yield from self._in_a_millisecond(place)
        yield "ts >= ? AND ts < ?", (period.start, end)

    def _in_a_millisecond(self, place: Place) -> Iterator[tuple[str, Place]]:
        """Yield those at the place's own time; names may be null, which sorts below everything."""
        for length in range(len(self.by) - 1, 0, -1):
            name, value = self.by[length], place[length]
            # Null sorts below everything, so nothing with the same prefix comes after it.
            if value is None:
                continue
            same = " AND ".join(map(_equal, self.by[:length], place))
            values = tuple(one for one in place[:length] if one is not None)
            yield f"{same} AND {name} < ?", (*values, value)
            if name != "id":
                yield f"{same} AND {name} IS NULL", values


def _equal(name: str, value: Any) -> str:
    return f"{name} IS NULL" if value is None else f"{name} = ?"


def cursor_of(walk: Walk, place: Place | None) -> str | None:
    """Write the place after which a page continues; opaque to callers, valid only for this walk."""
    if place is None:
        return None
    return cursors.write([*walk.given, *place])


def place_of(walk: Walk, cursor: str | None) -> Place | None:
    """Read a cursor that was issued for this walk; raises Malformed for another."""
    if not cursor:
        return None
    return cursors.read(cursor, partial(_taken, walk))


def _taken(walk: Walk, parts: list[Any]) -> Place:
    given, place = tuple(parts[: len(walk.given)]), tuple(parts[len(walk.given) :])
    # Each filter walks another index: a place in one means nothing in another.
    if given != walk.given or len(place) != len(walk.by):
        raise ValueError
    moment, *names, key = place
    cursors.require_numbers(moment, key)
    if not all(one is None or type(one) is str for one in names):
        raise ValueError
    return place
