"""Deleting what belongs to a row in parts, so that other writers need not wait long.

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
#: Seconds of holding the writer's lock after which a transaction takes no further rows: a row of 1
#: MiB takes 7 ms, since deleted data is overwritten.
MAX_LOCK_S = 0.04
#: Rows that the first statement of a transaction deletes; each further one deletes twice as many.
FIRST_ROWS = 4
#: The parameter of the queries: the row with which everything goes.
OWNER = "owner"


def clear(table: Table, key: int, clock: Callable[[], float] = time.monotonic) -> None:
    """Delete what goes with a row of a table, in parts, each in a transaction of its own."""
    _clear(table, key, 0, clock)


def clear_most(table: Table, key: int) -> bool:
    """Delete what goes with a row, as `clear` does, except what is small enough to go with the row.

    Returns whether there was more than that: then the open transaction has ended, and what was read
    in it has to be looked up again.
    """
    return _clear(table, key, ROWS_PER_TRANSACTION, time.monotonic)


def _clear(table: Table, key: int, left: int, clock: Callable[[], float]) -> bool:
    cleared = False
    for child, some in _parts(table, ROWS_PER_TRANSACTION + left):
        keys = tuple_(*child.primary_key.columns.values())
        while len(rows := db.session.execute(some, {OWNER: key}).all()) > left:
            cleared = True
            db.session.rollback()  # it only read: the lock is taken for the deletion alone
            _delete(child, keys, [tuple(row) for row in rows[:ROWS_PER_TRANSACTION]], clock)
    return cleared


def _delete(
    table: Table, keys: Any, rows: Sequence[tuple[Any, ...]], clock: Callable[[], float]
) -> None:
    """Delete rows in one transaction, as many as there is time for."""
    take_write_lock()  # the wait for it does not count
    late, done, some = clock() + MAX_LOCK_S, 0, FIRST_ROWS
    while not done or (done < len(rows) and clock() < late):
        db.session.execute(delete(table).where(keys.in_(rows[done : done + some])))
        done, some = done + some, 2 * some
    db.session.commit()


@cache
def _parts(table: Table, most: int) -> list[tuple[Table, Select[Any]]]:
    """Return the tables whose rows go with a table's, each with the query for some of them.

    All are built once: that takes longer than running them for a small project.
    """
    return [
        (child, select(*child.primary_key.columns.values()).where(belongs).limit(most))
        for child, belongs in _below(table, table.c.id == bindparam(OWNER))
    ]


def _below(table: Table, which: ColumnElement[bool]) -> Iterator[tuple[Table, ColumnElement[bool]]]:
    """Yield the tables whose rows are deleted with a table's, the innermost first."""
    for child in db.metadata.sorted_tables:
        for key in child.foreign_keys:
            # The child's own dependants go first, or the database would delete them all with the
            # child's row.
            if key.ondelete == "CASCADE" and key.references(table):
                belongs = key.parent.in_(select(key.column).where(which))
                yield from _below(child, belongs)
                yield child, belongs
