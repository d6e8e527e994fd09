"""The inbox as a Redis stream: any number of servers append, any number of workers take.

An entry is one request. It stays in the stream until its load is committed: `XACK` and `XDEL` come
after the commit, and nothing is trimmed by length. If a worker dies, another claims what it had
taken (`XAUTOCLAIM`). A worker may die between the commit and the acknowledgement: so the load notes
the entry's id in its transaction (`taken`), and the worker that gets the entry again finds it
there.

An entry that Redis acknowledges is as safe as its settings make it: `appendonly yes` with
`appendfsync always` is what the store's own inbox promises.
"""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Iterable, Sequence
from typing import Any

import redis

from ..batch import Row
from ..engines.face import Store
from ..store import writing
from .requests import MAX_BYTES, TakenElsewhere, within_bounds
from .stream_inbox import BYTES_KEY, QUEUED_KEY, STREAM_KEY, connected

log = logging.getLogger(__name__)

#: The group of the stream's workers.
GROUP_NAME = "workers"
#: Milliseconds after which an entry that a worker took counts as abandoned.
IDLE_MS = 30_000
#: How often such entries are looked for in this time.
CLAIMS_PER_IDLE = 6
#: Entries in one load.
MAX_ENTRIES = 64
#: Entries in one read: this many bodies may exceed the bytes of a load, and wait for the next.
ENTRIES_PER_READING = 4
#: Deliveries after which an entry is given up: one among others, and two on its own.
MAX_DELIVERIES = 3
#: Milliseconds for which an entry is remembered after its load: a worker that was stopped in the
#: middle, and continues long after another one has loaded what it had in hand, finds it there.
REMEMBERED_MS = 3_600_000
#: Milliseconds that a read waits for something to come.
BLOCK_MS = 250
#: Removes entries, and uncounts each only once: a worker that was stopped after its commit and
#: continues late acknowledges what another has already acknowledged for it.
TAKE_OUT = """
for at = 2, #ARGV, 5 do
  redis.call('XACK', KEYS[1], ARGV[1], ARGV[at])
  -- Acknowledged entries would stay in the stream: it is the queue, and not the archive.
  if redis.call('XDEL', KEYS[1], ARGV[at]) == 1 then
    redis.call('HINCRBY', KEYS[2], ARGV[at + 1], ARGV[at + 2])
    redis.call('HINCRBY', KEYS[3], ARGV[at + 3], ARGV[at + 4])
  end
end
"""


