"""The triggers that keep the counters, made of the table in `counted`.

Triggers miss no door: bulk changes, cascades and SQL by hand are counted like all else.
"""

# ruff: noqa: S608  (SQL is made of the table in `counted` alone)

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection

from ..database import engine
from .counted import COUNTED_TABLES, PLACES, WITH_BLOBS, Counted, Place
from .models import PERSON, PROJECT

TRIGGER_PREFIX = "usage_"


def _of(expression: str, row: str) -> str:
    return f"({engine().expression(expression.format(row=row))})"


def _add(owner: str, owner_id: str, kind: str, size: str, count: str) -> str:
    """Return the statement that adds to a counter, which it makes if there is none."""
    return (
        "INSERT INTO usage (owner, owner_id, kind, bytes, count, settled_bytes, settled_count) "
        f"SELECT '{owner}', {owner_id}, {kind}, {size}, {count}, 0, 0 "
        f"WHERE {owner_id} IS NOT NULL ON CONFLICT (owner, owner_id, kind) DO UPDATE "
        "SET bytes = usage.bytes + excluded.bytes, count = usage.count + excluded.count"
    )


def _move(place: tuple[str, str], row: str, size: str, count: str) -> str:
    """Return the statement that adds to what belongs to a place."""
    name, key = place
    return (
        f"UPDATE usage_places SET bytes = bytes + {size}, count = count + {count} "
        f"WHERE place = '{name}' AND id = {_of(key, row)}"
    )


def _counting(one: Counted, row: str, size: str, count: str) -> Iterator[str]:
    """Find the statements that add to all counters of a row's owners."""
    owners = ((PERSON, one.person), (PROJECT, one.project))
    for owner, expression in owners:
        if expression is not None:
            yield _add(owner, _of(expression, row), f"'{one.kind}'", size, count)
    if one.place is not None:
        yield _move(one.place, row, size, count)


def _trigger(name: str, moment: str, table: str, statements: Iterator[str], when: str = "") -> str:
    return engine().trigger(TRIGGER_PREFIX + name, moment, table, statements, when)


def _same_owners(*expressions: str | None) -> str:
    known = (one for one in expressions if one is not None)
    same = [engine().same(_of(one, "old"), _of(one, "new")) for one in known]
    return " AND ".join(same) or "true"


def _of_counted(one: Counted) -> Iterator[tuple[str, str]]:
    new, old = _of(one.bytes, "new"), _of(one.bytes, "old")
    # Two triggers for a change: where the owner stays, one counter moves; else the old and the new
    # one.
    same = _same_owners(one.person, one.project)
    changed = f"AFTER UPDATE OF {', '.join(one.columns)}"
    taken = _counting(one, "old", f"-{old}", "-1")
    parts = (
        ("added", "AFTER INSERT", _counting(one, "new", new, "1"), ""),
        ("changed", changed, _counting(one, "new", f"({new} - {old})", "0"), same),
        ("moved", changed, _both(taken, _counting(one, "new", new, "1")), f"NOT ({same})"),
        ("deleted", "AFTER DELETE", _counting(one, "old", f"-{old}", "-1"), ""),
    )
    for moment, when, statements, condition in parts:
        if when == changed and not one.columns:
            continue
        name = f"{one.name}_{moment}"
        yield TRIGGER_PREFIX + name, _trigger(name, when, one.table, statements, condition)


def _both(first: Iterator[str], second: Iterator[str]) -> Iterator[str]:
    yield from first
    yield from second


def _of_place(one: Place) -> Iterator[tuple[str, str]]:
    """Find the triggers by which a place comes, changes hands and goes with its row."""
    owners = [one.person or "NULL", one.project or "NULL"]
    new = [name if name == "NULL" else f"new.{name}" for name in owners]
    here = f"WHERE place = '{one.name}' AND id = "
    made = (
        "INSERT INTO usage_places (place, id, kind, person_id, project_id, bytes, count) "
        f"VALUES ('{one.name}', new.id, '{one.kind}', {new[0]}, {new[1]}, 0, 0)"
    )
    moved = f"UPDATE usage_places SET person_id = {new[0]}, project_id = {new[1]} {here}new.id"
    columns = ", ".join(name for name in owners if name != "NULL")
    parts = (
        ("made", "AFTER INSERT", made),
        ("given", f"AFTER UPDATE OF {columns}", moved),
        # Before, as what belongs to the row finds nothing of it afterwards.
        ("gone", "BEFORE DELETE", f"DELETE FROM usage_places {here}old.id"),
    )
    for moment, when, statement in parts:
        name = f"place_{one.name}_{moment}"
        yield TRIGGER_PREFIX + name, _trigger(name, when, one.table, iter([statement]))


