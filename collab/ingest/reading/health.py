"""Whether anything is lost, how much is waiting, and how long it takes from receipt to store."""

# ruff: noqa: S608  (SQL is only made from what is in here)

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime

from ...frozen import frozen
from ..pipeline.engines.face import Store
from ..pipeline.queues.requests import InStream
from .periods import MINUTE_MS, moment

#: Minutes over which throughput and latencies are shown.
RECENT_MINUTES = 15
#: What is waiting outside the store, if everything waits in it.
EMPTY_STREAM = InStream()
PERCENTILES = (0.5, 0.99)
#: Sources that an answer lists, those that received most.
MAX_SOURCES_TOLD = 500


@frozen
class Flow:
    """What became of everything received; each is a count of events."""

    received: int = 0
    stored: int = 0
    duplicate: int = 0
    rejected: int = 0
    queued: int = 0
    late: int = 0
    bytes: int = 0

    @property
    def balanced(self) -> bool:
        """Return whether nothing is lost, and nothing duplicated."""
        return self.received == self.stored + self.duplicate + self.rejected + self.queued

    def __add__(self, other: Flow) -> Flow:
        """Return both together."""
        return Flow(*(a + b for a, b in zip(_counts(self), _counts(other), strict=True)))


def _counts(flow: Flow) -> tuple[int, ...]:
    return (
        flow.received,
        flow.stored,
        flow.duplicate,
        flow.rejected,
        flow.queued,
        flow.late,
        flow.bytes,
    )


@frozen
class Pace:
    """How fast it goes, over the last minutes."""

    stored_per_second: float
    #: Milliseconds from receipt to stored: upper bounds of buckets; None if nothing was stored.
    p50_ms: int | None
    p99_ms: int | None


@frozen
class SourceHealth:
    """A source: its flow, its pace, and what is waiting."""

    source_id: int
    project_id: int
    flow: Flow
    pace: Pace
    oldest_waiting: datetime | None
    #: None: not counted, if the health of all projects is requested.
    dead_letters_open: int | None


@frozen
class Health:
    """Some sources, each and together; those that received most come first."""

    flow: Flow
    pace: Pace
    #: When the oldest waiting event was received, and how long it has waited.
    oldest_waiting: datetime | None
    lag_ms: int
    sources: list[SourceHealth]

    @property
    def balanced(self) -> bool:
        """Return whether the equation holds for each source, and not only in the sum."""
        return all(one.flow.balanced for one in self.sources)


@frozen
class _Queue:
    events: int
    oldest: int


def examine(
    connection: Store, now_ms: int, project: int | None = None, stream: InStream = EMPTY_STREAM
) -> Health:
    """Return the health of a project's sources, or of all sources.

    The numbers only agree if they are from one moment: the connection is in a transaction. Events
    waiting in a stream are counted as received by their load, and here.
    """
    queues = _queues(connection, project)
    flows = _flows(connection, queues, project)
    _add_waiting(stream, flows, queues, now_ms)
    some, values = _where(project)
    projects = dict(
        connection.execute(f"SELECT source, project FROM totals{some}", values).fetchall()
    )
    latencies = _latencies(connection, now_ms, project)
    letters = {} if project is None else _open_letters(connection, flows)
    sources = [
        SourceHealth(
            one,
            projects.get(one, 0),
            flow,
            pace(latencies.get(one, {})),
            moment(queues[one].oldest) if one in queues else None,
            letters.get(one),
        )
        for one, flow in sorted(flows.items(), key=lambda one: (-one[1].received, one[0]))
    ]
    oldest = min((one.oldest for one in queues.values()), default=None)
    return Health(
        sum(flows.values(), Flow()),
        pace(_merged(latencies.values())),
        None if oldest is None else moment(oldest),
        0 if oldest is None else max(0, now_ms - oldest),
        sources,
    )


