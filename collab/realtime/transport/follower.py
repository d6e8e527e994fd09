"""What sockets and streams have in common: catching up with the log, then following it live."""

from __future__ import annotations

import threading
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from ...core.caller import Caller
from ...events import log
from ...events.hub import Hub
from ...events.message import Message
from ...events.subscriber import Person, Subscriber
from ...extensions import db
from ...projects.access import Place
from .wire import MAX_UNSENT_BYTES, Wire

#: Unsent bytes past which a reader is sent no more signals until they have caught up. Rows may use
#: the rest: a flood of cursors must not cost anybody their connection.
HINTS_LIMIT = MAX_UNSENT_BYTES // 4
#: Rows read at once while catching up, if they are small; for larger ones see `log.READ_BYTES`.
ROWS_PER_READ = 500
#: Stands for the id of what is said to a reader alone, among what is held back.
OWN_ID = -2
#: Bytes of a long message that are sent at once.
PIECE_BYTES = 128 * 1024


def person(caller: Caller) -> Person:
    """Return what identifies a caller to the hub."""
    return Person(caller.user_id, caller.session_id, caller.name)


class Follower(Subscriber):
    """A subscriber who can be held back while they catch up."""

    def __init__(self, who: Person, wire: Wire) -> None:
        super().__init__(who)
        self.wire = wire
        self._gate = threading.Lock()
        self._held: list[tuple[bytes, int]] | None = None
        self._held_bytes = 0
        self._gap = False

    #: Sends, without blocking.
    write: Callable[[bytes, int], None]

    @abstractmethod
    def too_slow(self) -> None:
        """Disconnect."""

    def hint(self, chunk: bytes) -> None:
        """Send signals to a peer who reads: no flood of them disconnects anybody."""
        if self.wire.unsent + self._held_bytes + len(chunk) <= HINTS_LIMIT:
            self.deliver(chunk, 0)

    def deliver(self, chunk: bytes, last_id: int) -> None:
        """Send what the broadcaster brings, or keep it until the follower has caught up."""
        if self._held is None:  # without the gate, which is rarely needed: `_keep` checks again
            self.write(chunk, last_id)
        else:
            self._keep(chunk, last_id)

    def say(self, chunk: bytes) -> None:
        """Send a message meant only for this reader: they get it, whatever else is thrown away."""
        with self._gate:
            if self._held is None:
                self.write(chunk, 0)
            else:
                self._held.append((chunk, OWN_ID))
                self._held_bytes += len(chunk)

    def _keep(self, chunk: bytes, last_id: int) -> None:
        with self._gate:
            if self._held is None:
                self.write(chunk, last_id)
                return
            self._held.append((chunk, last_id))
            self._held_bytes += len(chunk)
            if self._held_bytes <= MAX_UNSENT_BYTES:
                return
        self.too_slow()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep live messages back within this block, and send them at its end.

        After a gap no row is sent: a reader who resumes after it would miss what is in the gap.
        """
        with self._gate:
            self._held, self._held_bytes, self._gap = [], 0, False
        try:
            yield
        finally:
            with self._gate:
                for chunk, last_id in self._held:
                    # Signals have no id, and nobody resumes after them: a gap does not matter for
                    # them.
                    if not (self._gap and last_id > 0):
                        self.write(chunk, 0 if last_id == OWN_ID else last_id)
                self._held, self._held_bytes = None, 0
            if self._gap and self.topics:
                self.too_slow()

    def forget_held(self) -> None:
        """Throw away what was held back: its reader no longer had a right to it.

        If it had rows of other topics, their reader has to resume. That other topics went, too, the
        reader is told all the same.
        """
        with self._gate:
            held = self._held or []
            rows = any(last_id > 0 for _, last_id in held)
            self._held = [one for one in held if one[1] == OWN_ID]
            self._held_bytes = sum(len(chunk) for chunk, _ in self._held)
        if rows and self.topics:
            self.too_slow()

    def missing(self, places: Iterable[Place], after: int, position: int) -> dict[str, int]:
        """Return the id up to which the rows of some newly followed topics are to be read.

        What was sent before, or comes live, is not sent again, however often it is requested.
        """
        ends = {place.topic: self.since.get(place.topic, position) for place in places}
        missing = {topic: end for topic, end in ends.items() if after < end}
        self.since.update(dict.fromkeys(missing, after))
        return missing

    def missed(
        self, ends: Mapping[str, int], after: int, whole: bool
    ) -> Iterator[tuple[bytes, int]]:
        """Read the rows of topics after an id, each up to its end, and yield them encoded.

        They come in the log's order over all topics, so that the last id that a reader saw holds
        for each of them. It stops where a topic is taken away meanwhile, or where rows of a log
        that was said to be `whole` are pruned, which leaves a gap.
        """
        for through in sorted(set(ends.values())):
            topics = {topic for topic, end in ends.items() if end >= through}
            yield from self._rows(topics, after, through, whole)
            if self._gap:
                return
            after = through

    def _rows(
        self, topics: set[str], after: int, through: int, whole: bool
    ) -> Iterator[tuple[bytes, int]]:
        while after < through:
            batch = log.read_topics(topics, after, through, ROWS_PER_READ)
            # Checked after reading: rows that were pruned before that are missing from the batch.
            if whole and log.pruned_through() > after:
                self._gap = True
                return
            db.session.remove()  # nothing is held open while its reader is slow
            # Without more rows this is the end, even where the last ids belong to other topics.
            after = batch.rows[-1].id if batch.more else through
            pieces = [(self.joined(batch.rows), batch.rows[-1].id)] if batch.rows else []
            del batch  # what is waiting for a slow reader is in memory only once
            # Checked after reading: nobody may get rows to which they lost the right meanwhile.
            if not topics <= self.topics.keys():
                self._gap = True
                return
            yield from pieces

    def joined(self, rows: Sequence[Any]) -> bytes:
        """Encode rows and join them."""
        return b"".join(type(self).encode(Message.of(row)) for row in rows)


def recovered(after: int | None) -> bool:
    """Return whether nothing was missed: everything after `after` is still in the log."""
    return after is None or log.recoverable(after)


def begin_at(after: int | None, position: int) -> int:
    """Return the id after which a reader gets what they missed, up to the newest published.

    With an id beyond the log, or none, they start with what comes now.
    """
    return position if after is None else min(after, position)


def follow(
    hub: Hub, follower: Subscriber, places: Sequence[Place], after: int | None = None
) -> int:
    """Subscribe, and return the newest id published; everything after it comes live."""
    seen = after if after and log.recoverable(after) else 0
    return hub.add(follower, {place.topic: place.project_id for place in places}, seen)
