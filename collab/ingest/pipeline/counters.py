"""The counters: what a load adds to them, and roll-ups by minute, hour and day."""

# ruff: noqa: S608  (SQL is only made from what is in here)

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from .batch import Letter, Row
from .engines.face import Store
from .event import Event
from .store import LATENCY_BUCKETS
from .tables import EVENT_BYTES

MINUTE_MS = 60_000
#: A project, a minute, a source and a type.
MinuteKey = tuple[int, int, int, str]


class Tally:
    """What a load adds to the counters, summed up before it is written."""

    def __init__(self) -> None:
        self._totals: dict[tuple[int, int], Counter[str]] = {}
        self._bytes: Counter[tuple[int, int]] = Counter()
        self._minutes: Counter[MinuteKey] = Counter()
        self._late: Counter[MinuteKey] = Counter()
        self._latencies: Counter[tuple[int, int, int]] = Counter()

    def _of(self, source: int, project: int) -> Counter[str]:
        return self._totals.setdefault((source, project), Counter())

    def received(self, rows: Iterable[Row]) -> None:
        """Count what is received, if that was not counted on arrival."""
        for row in rows:
            self._of(row.source, row.project)["received"] += row.events

    def duplicate(self, event: Event) -> None:
        """Count an event that was known."""
        self._of(event.source, event.project)["duplicate"] += 1

    def rejected(self, letter: Letter) -> None:
        """Count a letter, and its bytes."""
        counts = self._of(letter.row.source, letter.row.project)
        counts["rejected"] += 1
        counts["bytes"] += len(letter.payload) + EVENT_BYTES

    def replaces(self, row: Row) -> None:
        """Uncount a letter that an archived request replaces: both were received."""
        counts = self._of(row.source, row.project)
        counts["received"] -= row.events
        counts["rejected"] -= row.events

    def stored(self, events: Sequence[Event], sizes: Sequence[int], now: int) -> None:
        """Count stored events: in all, in the minute of their time, and by how long they took."""
        kinds = Counter(
            [(one.project, one.ts // MINUTE_MS, one.source, one.type, one.late) for one in events]
        )
        for (project, minute, source, kind, late), count in kinds.items():
            counts, key = self._of(source, project), (project, minute, source, kind)
            counts["stored"] += count
            counts["late"] += count * late
            self._minutes[key] += count
            self._late[key] += count * late
        for event, size in zip(events, sizes, strict=True):
            self._bytes[event.source, event.project] += size + EVENT_BYTES
        for (source, received), count in Counter([(e.source, e.received) for e in events]).items():
            took = bisect_left(LATENCY_BUCKETS, max(0, now - received))
            bucket = LATENCY_BUCKETS[min(took, len(LATENCY_BUCKETS) - 1)]
            self._latencies[source, now // MINUTE_MS, bucket] += count

    def correct(self, rows: Iterable[Row], found: dict[int | str, int]) -> None:
        """Count as received what was found in the requests, if that differs from what they said."""
        for row in rows:
            if more := found.get(row.id, 0) - row.events:
                self._of(row.source, row.project)["received"] += more

    def write(self, connection: Store) -> None:
        """Add it to the counters, in the same order as all writers: so none waits in a circle.

        They come last: a load that has written a counter holds up others that count the same.
        """
        for place, size in self._bytes.items():
            self._of(*place)["bytes"] += size
        rows = [(*key, *(counts[name] for name in TOTALS)) for key, counts in self._totals.items()]
        connection.executemany(ADD_TOTALS, sorted(rows))
        add_counts(
            connection, {key: (count, self._late[key]) for key, count in self._minutes.items()}
        )
        connection.executemany(
            "INSERT INTO latencies (source, minute, bucket, events) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (source, minute, bucket)"
            " DO UPDATE SET events = latencies.events + excluded.events",
            sorted((*key, count) for key, count in self._latencies.items()),
        )


TOTALS = ("received", "stored", "duplicate", "rejected", "late", "bytes")
ADD_TOTALS = (
    f"INSERT INTO totals (source, project, {', '.join(TOTALS)}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (source) DO UPDATE SET "
    + ", ".join(f"{name} = totals.{name} + excluded.{name}" for name in TOTALS)
)
#: The roll-ups: each table's name, the name of its time column, and its width in minutes.
ROLLUPS = (("minutes", "minute", 1), ("hours", "hour", 60), ("days", "day", 24 * 60))


def add_totals(connection: Store, name: str, numbers: Mapping[int, int]) -> None:
    """Add numbers, by source, to one of the counters; sources without any are left alone."""
    connection.executemany(
        f"UPDATE totals SET {name} = {name} + ? WHERE source = ?",
        [(number, source) for source, number in sorted(numbers.items())],
    )


def add_counts(connection: Store, counts: Mapping[MinuteKey, tuple[int, int]]) -> None:
    """Add (events, late ones) by project, minute, source and type to the roll-ups.

    Negative numbers subtract.
    """
    for table, column, width in ROLLUPS:
        summed: dict[MinuteKey, list[int]] = {}
        for (project, minute, source, kind), (events, late) in counts.items():
            into = summed.setdefault((project, minute // width, source, kind), [0, 0])
            into[0] += events
            into[1] += late
        connection.executemany(
            f"INSERT INTO {table} (project, {column}, source, type, events, late)"
            f" VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (project, {column}, source, type) DO UPDATE"
            f" SET events = {table}.events + excluded.events, late = {table}.late + excluded.late",
            [(*key, *numbers) for key, numbers in sorted(summed.items())],
        )
