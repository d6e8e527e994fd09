"""Deleting what belongs to a row part by part, so that other writers need not wait long.

The database would delete it all with the row, in one transaction: a project of 100,000 tasks would
hold the writer's lock for longer than anybody waits for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, bindparam, delete, select, tuple_

from ...extensions import db

#: Rows that are deleted in one transaction: some 20 ms of the writer's lock.
ROWS_PER_TRANSACTION = 200
#: The parameter of the questions: the row with which all goes.
OWNER = "owner"


def clear(table: Table, key: int) -> None:
    """Delete what goes with a row of a table, each part in a transaction of its own."""
    _clear(table, key, left=0)


def clear_most(table: Table, key: int) -> bool:
    """Delete what goes with a row, as `clear` does, but for so little that it can go with the row.

    Returns whether there was so much: then the open transaction has ended, and what was known in it
    has to be looked up again.
    """
    return _clear(table, key, left=ROWS_PER_TRANSACTION)


def _clear(table: Table, key: int, left: int) -> bool:
    cleared = False
    for child, some in _parts(table, ROWS_PER_TRANSACTION + left):
        keys = tuple_(*child.primary_key.columns.values())
        while len(rows := db.session.execute(some, {OWNER: key}).all()) > left:
            cleared = True
            db.session.rollback()  # it only looked: the lock is taken for the deletion alone
            _delete(child, keys, rows[:ROWS_PER_TRANSACTION])
    return cleared


def _delete(table: Table, keys: Any, rows: Sequence[Any]) -> None:
    db.session.execute(delete(table).where(keys.in_([tuple(row) for row in rows])))
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
