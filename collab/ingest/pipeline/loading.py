"""One load: requests leave the inbox, and their events are stored, each exactly once.

What single events need is done first. Then one transaction notes the ids, stores the events,
counts them, keeps the dead letters and removes the requests: whenever the process dies, all of it
has happened or none.
"""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import orjson

from . import tables
from .archive import Archive, Slot, pack
from .batch import Batch, Item, Row, letter_of
from .event import Event
from .queues.in_hand import InHand
from .queues.requests import InboxQueue, Queue, TakenElsewhere
from .sources import SourceReader
from .stages import Context, deduplicate, enrich, load, transform, validate
from .store import CHECKPOINT_PAGES, connect, writing
from .unpacking import give_up, reason_of, unpack

log = logging.getLogger(__name__)

#: A project whose events took longer than this many seconds in a load waits behind the others.
PATIENT_S = 0.5

#: Works on many events before they are stored: see `stages.py`.
Plugin = Callable[[Sequence[Event], Sequence[Context]], None]


class Postponed(Exception):
    """A plugin can't do its work now: what was taken stays in the inbox, and is tried again."""


#: The disk, a lock or another service: nothing in the requests is wrong.
PASSING_ERRORS = (sqlite3.OperationalError, OSError, Postponed)


class Loader:
    """Takes requests out of the inbox; only one may work on a store at a time (`worker/`)."""

    def __init__(
        self,
        path: Path,
        sources: SourceReader,
        archive: Archive,
        *,
        hash_key: bytes = b"",
        plugins: Sequence[Plugin] = (),
        now: Callable[[], float] = time.time,
        patient_s: float = PATIENT_S,
    ) -> None:
        # An acknowledged request is on disk; a load that a power cut undoes is done again.
        self.connection = connect(path, synchronous="NORMAL")
        self.connection.execute(f"PRAGMA wal_autocheckpoint={CHECKPOINT_PAGES}")
        self.sources, self.archive = sources, archive
        self._hash_key, self._plugins, self._now = hash_key, plugins, now
        self._patient_s = patient_s
        self.queues: list[Queue] = [InboxQueue(self.connection, InHand(path))]
        #: Projects that took long, and until when (monotonic) others go first.
        self._slow: dict[int, float] = {}

    def close(self) -> None:
        """Close the queues and both databases."""
        for queue in self.queues:
            queue.close()
        self.connection.close()
        self.sources.close()

    def load_some(self) -> int:
        """Load what waits, up to a bound; returns how many events left the inbox, 0 for none.

        Raises Postponed, and sqlite3.OperationalError where the store can't be written: then all
        is as before.
        """
        now = time.monotonic()
        slow = [project for project, until in self._slow.items() if until > now]
        for queue in self.queues:
            if rows := queue.take(slow):
                return self._load_or_put_back(queue, rows)
        return 0

    def _load_or_put_back(self, queue: Queue, rows: list[Row]) -> int:
        if queue.has_killed(rows[0]):
            return self._give_up(queue, rows[0])
        try:
            return self._load(queue, rows)
        except PASSING_ERRORS:
            queue.put_back(rows)
            raise

    def _give_up(self, queue: Queue, row: Row) -> int:
        """Reject all events of a request that workers have died of; nothing looks into them."""
        log.error("ingest: request %s has killed the worker, and is given up", row.id)
        batch = Batch()
        if source := self.sources.get([row.source]).get(row.source):
            give_up(row, source, batch)
        self._store(queue, [row], batch)
        return row.events

    def load_all(self) -> int:
        """Load until the inbox is empty; returns how many events left it."""
        total = 0
        while loaded := self.load_some():
            total += loaded
        return total

    def _load(self, queue: Queue, rows: list[Row]) -> int:
        """Load some requests; if that fails, each half on its own, down to the one at fault."""
        try:
            batch, done = self._work(rows)
            self._store(queue, rows[:done], batch)
            if rest := rows[done:]:
                queue.put_back(rest)
        except TakenElsewhere:
            return 0
        except PASSING_ERRORS:
            raise  # the disk, the lock or another service: nothing in the requests is wrong
        except Exception:
            if len(rows) == 1:
                log.exception("ingest: request %s can't be loaded", rows[0].id)
                return self._load_one_by_one(queue, rows[0])
            middle = len(rows) // 2
            return self._load(queue, rows[:middle]) + self._load(queue, rows[middle:])
        return sum(row.events for row in rows[:done])

    def _load_one_by_one(self, queue: Queue, row: Row) -> int:
        """Load a request at which loading fails: the events that it fails at are rejected."""
        batch, _ = self._work([row])
        kept: list[Item] = []
        for item in batch.items:
            try:
                self._try(item)
                kept.append(item)
            except Exception as error:
                words = f"The event can't be stored ({type(error).__name__})."
                batch.letters.append(letter_of(item, "load", words))
        batch.items = kept
        self._store(queue, [row], batch)
        return row.events

    def _try(self, item: Item) -> None:
        """Store an event and undo it; raises what storing it raises."""
        event = validate(item.value, item.row.format, item.place, item.context)
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            tables.unseen(self.connection, [event])
            ready = transform(enrich(event, item.context), item.context)
            load([ready], lambda events: tables.insert(self.connection, events))
        finally:
            self.connection.execute("ROLLBACK")

    # -- before the transaction ---------------------------------------------------------------

    def _work(self, rows: Sequence[Row]) -> tuple[Batch, int]:
        """Take requests apart; returns how many: the rest waits once these have taken long."""
        batch, done = Batch(), 0
        begun = time.perf_counter()
        sources = self.sources.get({row.source for row in rows})
        for row in rows:
            done += 1
            source = sources.get(row.source)
            if source is None:  # deleted since, and all that it sent with it
                continue
            started = time.perf_counter()
            unpack(row, source, batch, self._hash_key)
            self._note_time(row.project, time.perf_counter() - started)
            if time.perf_counter() - begun > self._patient_s:
                break
        self._run_plugins(batch)
        return batch, done

    def _run_plugins(self, batch: Batch) -> None:
        events = [item.event for item in batch.items]
        contexts = [item.context for item in batch.items]
        for plugin in self._plugins if events else ():
            try:
                plugin(events, contexts)
            except Postponed:
                raise
            except Exception:  # what it adds is missing then; the events are not
                log.exception("ingest: the plugin %r failed", plugin)

    def _note_time(self, project: int, took: float) -> None:
        if took > self._patient_s:
            self._slow[project] = time.monotonic() + 3 * took

    # -- the transaction ----------------------------------------------------------------------

    def _store(self, queue: Queue, rows: Sequence[Row], batch: Batch) -> None:
        packed = {slot: pack(lines) for slot, lines in batch.lines.items() if lines}
        now = int(self._now() * 1000)
        tally = tables.Tally()
        with writing(self.connection) as connection:
            queue.settle(connection, rows)
            if queue.counts_at_load:
                tally.received(rows)
            kept = self._pass_stages(connection, batch, tally)
            sizes = load(kept, lambda events: tables.insert(connection, events))
            tally.stored(kept, sizes, now)
            tables.keep_letters(connection, batch.letters, now)
            for letter in batch.letters:
                tally.rejected(letter)
            _note_replaced(connection, rows, tally, now)
            tally.correct(rows, batch.found)
            tally.write(connection)
            # On disk before the commit: what leaves the inbox is in the archive.
            self._archive(connection, batch, packed)
        queue.acknowledge(rows)

    def _pass_stages(
        self, connection: sqlite3.Connection, batch: Batch, tally: tables.Tally
    ) -> list[Event]:
        """Return the events that are to be stored; counts duplicates, adds letters to the batch."""
        events = [item.event for item in batch.items]
        fresh = deduplicate(events, lambda some: tables.unseen(connection, some))
        ids = set(map(id, fresh))
        kept: list[Event] = []
        for item in batch.items:
            if id(item.event) not in ids:
                tally.duplicate(item.event)
                continue
            try:
                kept.append(transform(enrich(item.event, item.context), item.context))
            except Exception as error:
                reason = reason_of(error, item.row, item.place)
                batch.letters.append(letter_of(item, "transform", reason))
                # Read anew: a stage may have changed it before it failed.
                sent = validate(item.value, item.row.format, item.place, item.context)
                tables.forget(connection, sent)
        return kept

    def _archive(
        self, connection: sqlite3.Connection, batch: Batch, packed: Mapping[Slot, bytes]
    ) -> None:
        """Have the lines on disk, and note how long each file is now."""
        known = tables.archive_lengths(connection, packed)
        lengths = {
            slot: (self.archive.append(slot, member, known.get(slot, 0)), len(batch.lines[slot]))
            for slot, member in packed.items()
        }
        tables.note_archive(connection, lengths)


def _note_replaced(
    connection: sqlite3.Connection, rows: Sequence[Row], tally: tables.Tally, now: int
) -> None:
    """Replay what was replayed before, of requests that come from the archive."""
    for row in rows:
        said = orjson.loads(row.context)
        if said.get("imported") and said.get("replaces"):
            tables.replace_letter(connection, row.source, said["replaces"], now)
            tally.replaces(row)
