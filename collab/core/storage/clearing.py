"""Deleting what belongs to a row part by part, so that other writers need not wait long.

The database would delete it all with the row, in one transaction: a project of 100,000 tasks would
hold the writer's lock for longer than anybody waits for it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, bindparam, delete, select, tuple_

from ...extensions import db
from ..database import take_write_lock

#: Rows that are deleted in one transaction: some 20 ms of the writer's lock, if they are short.
ROWS_PER_TRANSACTION = 200
#: Seconds of holding the writer's lock after which a transaction takes no further rows: a row of
#: 1 MiB takes 7 ms, since what is deleted is overwritten.
MAX_LOCK_S = 0.04
#: Rows that the first statement of a transaction deletes; each after it twice as many.
FIRST_ROWS = 4
#: The parameter of the questions: the row with which all goes.
OWNER = "owner"


def clear(table: Table, key: int, clock: Callable[[], float] = time.monotonic) -> None:
    """Delete what goes with a row of a table, each part in a transaction of its own."""
    _clear(table, key, 0, clock)


def clear_most(table: Table, key: int) -> bool:
    """Delete what goes with a row, as `clear` does, but for so little that it can go with the row.

    Returns whether there was so much: then the open transaction has ended, and what was known in it
    has to be looked up again.
    """
    return _clear(table, key, ROWS_PER_TRANSACTION, time.monotonic)


def _clear(table: Table, key: int, left: int, clock: Callable[[], float]) -> bool:
    cleared = False
    for child, some in _parts(table, ROWS_PER_TRANSACTION + left):
        keys = tuple_(*child.primary_key.columns.values())
        while len(rows := db.session.execute(some, {OWNER: key}).all()) > left:
            cleared = True
            db.session.rollback()  # it only looked: the lock is taken for the deletion alone
            _delete(child, keys, [tuple(row) for row in rows[:ROWS_PER_TRANSACTION]], clock)
    return cleared


def _delete(
    table: Table, keys: Any, rows: Sequence[tuple[Any, ...]], clock: Callable[[], float]
) -> None:
    """Delete rows in one transaction, as many as there is time for."""
    take_write_lock()  # what is waited for it does not count
    late, done, some = clock() + MAX_LOCK_S, 0, FIRST_ROWS
    while not done or (done < len(rows) and clock() < late):
        db.session.execute(delete(table).where(keys.in_(rows[done : done + some])))
        done, some = done + some, 2 * some
    db.session.commit()


@cache
def _parts(table: Table, most: int) -> list[tuple[Table, Select[Any]]]:
    """Return the tables whose rows go with a table's, each with the question for some of them.

    All are made once: that takes longer than to answer them for a small project.
    """
    return [
        (child, select(*child.primary_key.columns.values()).where(belongs).limit(most))
        for child, belongs in _below(table, table.c.id == bindparam(OWNER))
    ]


def _below(table: Table, which: ColumnElement[bool]) -> Iterator[tuple[Table, ColumnElement[bool]]]:
    """Yield the tables whose rows are deleted with a table's, the innermost first."""
    for child in db.metadata.sorted_tables:
        for key in child.foreign_keys:
            # What hangs on the child goes first, or the database would delete it all with the
            # child's row.
            if key.ondelete == "CASCADE" and key.references(table):
                belongs = key.parent.in_(select(key.column).where(which))
                yield from _below(child, belongs)
                yield child, belongs
