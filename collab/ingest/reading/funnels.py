"""Funnels: how many users go through an ordered list of types, and where they stop."""

# ruff: noqa: S608  (SQL is only made from what is in here)

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from statistics import median

from ...frozen import frozen
from ..pipeline.engines.face import Store
from .periods import Period, moment, reach

MIN_STEPS = 2
MAX_STEPS = 10
#: Events that one request goes through; if there are more, the newest.
MAX_FUNNEL_EVENTS = 500_000

#: Time, number of the step, user, in this order.
Row = tuple[int, int, str]


@frozen
class Step:
    """A step, and the users who reached it."""

    type: str
    users: int
    #: Shares of the first step, and of the step before; None if there were none.
    of_first: float | None
    of_previous: float | None
    #: From a user's first step to this one, the first time that they reached it.
    median_seconds: float | None


@frozen
class Funnel:
    """A funnel of a period."""

    since: datetime
    until: datetime
    complete: bool
    window_seconds: int
    #: Events of these types in the period, users or not.
    events: int
    items: list[Step]


def find(
    connection: Store,
    project: int,
    period: Period,
    steps: Sequence[str],
    window_s: int,
) -> Funnel:
    """Return how far users got within the window, counted from their first step."""
    within = reach(connection, project, period, MAX_FUNNEL_EVENTS, steps)
    reached = walk(_rows(connection, project, within.period, steps), len(steps), window_s * 1000)
    counts = [len(one) for one in reached]
    return Funnel(
        moment(within.period.start),
        moment(within.period.end),
        within.complete,
        window_s,
        within.events,
        [
            Step(
                name,
                counts[at],
                _share(counts[at], counts[0]),
                _share(counts[at], counts[at - 1]) if at else None,
                median(reached[at].values()) / 1000 if reached[at] else None,
            )
            for at, name in enumerate(steps)
        ],
    )


def walk(rows: Iterable[Row], steps: int, window_ms: int) -> list[dict[str, int]]:
    """Return, for each step, the users who reached it and after how many milliseconds.

    The steps have different types. Of all paths to a step, the one that began last is kept: if any
    path can still continue within the window, that one can.
    """
    latest: dict[str, list[int | None]] = {}
    reached: list[dict[str, int]] = [{} for _ in range(steps)]
    for ts, step, user in rows:
        began = latest.get(user)
        if step == 0:
            if began is None:
                latest[user] = began = [None] * steps
            began[0] = ts
            reached[0].setdefault(user, 0)
        # A later step before the first one counts for nothing: the path has not begun.
        elif began is not None:
            start = began[step - 1]
            if start is not None and ts - start <= window_ms:
                began[step] = start
                reached[step].setdefault(user, ts - start)
    return reached


def _rows(connection: Store, project: int, period: Period, steps: Sequence[str]) -> Iterator[Row]:
    """Yield the events of all steps in the order of time, from one range of an index for each."""
    return heapq.merge(
        *(
            connection.stream(
                f"SELECT ts, {at}, user_id FROM events WHERE project = ? AND type = ?"
                " AND ts >= ? AND ts < ? AND user_id IS NOT NULL ORDER BY ts",
                (project, name, period.start, period.end),
            )
            for at, name in enumerate(steps)
        ),
        key=lambda row: row[:2],
    )


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
