"""Reading the log over plain HTTP: pages, and long polls that wait for the next event."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import aliased

from ...auth.guard import recheck
from ...core.caller import Caller
from ...core.database import harden
from ...core.lists.paging import Page
from ...core.lists.reading import take_from
from ...core.models import utcnow
from ...events import log
from ...events.catalogue import canonical_type
from ...events.message import Message
from ...events.models import EventRow
from ...events.subscriber import Subscriber
from ...extensions import db
from ...frozen import frozen
from ...projects import access, own_topics
from ...projects.access import Place
from ...serving.holding import Hold
from ..transport.follower import follow, person, recovered
from ..transport.live import Live
from ..transport.places import Seat
from ..transport.unread import block


class Waiter(Subscriber):
    """Somebody who only wants to know that something happened."""

    visible = False

    @staticmethod
    def encode(_: Message) -> bytes:
        """Write nothing: the row is read once it is known to be there."""
        return b""

    def __init__(self, caller: Caller) -> None:
        super().__init__(person(caller))
        self._lock = threading.Lock()
        self._woken = False
        self._told: Callable[[], None] | None = None
        self.over = False

    def deliver(self, chunk: bytes, last_id: int) -> None:
        """Wake for a row, not for a signal."""
        # Signals are not in the log: a page would not show them.
        if last_id:
            self._wake()

    def dropped(self, topic: str, reason: str) -> None:
        """Wake: the right has to be checked again."""
        self._wake()

    def end(self, code: int, reason: str) -> None:
        """Wake for good."""
        self.leave()

    def leave(self) -> None:
        """Learn that nobody is waiting any more."""
        self.over = True
        self._wake()

    def _wake(self) -> None:
        with self._lock:
            told, self._told = self._told, None
            self._woken = told is None
        if told is not None:
            told()

    def when_woken(self, told: Callable[[], None]) -> None:
        """Call `told` once, when something happens; at once if it has since the last time."""
        with self._lock:
            woken, self._woken = self._woken, False
            self._told = None if woken else told
        if woken:
            told()


def places(caller: Caller, topic: str | None) -> list[Place]:
    """Return the place of a topic, or, without one, of everything that concerns the caller."""
    return access.own_places(caller) if topic is None else [access.place(topic, caller)]


@frozen
class EventPage(Page):
    """Some events, where to go on, and whether any before them have been pruned."""

    last_id: int
    recovered: bool


def page(
    caller: Caller, topic: str | None, after: int, kind: str | None, limit: int, newest_first: bool
) -> EventPage:
    """Return some events after an id; without a topic, from all topics that concern the caller.

    They are fewer than `limit` if they are large; the cursor still says what comes next. The rights
    are looked up again after reading: callers who have them then had them when the rows were
    written.
    """
    if topic is not None:
        access.place(topic, caller)
    cut = Cut(after, kind, limit + 1, newest_first)
    ids = cut.of_all(own_topics.own_topics(caller)) if topic is None else cut.of(topic)
    query = log.rows().where(EventRow.id.in_(ids)).order_by(cut.order(EventRow.id))
    rows, more = take_from(query, limit)
    harden()  # readers who go on from one of these ids must find the next
    still = _still({row.topic for row in rows}, caller, topic)
    last = rows[-1].id if rows else after
    return EventPage(
        items=[Message.of(row).envelope() for row in rows if row.topic in still],
        next_cursor=str(last) if more else None,
        last_id=last,
        recovered=newest_first or not after or recovered(after),
    )


@frozen
class Cut:
    """The rows of a topic that are wanted, and their order."""

    after: int
    kind: str | None
    limit: int
    newest_first: bool

    def of(self, topic: Any, limit: int | None = None) -> Select[Any]:
        """Return a query for the ids of a topic's rows, which may be part of another one."""
        row = aliased(EventRow)
        query = select(row.id).where(row.topic == topic)
        if self.kind is not None:
            query = query.where(row.type == canonical_type(self.kind))
        if not self.newest_first:
            query = query.where(row.id > self.after)
        elif self.after:
            query = query.where(row.id < self.after)
        return query.order_by(self.order(row.id)).limit(limit or self.limit)

    def order(self, key: Any) -> Any:
        """Return what to sort by."""
        return key.desc() if self.newest_first else key

    def of_all(self, topics: Any) -> Select[Any]:
        """Return the ids of rows of many topics, ordered by each topic's first row.

        It looks into the index once for each topic, and reads the rows of one page's topics.
        """
        first = self.of(topics.c.topic, 1).correlate(topics).scalar_subquery()
        firsts = select(topics.c.topic, first.label("id")).cte()
        there = select(firsts.c.topic).where(firsts.c.id.is_not(None))
        some = there.order_by(self.order(firsts.c.id)).limit(self.limit).subquery()
        ids = self.of(some.c.topic).correlate(some)
        found = select(EventRow.id).select_from(some).join(EventRow, EventRow.id.in_(ids))
        return found.order_by(self.order(EventRow.id)).limit(self.limit)


