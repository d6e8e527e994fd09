"""The statements by which triggers keep the counters: of one row, or of all rows of a statement.

Where the database shows triggers all rows of a statement, they make one change of a counter for all
of them. PostgreSQL keeps each state of a row until the transaction has ended, and looks through all
of them for the next: a thousand changes of one counter in a transaction cost a million looks.
"""

# ruff: noqa: S608  (SQL is made of the table in `counted` alone)

from __future__ import annotations

from collections.abc import Iterator

from ..database import engine
from .counted import Counted
from .models import PERSON, PROJECT

#: A view that shows nothing: what is inserted there is added to the counters. If not, 175 triggers
#: would say how, and each connection of SQLite parses them all and has them in memory.
CHANGES_VIEW = "usage_changes"
MAKE_CHANGES_VIEW = (
    f"CREATE VIEW IF NOT EXISTS {CHANGES_VIEW} AS "
    f"SELECT NULL AS {PERSON}, NULL AS {PROJECT}, NULL AS kind, NULL AS bytes, NULL AS count"
)
NO_OWNER = "NULL"
#: How rows of a statement are named in what is summed up of them.
ROW_ALIAS = "t"
#: Rows that are counted in (an empty sign) or taken out (`-`).
SignedRows = tuple[str, str]
_ADDED = "bytes = {0}.bytes + excluded.bytes, count = {0}.count + excluded.count"


def of(expression: str, row: str) -> str:
    """Return an expression of `counted` for a row, in the SQL of the database."""
    return f"({engine().expression(expression.format(row=row))})"


def add(owner: str, owner_id: str, kind: str, size: str, count: str) -> str:
    """Return the statement that adds to a counter, which it makes if there is none."""
    return (
        "INSERT INTO usage (owner, owner_id, kind, bytes, count, settled_bytes, settled_count) "
        f"SELECT '{owner}', {owner_id}, {kind}, {size}, {count}, 0, 0 "
        f"WHERE {owner_id} IS NOT NULL ON CONFLICT (owner, owner_id, kind) DO UPDATE "
        "SET bytes = usage.bytes + excluded.bytes, count = usage.count + excluded.count"
    )


def move(place: tuple[str, str], row: str, size: str, count: str) -> str:
    """Return the statement that adds to what belongs to a place."""
    name, key = place
    return (
        f"UPDATE usage_places SET bytes = bytes + {size}, count = count + {count} "
        f"WHERE place = '{name}' AND id = {of(key, row)}"
    )


def change(person: str, project: str, kind: str, size: str, count: str) -> Iterator[str]:
    """Find the statements that add to the counters of an owner or two, each `NULL` for none."""
    if engine().parses_schema:
        yield f"INSERT INTO {CHANGES_VIEW} VALUES ({person}, {project}, {kind}, {size}, {count})"
        return
    for owner, owner_id in ((PERSON, person), (PROJECT, project)):
        if owner_id != NO_OWNER:
            yield add(owner, owner_id, kind, size, count)


def carry_out_changes() -> Iterator[str]:
    """Find what the trigger of CHANGES_VIEW does."""
    for owner in (PERSON, PROJECT):
        yield add(owner, f"new.{owner}", "new.kind", "new.bytes", "new.count")


def counting(one: Counted, row: str, size: str, count: str) -> Iterator[str]:
    """Find the statements that add to all counters of a row's owners."""
    person, project = (
        NO_OWNER if own is None else of(own, row) for own in (one.person, one.project)
    )
    if (person, project) != (NO_OWNER, NO_OWNER):
        yield from change(person, project, f"'{one.kind}'", size, count)
    if one.place is not None:
        yield move(one.place, row, size, count)


def add_sums(*parts: str) -> str:
    """Return the statement that adds to counters what the rows of queries come to.

    Each has `owner`, `owner_id`, `kind`, `bytes` and `count`.
    """
    return (
        "INSERT INTO usage (owner, owner_id, kind, bytes, count, settled_bytes, settled_count) "
        "SELECT owner, owner_id, kind, sum(bytes), sum(count), 0, 0 "
        f"FROM ({' UNION ALL '.join(parts)}) AS kept WHERE owner_id IS NOT NULL "
        "GROUP BY owner, owner_id, kind HAVING sum(bytes) <> 0 OR sum(count) <> 0 "
        f"ON CONFLICT (owner, owner_id, kind) DO UPDATE SET {_ADDED.format('usage')}"
    )


def move_sums(kind: str, place: str, *parts: str) -> str:
    """Return the statement that adds to the places that are still there what rows come to.

    Each part is a query of `id`, `bytes` and `count`.
    """
    there = f"(SELECT true FROM usage_places p WHERE p.place = '{place}' AND p.id = kept.id)"
    # An insertion, though nothing is inserted: by that each place is looked up by its key, whatever
    # the server believed of the number of rows when it made the plan, which it keeps.
    return (
        "INSERT INTO usage_places (place, id, kind, bytes, count) "
        f"SELECT '{place}', id, '{kind}', bytes, count FROM ("
        f"SELECT id, sum(bytes) AS bytes, sum(count) AS count FROM ({' UNION ALL '.join(parts)}) "
        "AS each_row WHERE id IS NOT NULL GROUP BY id) AS kept "
        f"WHERE (bytes <> 0 OR count <> 0) AND {there} "
        f"ON CONFLICT (place, id) DO UPDATE SET {_ADDED.format('usage_places')}"
    )


def counting_all(one: Counted, *signed_rows: SignedRows) -> Iterator[str]:
    """Find the statements that add to all counters of the owners of a statement's rows."""
    parts = [
        f"SELECT '{owner}' AS owner, {of(whose, ROW_ALIAS)} AS owner_id, '{one.kind}' AS kind, "
        + _sizes(one, *some)
        for owner, whose in ((PERSON, one.person), (PROJECT, one.project))
        for some in signed_rows
        if whose is not None
    ]
    if parts:
        yield add_sums(*parts)
    if one.place is not None:
        place, key = one.place
        ids = f"SELECT {of(key, ROW_ALIAS)} AS id, "
        yield move_sums(one.kind, place, *(ids + _sizes(one, *some) for some in signed_rows))


def _sizes(one: Counted, sign: str, rows: str) -> str:
    size = of(one.bytes, ROW_ALIAS)
    return f"{sign}{size} AS bytes, {sign}1 AS count FROM {rows} {ROW_ALIAS}"


def counting_places(*signed_rows: SignedRows) -> str:
    """Return the statement that adds what places have."""
    return add_sums(
        *(
            f"SELECT '{owner}' AS owner, {owner}_id AS owner_id, kind, "
            f"{sign}bytes AS bytes, {sign}count AS count FROM {rows}"
            for owner in (PERSON, PROJECT)
            for sign, rows in signed_rows
        )
    )
