"""What a load writes, statement by statement: ids that were seen, events, letters and counters."""

from __future__ import annotations

import re
import sqlite3
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import orjson

from .archive import DAY_MS, Slot
from .batch import Letter, Row
from .event import Event
from .store import LATENCY_BUCKETS, OPEN, REPLAYED

MINUTE_MS = 60_000
#: Ids of one statement: SQLite takes 32,766 parameters, three of which are an id.
IDS_PER_STATEMENT = 500
#: Bytes that an event takes beside its data: its row, four index entries and its id.
EVENT_BYTES = 350

#: A UUID as RFC 9562 §4 has it: lower case, with four hyphens.
UUID_PATTERN = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

Key = tuple[int, int, bytes | str]

INSERT_EVENT = (
    "INSERT INTO events (project, source, ts, received, type, event_id, user_id, session_id,"
    " late, data) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


def compact(event_id: str) -> bytes | str:
    """Return an id as it is remembered: 16 bytes for a UUID as it is usually written.

    Another spelling of it is another id, as it is for its sender.
    """
    if len(event_id) == 36 and UUID_PATTERN.fullmatch(event_id):
        return bytes.fromhex(event_id.replace("-", ""))
    return event_id


def unseen(connection: sqlite3.Connection, events: Sequence[Event]) -> set[int]:
    """Note the events' ids; returns the places of those that were not known.

    An id is looked for among those of its source and of the day of its time: so the index is
    written at few places, and costs the same however many events there are.
    """
    places: dict[Key, int] = {}
    for place, event in enumerate(events):
        places.setdefault(_key(event), place)
    keys = list(places)
    fresh: set[int] = set()
    for start in range(0, len(keys), IDS_PER_STATEMENT):
        some = keys[start : start + IDS_PER_STATEMENT]
        found = connection.execute(
            f"INSERT OR IGNORE INTO seen (source, day, id) VALUES {_marks(some)}"  # noqa: S608
            " RETURNING source, day, id",
            [part for key in some for part in key],
        )
        fresh.update(places[key] for key in found)
    _note_days(connection, events)
    return fresh - _seen_the_day_before(connection, [(place, events[place]) for place in fresh])


def _key(event: Event) -> Key:
    return event.source, event.ts // DAY_MS, compact(event.event_id)


def _marks(keys: Sequence[Key]) -> str:
    return ", ".join(["(?, ?, ?)"] * len(keys))


def _seen_the_day_before(
    connection: sqlite3.Connection, events: Sequence[tuple[int, Event]]
) -> set[int]:
    """Return the places of events without a time of their own that came the day before, too.

    They count by the day of their receipt, and midnight may lie between two tries.
    """
    undated = [
        (place, (event.source, event.ts // DAY_MS - 1, compact(event.event_id)))
        for place, event in events
        if event.ts == event.received
    ]
    found: set[int] = set()
    for place, key in undated:
        query = "SELECT 1 FROM seen WHERE source = ? AND day = ? AND id = ?"
        if connection.execute(query, key).fetchone():
            found.add(place)
    return found


def forget(connection: sqlite3.Connection, event: Event) -> None:
    """Take back that an event was seen: it was rejected, and may come again."""
    connection.execute("DELETE FROM seen WHERE source = ? AND day = ? AND id = ?", _key(event))


def _note_days(connection: sqlite3.Connection, events: Iterable[Event]) -> None:
    last: dict[tuple[int, int], int] = {}
    for event in events:
        last[event.source, event.ts // DAY_MS] = event.received
    connection.executemany(
        "INSERT INTO seen_days (source, day, last) VALUES (?, ?, ?)"
        " ON CONFLICT (source, day) DO UPDATE SET last = max(last, excluded.last)",
        [(*key, received) for key, received in last.items()],
    )


def insert(connection: sqlite3.Connection, events: Sequence[Event]) -> list[int]:
    """Store events; returns the bytes of each one's data."""
    rows = [_row(event) for event in events]
    connection.executemany(INSERT_EVENT, rows)
    return [len(row[-1]) for row in rows]


def _row(event: Event) -> tuple[Any, ...]:
    data = orjson.dumps({"data": event.data, "metadata": event.metadata}).decode()
    return (
        event.project,
        event.source,
        event.ts,
        event.received,
        event.type,
        event.event_id,
        event.user_id,
        event.session_id,
        event.late,
        data,
    )


def keep_letters(connection: sqlite3.Connection, letters: Iterable[Letter], now: int) -> None:
    """Keep what was rejected, with its bytes as they were sent."""
    connection.executemany(
        "INSERT INTO dead_letters (project, source, received, rejected_at, stage, reason, event_id,"
        " type, format, receipt, context, payload, state)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                one.row.project,
                one.row.source,
                one.row.received,
                now,
                one.stage,
                one.reason,
                one.event_id,
                one.type,
                one.row.format,
                one.receipt,
                one.row.context,
                one.payload,
                OPEN,
            )
            for one in letters
        ],
    )


def remove(connection: sqlite3.Connection, rows: Sequence[Row]) -> int:
    """Take requests out of the inbox; returns how many were there."""
    ids = [(row.id,) for row in rows]
    return connection.executemany("DELETE FROM inbox WHERE id = ?", ids).rowcount


class Tally:
    """What a load adds to the counters, summed up before it is written."""

    def __init__(self) -> None:
        self._totals: dict[tuple[int, int], Counter[str]] = {}
        self._bytes: Counter[tuple[int, int]] = Counter()
        self._minutes: Counter[tuple[int, int, int, str]] = Counter()
        self._late: Counter[tuple[int, int, int, str]] = Counter()
        self._latencies: Counter[tuple[int, int, int]] = Counter()

    def _of(self, source: int, project: int) -> Counter[str]:
        return self._totals.setdefault((source, project), Counter())

    def received(self, rows: Iterable[Row]) -> None:
        """Count what is received, where that was not counted when it came."""
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
        """Count off a letter that a request of the archive replaces: both were received."""
        counts = self._of(row.source, row.project)
        counts["received"] -= row.events
        counts["rejected"] -= row.events

    def stored(self, events: Sequence[Event], sizes: Sequence[int], now: int) -> None:
        """Count stored events: in all, in the minute of their time, and by how long it took."""
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
        """Count as received what was found in the requests, should it not be what they said."""
        for row in rows:
            if more := found.get(row.id, 0) - row.events:
                self._of(row.source, row.project)["received"] += more

    def write(self, connection: sqlite3.Connection) -> None:
        """Add it to the counters."""
        for place, size in self._bytes.items():
            self._of(*place)["bytes"] += size
        connection.executemany(
            "INSERT INTO totals (source, project, received, stored, duplicate, rejected, late,"
            " bytes) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (source) DO UPDATE SET"
            " received = received + excluded.received, stored = stored + excluded.stored,"
            " duplicate = duplicate + excluded.duplicate, rejected = rejected + excluded.rejected,"
            " late = late + excluded.late, bytes = bytes + excluded.bytes",
            [(*key, *(counts[name] for name in TOTALS)) for key, counts in self._totals.items()],
        )
        connection.executemany(
            "INSERT INTO minutes (project, minute, source, type, events, late)"
            " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (project, minute, source, type)"
            " DO UPDATE SET events = events + excluded.events, late = late + excluded.late",
            [(*key, count, self._late[key]) for key, count in self._minutes.items()],
        )
        connection.executemany(
            "INSERT INTO latencies (source, minute, bucket, events) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (source, minute, bucket) DO UPDATE SET events = events + excluded.events",
            [(*key, count) for key, count in self._latencies.items()],
        )


TOTALS = ("received", "stored", "duplicate", "rejected", "late", "bytes")


def replace_letter(connection: sqlite3.Connection, source: int, receipt: str, now: int) -> None:
    """Mark the letter that a request from the archive replaces."""
    connection.execute(
        "UPDATE dead_letters SET state = ?, changed_at = ? WHERE source = ? AND receipt = ?",
        (REPLAYED, now, source, receipt),
    )


def archive_lengths(connection: sqlite3.Connection, slots: Iterable[Slot]) -> dict[Slot, int]:
    """Return how long the archive's files are, of those that there are."""
    query = "SELECT bytes FROM archives WHERE project = ? AND hour = ?"
    found = {slot: connection.execute(query, slot).fetchone() for slot in slots}
    return {slot: row[0] for slot, row in found.items() if row}


def note_archive(connection: sqlite3.Connection, lengths: dict[Slot, tuple[int, int]]) -> None:
    """Note how long files of the archive are now, and how many events came to them."""
    connection.executemany(
        "INSERT INTO archives (project, hour, bytes, events) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (project, hour) DO UPDATE SET bytes = excluded.bytes,"
        " events = events + excluded.events, sha256 = NULL",
        [(*slot, length, events) for slot, (length, events) in lengths.items()],
    )
