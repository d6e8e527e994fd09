"""How long it took from receipt to store, over time."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from ...frozen import frozen
from ..pipeline.engines.face import Store
from .health import percentiles
from .periods import MINUTE_MS, Period, moment
from .stats import MAX_BUCKETS, WIDTHS_MS, TooMuch


@frozen
class Took:
    """What was stored in a period, and how long that took in milliseconds."""

    time: datetime
    stored: int
    p50_ms: int | None
    p99_ms: int | None


@frozen
class Latency:
    """How long it took, bucket by bucket, including empty ones."""

    bucket: str
    since: datetime
    until: datetime
    items: list[Took]


def measure(
    connection: Store,
    project: int,
    period: Period,
    bucket: str,
    source: int | None = None,
) -> Latency:
    """Return what was stored in each bucket, by when it was stored; raises TooMuch."""
    width = WIDTHS_MS[bucket]
    whole = period.aligned(width)
    count = max(0, whole.end - whole.start) // width
    if count > MAX_BUCKETS:
        raise TooMuch(f"That is more than {MAX_BUCKETS:,} buckets: narrow the time range.")
    rows = connection.execute(
        "SELECT (minute - :first) / :width, bucket, sum(events) FROM latencies"
        " WHERE source IN (SELECT source FROM totals WHERE project = :project"
        " AND source = coalesce(CAST(:source AS BIGINT), source))"
        " AND minute >= :first AND minute < :last GROUP BY 1, 2",
        {
            "first": whole.start // MINUTE_MS,
            "last": whole.end // MINUTE_MS,
            "width": width // MINUTE_MS,
            "project": project,
            "source": source,
        },
    )
    classes: defaultdict[int, dict[int, int]] = defaultdict(dict)
    for at, bound, events in rows:
        classes[at][bound] = events
    items = [
        Took(moment(whole.start + at * width), sum(classes[at].values()), *percentiles(classes[at]))
        for at in range(count)
    ]
    return Latency(bucket, moment(whole.start), moment(whole.end), items)