def _still(topics: set[str], caller: Caller, topic: str | None) -> set[str]:
    """Return which of the topics that were read the caller may read now; raises NotFound."""
    if topic is None:
        return own_topics.still_own(topics, caller)
    return {access.place(topic, caller).topic}


class Poll:
    """One long poll: it follows its topic from its first look to its answer.

    Its time is also over when the caller's token expires. Every look checks the caller and their
    right again after reading, so that nothing reaches somebody who lost it while they waited.
    """

    def __init__(
        self,
        live: Live,
        seat: Seat,
        caller: Caller,
        topic: str | None,
        seconds: float,
        **query: Any,
    ) -> None:
        self._live, self._seat, self._caller = live, seat, caller
        self._topic, self._query = topic, query
        self._waiter, self._begun = Waiter(caller), False
        token_left = (caller.token_expires - utcnow()).total_seconds()
        self.deadline = time.monotonic() + min(seconds, token_left)
        self.when_woken, self.leave = self._waiter.when_woken, self._waiter.leave

    def answer(self, wait: Callable[[Poll], None]) -> EventPage:
        """Return the next events, waiting for the first one; empty when the time is over.

        `wait` returns when something may have happened, or raises Hold; then this is called again.
        """
        with ExitStack() as stack:
            # Not at a Hold: then the request continues later, and keeps its place and what it
            # follows.
            stack.callback(self.close)
            try:
                self._begin()
                while (found := self._look()) is None:
                    wait(self)
                return found
            except Hold:
                stack.pop_all()
                raise

    def _begin(self) -> None:
        """Follow first, then read."""
        if not self._begun:
            self._begun = True
            self._live.hub.enter(self._waiter)
            # Before the first read: anything written in between wakes it.
            follow(self._live.hub, self._waiter, places(self._caller, self._topic))

    def _look(self) -> EventPage | None:
        """Return what is there, or an empty page at the end; None if it has to wait."""
        while True:
            found = page(self._caller, self._topic, **self._query)
            # After reading: it may have waited for minutes, and rights may have gone. Read in the
            # same transaction, and not from memory: what is remembered stays until a change of
            # rights is announced, and rows written after that change may be here earlier.
            known, self._caller = self._caller, recheck(self._caller, db.session.connection())
            db.session.remove()
            if self._caller == known:  # no longer an admin: look again with the current rights
                break
        over = self._waiter.over or time.monotonic() >= self.deadline
        return found if found.items or over else None

    def block(self, sock: socket.socket | None) -> None:
        """Wait in this thread, where the server can't hold a request."""
        block(self, sock, self._live.reactor)

    def close(self) -> None:
        """Stop following, and give the place back."""
        self._live.hub.leave(self._waiter)
        self._seat.give_back()