class StreamQueue:
    """A worker's side of the stream."""

    counts_at_load = True

    def __init__(self, url: str, connection: Store, *, idle_ms: int = IDLE_MS) -> None:
        self._redis, self._connection, self._idle_ms = connected(url), connection, idle_ms
        self._take_out = self._redis.register_script(TAKE_OUT)
        # With the time: a process with a dead one's number must not mistake its entries for its
        # own.
        self._name = f"{socket.gethostname()}:{os.getpid()}:{time.time_ns()}"
        self._held: list[Row] = []
        #: Whether it is known that nobody has loaded what is in hand.
        self._checked = True
        self._next_claim = 0.0
        #: The entry in hand that another worker abandoned.
        self._claimed = ""
        try:
            self._redis.xgroup_create(STREAM_KEY, GROUP_NAME, id="0", mkstream=True)
        except redis.ResponseError as error:
            # Another worker has created it, which is just as good.
            if "BUSYGROUP" not in str(error):
                raise

    def close(self) -> None:
        """Leave the group, unless something is left to be claimed."""
        self._redis.close()

    def take(self, slow: Sequence[int]) -> list[Row]:
        """Return what was abandoned, what is in hand, or what comes within a moment."""
        self._check()
        if not self._held:
            self._claimed = ""
            if time.monotonic() >= self._next_claim:
                self._held, self._checked = self._claim(), False
                self._check()
        if not self._held:
            self._read()
            self._check()
        # Slow projects last; the sort is stable, so each keeps the order of its events.
        self._held.sort(key=lambda row: row.project in slow)
        # One alone: it may have killed the worker that had it.
        taken = self._held[:1] if self._claimed else within_bounds(self._held)
        self._held = self._held[len(taken) :]
        return taken

    def _check(self) -> None:
        """Drop what others have loaded, among what came into hand since the last time.

        What is in hand stays there if the store can't be asked: nobody else would handle it until
        it counts as abandoned.
        """
        if not self._checked:
            self._held = self._fresh(self._held)
            self._checked = True

    def _read(self) -> None:
        """Take waiting entries in hand until they make a load: a few at a time, however large."""
        self._checked = False
        while (
            len(self._held) < MAX_ENTRIES and sum(len(row.body) for row in self._held) < MAX_BYTES
        ):
            found: Any = self._redis.xreadgroup(
                GROUP_NAME,
                self._name,
                {STREAM_KEY: ">"},
                count=ENTRIES_PER_READING,
                # What has come is loaded at once, without waiting for more.
                block=None if self._held else BLOCK_MS,
            )
            if not found:
                break
            self._held += _rows(found[0][1])

    def put_back(self, rows: Sequence[Row]) -> None:
        """Hold them for the next load; another worker may have them by then."""
        self._held[:0] = rows
        self._checked = False

    def has_killed(self, row: Row) -> bool:
        """Return whether it alone has killed workers: it was delivered again and again."""
        if row.id != self._claimed:
            return False
        found: Any = self._redis.xpending_range(STREAM_KEY, GROUP_NAME, row.id, row.id, 1)
        return bool(found) and found[0]["times_delivered"] > MAX_DELIVERIES

    def settle(self, connection: Store, rows: Sequence[Row]) -> None:
        """Note that they are loaded; raises TakenElsewhere if another worker was faster."""
        at = int(time.time() * 1000)
        # In the same order everywhere: two loads that wait for each other would wait for ever.
        values = sorted((str(row.id), row.source, row.events, at) for row in rows)
        noted = connection.executemany(
            "INSERT INTO taken (entry, source, events, at) VALUES (?, ?, ?, ?)"
            " ON CONFLICT DO NOTHING",
            values,
        )
        if noted.rowcount != len(values):
            raise TakenElsewhere()

    def acknowledge(self, rows: Sequence[Row]) -> None:
        """Remove them from the stream, and then no longer count them as waiting."""
        if not rows:
            return
        told = [(str(row.id), row.source, -row.events, row.project, -len(row.body)) for row in rows]
        self._take_out(
            keys=[STREAM_KEY, QUEUED_KEY, BYTES_KEY],
            args=[GROUP_NAME, *(value for one in told for value in one)],
        )
        self._note_acknowledged(str(row.id) for row in rows)

    def _note_acknowledged(self, ids: Iterable[str]) -> None:
        """No longer count them as waiting; that they were loaded is remembered for a while."""
        with writing(self._connection) as connection:
            connection.executemany(
                "UPDATE taken SET events = 0 WHERE entry = ?", [(one,) for one in sorted(ids)]
            )

    def _claim(self) -> list[Row]:
        """Take over one entry of workers that died.

        Only one: if this worker dies, too, it is known which one did it.
        """
        self._tidy()
        found: Any = self._redis.xautoclaim(
            STREAM_KEY, GROUP_NAME, self._name, self._idle_ms, "0-0", count=1
        )
        rows = _rows(found[1])
        if rows:
            self._claimed = str(rows[0].id)
        else:
            self._next_claim = time.monotonic() + self._idle_ms / 1000 / CLAIMS_PER_IDLE
        return rows

    def _tidy(self) -> None:
        """Uncount entries that are already acknowledged: their worker died just after that.

        Forget those of which nobody can still have an old copy in hand.
        """
        query = "SELECT entry FROM taken WHERE events > 0"
        noted = [entry for (entry,) in self._connection.execute(query)]
        gone = [one for one in noted if not self._redis.xrange(STREAM_KEY, one, one)]
        if gone:
            self._note_acknowledged(gone)
        before = int(time.time() * 1000) - REMEMBERED_MS
        self._connection.execute("DELETE FROM taken WHERE events = 0 AND at < ?", (before,))

    def _fresh(self, rows: list[Row]) -> list[Row]:
        """Return those that no load has stored; the others are acknowledged in passing."""
        query = "SELECT 1 FROM taken WHERE entry = ?"
        stored = [row for row in rows if self._connection.execute(query, (row.id,)).fetchone()]
        self.acknowledge(stored)
        ids = {row.id for row in stored}
        return [row for row in rows if row.id not in ids]


def _rows(entries: Iterable[Any]) -> list[Row]:
    return [_row(key, values) for key, values in entries if values]


def _row(key: bytes, values: dict[bytes, bytes]) -> Row:
    def number(name: str) -> int:
        return int(values[name.encode()])

    return Row(
        key.decode(),
        number("project"),
        number("source"),
        number("received"),
        values[b"format"].decode(),
        number("events"),
        values[b"context"].decode(),
        values[b"body"],
    )
