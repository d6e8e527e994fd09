"""How many events there were in each minute, hour or day: read from the roll-ups."""

# ruff: noqa: S608  (SQL is only made from what is in here)

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ..pipeline.engines.face import Store
from .periods import DAY_MS, HOUR_MS, MINUTE_MS, Period, moment

WIDTHS_MS = {"minute": MINUTE_MS, "hour": HOUR_MS, "day": DAY_MS}
#: The roll-up from which each is read, where long periods are already summed up.
ROLLUP_TABLES = {"minute": "minutes", "hour": "hours", "day": "days"}
#: Buckets in one answer: a day by minutes, two months by hours.
MAX_BUCKETS = 1500
#: Types, or sources, that an answer lists separately; the rest are one.
MAX_GROUPS = 50
#: Rows of the roll-ups that one request reads.
MAX_ROLLUP_ROWS = 2_000_000


class TooMuch(Exception):
    """This is too much for one answer; the message says what to narrow."""


@dataclass
class Bucket:
    """What happened in one bucket."""

    time: datetime
    events: int = 0
    late: int = 0
    #: How many of these each type or source had; those with none are left out.
    by: dict[str, int] = field(default_factory=dict)


@dataclass
class Stats:
    """What happened in a period, bucket by bucket, including empty ones."""

    bucket: str
    group_by: str | None
    since: datetime
    until: datetime
    events: int
    late: int
    #: The types or sources that are listed separately, the one with most events first.
    groups: list[str]
    items: list[Bucket]


#: The number of a bucket, a group, the events of both, and how many of them were late.
Cell = tuple[int, str, int, int]

#: Stands for the types or sources that are not listed separately.
OTHER_GROUPS = "(others)"


def count(
    connection: Store,
    project: int,
    period: Period,
    bucket: str,
    *,
    group_by: str | None = None,
    type: str | None = None,
    source: int | None = None,
) -> Stats:
    """Count a project's events by buckets; raises TooMuch."""
    whole = period.aligned(WIDTHS_MS[bucket])
    buckets = _buckets(whole, WIDTHS_MS[bucket])
    cells = _cells(connection, project, whole, bucket, group_by, type, source)
    for at, _, events, late in cells:
        buckets[at].events += events
        buckets[at].late += late
    return Stats(
        bucket,
        group_by,
        moment(whole.start),
        moment(whole.end),
        sum(one.events for one in buckets),
        sum(one.late for one in buckets),
        _tell_apart(buckets, cells) if group_by else [],
        buckets,
    )


def _buckets(whole: Period, width: int) -> list[Bucket]:
    """Return the empty buckets of a period; raises TooMuch."""
    # One more than allowed is enough to know: a year by minutes is never counted in full.
    end = min(whole.end, whole.start + (MAX_BUCKETS + 1) * width)
    buckets = [Bucket(moment(at)) for at in range(whole.start, end, width)]
    if len(buckets) > MAX_BUCKETS:
        raise TooMuch(
            f"That is more than {MAX_BUCKETS:,} buckets: narrow the time, or choose longer ones."
        )
    return buckets


def _tell_apart(buckets: Sequence[Bucket], cells: Sequence[Cell]) -> list[str]:
    """Say in each bucket how many events each group had; returns the groups, the largest first."""
    totals: defaultdict[str, int] = defaultdict(int)
    for _, name, events, _ in cells:
        totals[name] += events
    groups = sorted(totals, key=lambda name: (-totals[name], name))[:MAX_GROUPS]
    apart = set(groups)
    for at, name, events, _ in cells:
        shown = name if name in apart else OTHER_GROUPS
        buckets[at].by[shown] = buckets[at].by.get(shown, 0) + events
    return [*groups, OTHER_GROUPS] if len(totals) > len(groups) else groups


def _cells(
    connection: Store,
    project: int,
    whole: Period,
    bucket: str,
    group_by: str | None,
    type: str | None,
    source: int | None,
) -> list[Cell]:
    """Return what happened in each bucket and group, summed by the store."""
    filters = {"type": type, "source": source}
    given = {name: value for name, value in filters.items() if value is not None}
    some = "".join(f" AND {name} = :{name}" for name in given)
    values: dict[str, Any] = given | {
        "project": project,
        "first": whole.start // WIDTHS_MS[bucket],
        "last": whole.end // WIDTHS_MS[bucket],
        "most": MAX_ROLLUP_ROWS + 1,
    }
    group = f"CAST({group_by} AS TEXT)" if group_by else "''"
    rows = connection.execute(
        f"SELECT {bucket} - :first, {group}, sum(events), sum(late), count(*)"
        f" FROM (SELECT {bucket}, type, source, events, late FROM {ROLLUP_TABLES[bucket]}"
        f" WHERE project = :project AND {bucket} >= :first AND {bucket} < :last{some} LIMIT :most)"
        " AS found GROUP BY 1, 2",
        values,
    ).fetchall()
    if sum(row[4] for row in rows) > MAX_ROLLUP_ROWS:
        raise TooMuch(
            "There is too much in that time range: narrow it, or ask for one type or source."
        )
    return [row[:4] for row in rows]