def _add_waiting(
    stream: InStream, flows: dict[int, Flow], queues: dict[int, _Queue], now_ms: int
) -> None:
    """Count what is waiting in a stream as received and queued; its load does so permanently."""
    came = stream.oldest or now_ms
    # Only for known sources: what a deleted one has waiting is settled by its load.
    for one in flows.keys() & stream.events.keys():
        events = stream.events[one]
        flows[one] += Flow(received=events, queued=events)
        before = queues.get(one, _Queue(0, came))
        queues[one] = _Queue(before.events + events, min(before.oldest, came))


def _where(project: int | None) -> tuple[str, tuple[int, ...]]:
    return ("", ()) if project is None else (" WHERE project = ?", (project,))


def _queues(connection: Store, project: int | None) -> dict[int, _Queue]:
    """Return what each source has waiting; the inbox is bounded in bytes."""
    some, values = _where(project)
    rows = connection.execute(
        f"SELECT source, sum(events), min(received) FROM inbox{some} GROUP BY source", values
    )
    return {source: _Queue(events, oldest) for source, events, oldest in rows}


def _flows(connection: Store, queues: Mapping[int, _Queue], project: int | None) -> dict[int, Flow]:
    some, values = _where(project)
    rows = connection.execute(
        "SELECT source, received, stored, duplicate, rejected, late, bytes FROM totals" + some,
        values,
    )
    flows = {}
    for source, received, stored, duplicate, rejected, late, size in rows:
        queued = queues[source].events if source in queues else 0
        flows[source] = Flow(received, stored, duplicate, rejected, queued, late, size)
    # A source with waiting events but no totals would be a fault: it is shown, out of balance.
    return {one: Flow(queued=queues[one].events) for one in queues} | flows


def _latencies(connection: Store, now_ms: int, project: int | None) -> dict[int, dict[int, int]]:
    """Return, for each source: upper bound in milliseconds -> events of the last minutes."""
    some, values = _where(project)
    first = now_ms // MINUTE_MS - RECENT_MINUTES
    found: defaultdict[int, dict[int, int]] = defaultdict(dict)
    for source, bucket, events in connection.execute(
        "SELECT source, bucket, sum(events) FROM latencies"
        f" WHERE source IN (SELECT source FROM totals{some}) AND minute >= ?"
        " GROUP BY source, bucket",
        (*values, first),
    ):
        found[source][bucket] = events
    return found


def _open_letters(connection: Store, sources: Iterable[int]) -> dict[int, int]:
    """Return how many dead letters of each source are open, at most `MAX_COUNTED`."""
    return {
        one: connection.execute(
            "SELECT count(*) FROM (SELECT 1 FROM dead_letters"
            " WHERE source = ? AND state = 'open' LIMIT ?) AS found",
            (one, MAX_COUNTED),
        ).fetchone()[0]
        for one in sources
    }


#: Dead letters of a source that are counted.
MAX_COUNTED = 10_000


def pace(buckets: Mapping[int, int]) -> Pace:
    """Return the pace that a histogram of the last minutes shows."""
    total = sum(buckets.values())
    return Pace(round(total / (RECENT_MINUTES * 60), 2), *percentiles(buckets))


def percentiles(buckets: Mapping[int, int]) -> tuple[int | None, int | None]:
    """Return the upper bounds of the buckets in which the median and the 99th percentile are."""
    total = sum(buckets.values())
    p50, p99 = (_percentile(buckets, total, one) for one in PERCENTILES)
    return p50, p99


def _percentile(buckets: Mapping[int, int], total: int, share: float) -> int | None:
    seen = 0
    for bound in sorted(buckets):
        seen += buckets[bound]
        # The upper bound of its bucket, so that what is shown is never better than it was.
        if seen >= share * total:
            return bound
    return None


def _merged(histograms: Iterable[Mapping[int, int]]) -> dict[int, int]:
    found: defaultdict[int, int] = defaultdict(int)
    for one in histograms:
        for bound, events in one.items():
            found[bound] += events
    return found


def worker_note(connection: Store) -> str:
    """Return what the worker noted about itself: `ok`, or why it can't load."""
    row = connection.execute("SELECT value FROM state WHERE name = 'worker'").fetchone()
    return str(row[0]) if row else "ok"
