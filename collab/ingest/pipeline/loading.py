"""One load: requests leave the inbox, and their events are stored, each exactly once.

The work on single events is done first. Then one transaction notes the ids, stores the events,
counts them, keeps the dead letters and removes the requests: whenever the process dies, all of this
has happened, or none.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import orjson

from . import tables
from .archives.archive import Archive, Slot, pack
from .batch import Batch, Item, Row, letter_of
from .counters import Tally
from .engines.face import Store
from .event import Event
from .queues.in_hand import InHand, path_of
from .queues.requests import InboxQueue, Queue, TakenElsewhere, stream_errors
from .sources import SourceReader
from .stages import Context, deduplicate, enrich, load, transform, validate
from .store import CHECKPOINT_PAGES, Where, connect, store_errors, writing
from .unpacking import give_up, reason_of, unpack

log = logging.getLogger(__name__)

#: A project whose events took longer than this many seconds in a load waits for the others.
PATIENT_S = 0.5

#: Works on many events before they are stored: see `stages.py`.
Plugin = Callable[[Sequence[Event], Sequence[Context]], None]


class Postponed(Exception):
    """A plugin can't do its work now: the requests stay in the inbox, and are tried again."""


def passing_errors() -> tuple[type[Exception], ...]:
    """Return what passes: nothing in the requests is wrong."""
    return (*store_errors(), *stream_errors(), OSError, Postponed)