def _of_places() -> Iterator[tuple[str, str]]:
    """Find the triggers that count what belongs to places."""

    def counting(row: str, size: str, count: str) -> Iterator[str]:
        for owner in (PERSON, PROJECT):
            yield _add(owner, f"{row}.{owner}_id", f"{row}.kind", size, count)

    owners = (f"{owner}_id" for owner in (PERSON, PROJECT))
    same = " AND ".join(engine().same(f"old.{one}", f"new.{one}") for one in owners)
    grown = counting("new", "(new.bytes - old.bytes)", "(new.count - old.count)")
    given = _both(
        counting("old", "-old.bytes", "-old.count"), counting("new", "new.bytes", "new.count")
    )
    gone = counting("old", "-old.bytes", "-old.count")
    parts = (
        ("sum_changed", "AFTER UPDATE", grown, same),
        ("sum_moved", "AFTER UPDATE", given, f"NOT ({same})"),
        ("sum_gone", "AFTER DELETE", gone, ""),
    )
    for name, moment, statements, condition in parts:
        yield TRIGGER_PREFIX + name, _trigger(name, moment, "usage_places", statements, condition)


def _of_blobs(table: str) -> Iterator[tuple[str, str]]:
    """Find the triggers that note bytes which a row had and has no longer."""
    note = "INSERT INTO freed_blobs (sha256) VALUES (old.sha256) ON CONFLICT DO NOTHING"
    parts = (
        ("replaced", "AFTER UPDATE OF sha256", f"NOT {engine().same('old.sha256', 'new.sha256')}"),
        ("deleted", "AFTER DELETE", "true"),
    )
    for moment, when, condition in parts:
        name = f"blobs_{table}_{moment}"
        held = f"old.sha256 IS NOT NULL AND {condition}"
        yield TRIGGER_PREFIX + name, _trigger(name, when, table, iter([note]), held)


def wanted() -> dict[str, str]:
    """Return the SQL of all triggers, by their names."""
    found = dict(_of_places())
    for place in PLACES:
        found.update(_of_place(place))
    for one in COUNTED_TABLES:
        found.update(_of_counted(one))
    for table in WITH_BLOBS:
        found.update(_of_blobs(table))
    return found


def installed(connection: Connection) -> dict[str, str]:
    """Return the SQL of the triggers that the database has."""
    return engine().triggers(connection, TRIGGER_PREFIX)


def drop_all(connection: Connection) -> None:
    """Drop the triggers, as must be done before a table of theirs is."""
    for name in installed(connection):
        engine().drop_trigger(connection, name)


def ensure(connection: Connection) -> bool:
    """Make the triggers what they must be, and count again if they were not: then True.

    A migration that rebuilds a covered table drops its triggers: this puts them back.
    """
    if installed(connection) == wanted():
        return False
    # The triggers were missing or other ones for a while, so what was counted meanwhile is not
    # known.
    recount(connection)
    for name, statement in wanted().items():
        engine().make_trigger(connection, name, statement)
    return True


def recount(connection: Connection) -> None:
    """Count everything from the rows themselves, without triggers, in one transaction."""
    kind = engine()
    # Others must not write while it counts: what they added would be counted twice, or not at all.
    kind.begin_schema(connection)
    drop_all(connection)
    for table in ("usage", "usage_places"):
        kind.run(connection, f"DELETE FROM {table}")
    for place in PLACES:
        kind.run(connection, _summed(place))
    parts = " UNION ALL ".join(_parts())
    kind.run(
        connection,
        "INSERT INTO usage (owner, owner_id, kind, bytes, count, settled_bytes, settled_count) "
        "SELECT owner, owner_id, kind, sum(bytes), sum(count), sum(bytes), sum(count) "
        f"FROM ({parts}) AS kept WHERE owner_id IS NOT NULL GROUP BY owner, owner_id, kind",
    )


def _summed(place: Place) -> str:
    """Return the statement that sums up what belongs to a kind of place."""
    inner = " UNION ALL ".join(
        f"SELECT {_of(one.place[1], 't')} AS id, {_of(one.bytes, 't')} AS bytes FROM {one.table} t"
        for one in COUNTED_TABLES
        if one.place is not None and one.place[0] == place.name
    )
    person = f"p.{place.person}" if place.person else "NULL"
    project = f"p.{place.project}" if place.project else "NULL"
    return (
        "INSERT INTO usage_places (place, id, kind, person_id, project_id, bytes, count) "
        f"SELECT '{place.name}', p.id, '{place.kind}', {person}, {project}, "
        f"coalesce(sum(c.bytes), 0), count(c.id) FROM {place.table} p "
        f"LEFT JOIN ({inner}) c ON c.id = p.id GROUP BY p.id"
    )


def _parts() -> Iterator[str]:
    """Build the queries that return what each owner has."""
    for one in COUNTED_TABLES:
        for owner, expression in ((PERSON, one.person), (PROJECT, one.project)):
            if expression is not None:
                yield (
                    f"SELECT '{owner}' AS owner, {_of(expression, 't')} AS owner_id, "
                    f"'{one.kind}' AS kind, {_of(one.bytes, 't')} AS bytes, 1 AS count "
                    f"FROM {one.table} t"
                )
    for owner in (PERSON, PROJECT):
        yield f"SELECT '{owner}', {owner}_id, kind, bytes, count FROM usage_places"
