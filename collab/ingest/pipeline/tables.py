"""What a load writes, statement by statement: ids that were seen, events, letters and counters."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

import orjson

from .archives.archive import DAY_MS, Slot
from .batch import Letter, Row, storable
from .engines.face import EventRow, Key, Store, joined
from .event import Event
from .store import OPEN, REPLAYED

#: Bytes that an event takes besides its data: its row, four index entries and its id.
EVENT_BYTES = 350
#: Characters that join an event's data and metadata.
JOINT_CHARACTERS = len(joined("", ""))
#: How long after midnight two tries of an event without a time may be loaded in the wrong order.
MIDNIGHT_MS = 3_600_000

#: A UUID as in RFC 9562 §4: lower case, with four hyphens.
UUID_PATTERN = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
UUID_BYTES = 16


def compact(event_id: str) -> bytes:
    """Return an id as it is remembered: 16 bytes for a UUID as it is usually written.

    Another spelling is another id, as it is for its sender. No two ids have the same bytes.
    """
    if len(event_id) == 36 and UUID_PATTERN.fullmatch(event_id):
        return bytes.fromhex(event_id.replace("-", ""))
    text = event_id.encode()
    return text if len(text) != UUID_BYTES else b"\xff" + text  # no UTF-8 begins with it


def unseen(connection: Store, events: Sequence[Event]) -> set[int]:
    """Note the events' ids; returns the places of the new ones.

    An id is looked for among those of its source and of the day of its time: so the index is
    written in few places, and costs the same however many events there are. Events without a time
    count by the day of their receipt, and midnight may come between two tries: they are also looked
    for on the day before, and noted there as long as tries from that day may still be loaded.
    """
    places: dict[Key, int] = {}
    for place, event in enumerate(events):
        places.setdefault(key_of(event), place)
    before = {
        _day_before(key): (key, place)
        for key, place in places.items()
        if events[place].ts == events[place].received
    }
    near = {key for key, (_, place) in before.items() if _is_near(events[place])}
    # All in the same order, everywhere: two loads that wait for each other's ids would wait for
    # ever.
    fresh = connection.add_ids(sorted(places.keys() | near))
    _note_days(connection, events)
    known = (near - fresh) | (before.keys() & places.keys())
    known |= connection.known_ids([key for key in before if key not in near])
    again = {before[key][0] for key in known}
    return {place for key, place in places.items() if key in fresh and key not in again}


def key_of(event: Event) -> Key:
    """Return what identifies an event."""
    return event.source, event.ts // DAY_MS, compact(event.event_id)


def _day_before(key: Key) -> Key:
    source, day, event_id = key
    return source, day - 1, event_id


def _is_near(event: Event) -> bool:
    """Return whether an event without a time is also noted on the day before."""
    return event.ts == event.received and event.ts % DAY_MS < MIDNIGHT_MS


def is_known(connection: Store, key: Key) -> bool:
    """Return whether an id is noted."""
    return bool(connection.known_ids([key]))


def forget(connection: Store, event: Event) -> None:
    """Forget that an event was seen: it was rejected, and may come again."""
    keys = [key_of(event)]
    if _is_near(event):
        keys.insert(0, _day_before(keys[0]))
    connection.executemany("DELETE FROM seen WHERE source = ? AND day = ? AND id = ?", keys)


def _note_days(connection: Store, events: Iterable[Event]) -> None:
    last: dict[tuple[int, int], int] = {}
    for event in events:
        day = event.ts // DAY_MS
        for one in (day, day - 1) if _is_near(event) else (day,):
            last[event.source, one] = max(event.received, last.get((event.source, one), 0))
    connection.executemany(
        "INSERT INTO seen_days (source, day, last) VALUES (?, ?, ?) ON CONFLICT (source, day)"
        " DO UPDATE SET last = CASE WHEN seen_days.last < excluded.last"
        " THEN excluded.last ELSE seen_days.last END",
        [(*key, received) for key, received in sorted(last.items())],
    )


def insert(connection: Store, events: Sequence[Event]) -> list[int]:
    """Store events; returns the characters of each one's data."""
    rows = [_row(event) for event in events]
    connection.add_events(rows)
    return [len(row[-2]) + len(row[-1]) + JOINT_CHARACTERS for row in rows]


def _row(event: Event) -> EventRow:
    return (
        event.project,
        event.source,
        event.ts,
        event.received,
        event.type,
        event.event_id,
        event.user_id,
        event.session_id,
        int(event.late),
        orjson.dumps(event.data).decode(),
        orjson.dumps(event.metadata).decode(),
    )


def keep_letters(connection: Store, letters: Iterable[Letter], now: int) -> None:
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
                storable(one.reason),
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


def remove(connection: Store, rows: Sequence[Row]) -> int:
    """Take requests out of the inbox; returns how many were there."""
    ids = [(row.id,) for row in rows]
    return connection.executemany("DELETE FROM inbox WHERE id = ?", ids).rowcount


def replace_letter(connection: Store, source: int, receipt: str, now: int) -> None:
    """Mark the letter that a request from the archive replaces."""
    connection.execute(
        "UPDATE dead_letters SET state = ?, changed_at = ? WHERE source = ? AND receipt = ?",
        (REPLAYED, now, source, receipt),
    )


def hold_archives(connection: Store, slots: Iterable[Slot], writer: str) -> dict[Slot, int]:
    """Return how long a writer's files are; nobody else may change them until the commit."""
    statement = (
        "INSERT INTO archives (project, hour, writer, bytes, events) VALUES (?, ?, ?, 0, 0)"
        " ON CONFLICT (project, hour, writer) DO UPDATE SET sha256 = NULL RETURNING bytes"
    )
    return {
        slot: connection.execute(statement, (*slot, writer)).fetchone()[0] for slot in sorted(slots)
    }


def note_archives(connection: Store, lengths: Mapping[Slot, tuple[int, int]], writer: str) -> None:
    """Note how long a writer's files are now, and how many events came to them."""
    connection.executemany(
        "UPDATE archives SET bytes = ?, events = events + ?"
        " WHERE project = ? AND hour = ? AND writer = ?",
        [(*numbers, *slot, writer) for slot, numbers in sorted(lengths.items())],
    )