class Loader:
    """Takes requests out of the inbox; only one may work on a file at a time (`worker/`)."""

    def __init__(
        self,
        where: Where,
        sources: SourceReader,
        archive: Archive,
        *,
        hash_key: bytes = b"",
        plugins: Sequence[Plugin] = (),
        now: Callable[[], float] = time.time,
        patient_s: float = PATIENT_S,
        in_hand: Path | None = None,
        synchronous: str = "NORMAL",
    ) -> None:
        # NORMAL: a request in the store's inbox is on disk, and a load that a power cut undoes is
        # repeated. Requests that are acknowledged elsewhere after a load need FULL.
        self.connection = connect(where, synchronous=synchronous, checkpoint_pages=CHECKPOINT_PAGES)
        self.sources, self.archive = sources, archive
        self._hash_key, self._plugins, self._now = hash_key, plugins, now
        self._patient_s = patient_s
        self.queues: list[Queue] = [InboxQueue(self.connection, InHand(in_hand or path_of(where)))]
        #: Projects that took long, and the time (monotonic) until which others go first.
        self._slow: dict[int, float] = {}

    def close(self) -> None:
        """Close the queues and both databases."""
        for queue in self.queues:
            queue.close()
        self.connection.close()
        self.sources.close()
        self.archive.close()

    def load_some(self) -> int:
        """Load what is waiting, up to a bound; returns how many events left the inbox, 0 for none.

        Raises Postponed, and what `store_errors` names if the store can't be written: then
        everything is as before.
        """
        now = time.monotonic()
        slow = [project for project, until in self._slow.items() if until > now]
        for queue in self.queues:
            if rows := queue.take(slow):
                return self._load_or_put_back(queue, rows)
        return 0

    def _load_or_put_back(self, queue: Queue, rows: list[Row]) -> int:
        try:
            # Checked before anything reads it: what killed the last worker would kill this one.
            if queue.has_killed(rows[0]):
                return self._give_up(queue, rows[0])
            return self._load(queue, rows)
        except TakenElsewhere:
            return 0
        except passing_errors():
            queue.put_back(rows)
            raise

    def _give_up(self, queue: Queue, row: Row) -> int:
        """Reject all events of a request that has killed workers; nothing looks into them."""
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
        """Load some requests; if that fails, each half separately, down to the one at fault."""
        try:
            batch, done = self._work(rows)
            self._store(queue, rows[:done], batch)
            if rest := rows[done:]:
                queue.put_back(rest)
        except TakenElsewhere:
            queue.put_back(rows)  # only some of them: the others are still to be loaded
            return 0
        except passing_errors():
            raise
        except Exception:
            if len(rows) == 1:
                log.exception("ingest: request %s can't be loaded", rows[0].id)
                return self._load_one_by_one(queue, rows[0])
            # By halves: one bad request among many costs a few loads, not one for each.
            middle = len(rows) // 2
            return self._load(queue, rows[:middle]) + self._load(queue, rows[middle:])
        return sum(row.events for row in rows[:done])

    def _load_one_by_one(self, queue: Queue, row: Row) -> int:
        """Load a request for which loading fails: the events that cause it are rejected.

        Not if the store is only busy, or out of reach: then all of it is tried again.
        """
        batch, _ = self._work([row])
        kept: list[Item] = []
        for item in batch.items:
            try:
                self._try(item)
                kept.append(item)
            except passing_errors():
                raise
            except Exception as error:
                words = f"The event can't be stored ({type(error).__name__})."
                batch.letters.append(letter_of(item, "load", words))
        batch.items = kept
        self._store(queue, [row], batch)
        return row.events

    def _try(self, item: Item) -> None:
        """Store an event and undo it; raises what storing it raises."""
        event = validate(item.value, item.row.format, item.place, item.context)
        with self.connection.trying() as connection:
            tables.unseen(connection, [event])
            ready = transform(enrich(event, item.context), item.context)
            load([ready], lambda events: tables.insert(connection, events))

    # -- before the transaction ---------------------------------------------------------------

    def _work(self, rows: Sequence[Row]) -> tuple[Batch, int]:
        """Unpack requests; returns how many: the rest waits once these have taken long."""
        batch, done = Batch(), 0
        begun = time.perf_counter()
        sources = self.sources.get({row.source for row in rows})
        for row in rows:
            done += 1
            source = sources.get(row.source)
            # Its rows are settled anyway, or they would be taken out again for ever.
            if source is None:  # deleted since, with everything that it sent
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
            except Exception:  # then what it adds is missing, but not the events
                log.exception("ingest: the plugin %r failed", plugin)

    def _note_time(self, project: int, took: float) -> None:
        if took > self._patient_s:
            # For three times as long as it took: so it gets at most a quarter of the time.
            self._slow[project] = time.monotonic() + 3 * took

    # -- the transaction ----------------------------------------------------------------------

    def _store(self, queue: Queue, rows: Sequence[Row], batch: Batch) -> None:
        # Compressed before the transaction, which others wait for.
        packed = {slot: pack(lines) for slot, lines in batch.lines.items() if lines}
        now = int(self._now() * 1000)
        tally = Tally()
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
            # On disk before the commit: everything that leaves the inbox is in the archive.
            self._archive(connection, batch, packed)
            tally.write(connection)
        _acknowledge(queue, rows)

    def _pass_stages(self, connection: Store, batch: Batch, tally: Tally) -> list[Event]:
        """Return the events to store; counts duplicates, adds letters to the batch."""
        events = [item.event for item in batch.items]
        fresh = deduplicate(events, lambda some: tables.unseen(connection, some))
        # By identity: two events of one batch may be equal.
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
                # Read again: a stage may have changed it before it failed.
                sent = validate(item.value, item.row.format, item.place, item.context)
                # Its id is free again: the same event, sent again after a correction, is no
                # duplicate.
                tables.forget(connection, sent)
        return kept

    def _archive(self, connection: Store, batch: Batch, packed: Mapping[Slot, bytes]) -> None:
        """Write the lines to disk, and note how long each file is now."""
        writer = self.archive.writer
        known = tables.hold_archives(connection, packed, writer)
        lengths = {
            slot: (self.archive.append(slot, member, known[slot]), len(batch.lines[slot]))
            for slot, member in packed.items()
        }
        tables.note_archives(connection, lengths, writer)


def _acknowledge(queue: Queue, rows: Sequence[Row]) -> None:
    """Have a queue forget what is loaded, after the commit that notes it."""
    try:
        queue.acknowledge(rows)
    except passing_errors() as error:
        # This must not fail the load, which is done. They come back, are recognised, and are
        # acknowledged.
        log.warning("ingest: loaded requests will be acknowledged later: %s", error)


def _note_replaced(connection: Store, rows: Sequence[Row], tally: Tally, now: int) -> None:
    """Repeat earlier replays, for requests that come from the archive."""
    for row in rows:
        said = orjson.loads(row.context)
        if said.get("imported") and said.get("replaces"):
            tables.replace_letter(connection, row.source, said["replaces"], now)
            tally.replaces(row)
