"""A reader of the log that writes what follows from it: each event takes effect exactly once."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, bindparam, false, insert, or_, select, update
from sqlalchemy.exc import OperationalError, TimeoutError

from ..core.compiled import Compiled
from ..core.database import commit_lazily, take_write_lock
from ..core.errors import ApiError
from ..core.lists.reading import take_values
from ..extensions import db
from . import log
from .models import EventRow, LogReader

logger = logging.getLogger(__name__)

#: Events that are handled in one commit; other writers wait as long as that takes.
EVENTS_PER_COMMIT = 200
#: Events that nobody wanted, after which the place is written down anyway.
MAX_UNWANTED_EVENTS = 10_000

#: Errors of the database and not of an event: it is tried again.
TRANSIENT_ERRORS = (OperationalError, TimeoutError, ApiError)

READ_EVENTS = (
    log.rows()
    .where(EventRow.id > bindparam("after"), EventRow.id <= bindparam("through"))
    .order_by(EventRow.id)
    .limit(bindparam("limit"))
)
READER_POSITION = Compiled(select(LogReader.position).where(LogReader.name == bindparam("reader")))

#: Takes events, oldest first, and writes what follows into the open transaction; never commits.
Handler = Callable[[Sequence[Any]], None]


def _under(condition: ColumnElement[bool]) -> Compiled:
    return Compiled(READ_EVENTS.where(condition))


@cache
def _of_types(types: tuple[str, ...]) -> Compiled:
    """Return the statement that reads events of some types, the same for all applications here."""
    # One by one: a list of parameters can't be compiled once.
    return _under(or_(false(), *(EventRow.type == one for one in types)))


class Reader:
    """Reads events of some types, or meeting a condition, after a place kept under its name.

    The handler's writes and the place are one commit, under the writer's lock. So however many
    processes read under one name, and whenever one is killed, an event takes effect once. A reader
    starts after the newest event the first time. Pruned events are skipped.
    """

    def __init__(
        self,
        name: str,
        wanted: Collection[str] | ColumnElement[bool],
        handle: Handler,
        batch: int = EVENTS_PER_COMMIT,
    ) -> None:
        self.name = name
        self._query = (
            _under(wanted) if isinstance(wanted, ColumnElement) else _of_types(tuple(wanted))
        )
        self._handle, self._batch = handle, batch
        #: Nothing is waiting up to here; only handled events are written down at once.
        self._looked = 0
        #: How many events are handled one by one, since one of them can't be handled.
        self._one_by_one = 0

    def begin(self) -> None:
        """Keep a place, unless one is kept already."""
        if self._place() is None:
            take_write_lock()
            self._locked_place()
        db.session.commit()

    def waiting_since(self) -> datetime | None:
        """Return the time of the oldest event that is wanted and not handled; None without any."""
        after = max(self._place() or 0, self._looked)
        rows, _ = self._read(after, log.last_id(), 1)
        return rows[0].time if rows else None

    def catch_up(self) -> None:
        """Handle all events that are there."""
        while self.read_some():
            pass

    def read_some(self) -> bool:
        """Handle the next events and return whether there may be more.

        Without any that are wanted, this costs three short queries and no lock; without any new
        ones since the last look, one query.
        """
        # Before reading: what is written in between has a higher id, and is looked at next time.
        newest = log.last_id()
        if 0 < newest <= self._looked:
            db.session.rollback()
            return False
        place = self._place()
        if place is not None:
            after = max(place, self._looked)
            if not self._read(after, newest, 1)[0]:
                self._pass(place, newest)
                return False
        db.session.rollback()
        return self._handle_some()

    def _handle_some(self) -> bool:
        """Handle a batch and move the place, in one commit; return whether there may be more."""
        take_write_lock()
        # Looked up again, under the lock: another process may have handled them meanwhile.
        place, newest = max(self._locked_place(), self._looked), log.last_id()
        rows, more = self._read(place, newest, 1 if self._one_by_one else self._batch)
        try:
            if rows:
                self._handle(rows)
                self._keep(rows[-1].id)
            # What a power cut takes back is handled again, since the place is lost with it.
            commit_lazily()
            db.session.commit()
        except TRANSIENT_ERRORS:
            db.session.rollback()
            raise
        except Exception:
            db.session.rollback()
            self._isolate(rows)
            return True
        self._one_by_one = max(0, self._one_by_one - 1)
        if not more:
            self._looked = newest
        return more

    def _isolate(self, rows: Sequence[Any]) -> None:
        """Find the event that can't be handled, and leave it out."""
        if len(rows) > 1:
            self._one_by_one = len(rows)
            return
        key = rows[0].id
        logger.exception("%s can't handle event %s and continues after it", self.name, key)
        self._one_by_one = max(0, self._one_by_one - 1)
        take_write_lock()
        if self._locked_place() < key:  # otherwise another process has already passed it
            self._keep(key)
        db.session.commit()

    def _pass(self, place: int, newest: int) -> None:
        """Note that nothing waits up to an id."""
        self._looked = max(self._looked, newest)
        # Rarely, since it is a write: without it a start would look through everything that nobody
        # wanted.
        if newest - place >= MAX_UNWANTED_EVENTS:
            take_write_lock()
            if self._locked_place() < newest:
                self._keep(newest)
            db.session.commit()

    def _read(self, after: int, through: int, limit: int) -> tuple[list[Any], bool]:
        # One more than is taken, to show whether there are more.
        values = {"after": after, "through": through, "limit": limit + 1}
        return self._query.read(values, lambda rows: take_values(rows, limit, log.READ_BYTES))

    def _place(self) -> int | None:
        row = READER_POSITION.one({"reader": self.name})
        return row.position if row else None

    def _locked_place(self) -> int:
        """Return the place while nobody else can move it; the first time, it is the log's end."""
        place = self._place()
        if place is None:
            place = log.last_id()
            row = {"name": self.name, "position": place}
            db.session.connection().execute(insert(LogReader), row)
        return place

    def _keep(self, position: int) -> None:
        statement = update(LogReader).where(LogReader.name == self.name)
        db.session.connection().execute(statement.values(position=position))
