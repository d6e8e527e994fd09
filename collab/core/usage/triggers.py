"""The triggers that keep the counters, made of the table in `counted`.

Triggers miss no door: bulk changes, cascades and SQL by hand are counted like all else.
"""

# ruff: noqa: S608  (SQL is made of the table in `counted` alone)

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

from sqlalchemy import Connection

from ..database import NEW_ROWS, OLD_ROWS, engine
from .counted import COUNTED_TABLES, PLACES, WITH_BLOBS, Counted, Place
from .models import PERSON, PROJECT
from .statements import (
    CHANGES_VIEW,
    MAKE_CHANGES_VIEW,
    carry_out_changes,
    change,
    counting,
    counting_all,
    counting_places,
    of,
)

TRIGGER_PREFIX = "usage_"


def _trigger(
    name: str, moment: str, table: str, statements: Iterable[str], when: str = ""
) -> tuple[str, str]:
    name = TRIGGER_PREFIX + name
    return name, engine().trigger(name, moment, table, statements, when)


def _trigger_of_all(
    name: str, moment: str, table: str, statements: Iterable[str]
) -> tuple[str, str]:
    name = TRIGGER_PREFIX + name
    return name, engine().trigger_of_all(name, moment, table, statements)


def _same_owners(*expressions: str | None) -> str:
    known = (one for one in expressions if one is not None)
    same = [engine().same(of(one, "old"), of(one, "new")) for one in known]
    return " AND ".join(same) or "true"


def _of_counted(one: Counted) -> Iterator[tuple[str, str]]:
    yield from _of_comings_and_goings(one)
    if not one.columns:
        return
    if engine().sees_statements and one.changed_at_once:
        changed = counting_all(one, ("", NEW_ROWS), ("-", OLD_ROWS))
        yield _trigger_of_all(f"{one.name}_changed", "AFTER UPDATE", one.table, changed)
        return
    new, old = of(one.bytes, "new"), of(one.bytes, "old")
    # Two triggers for a change: if the owner stays, one counter moves; if not, the old and the new
    # one.
    same = _same_owners(one.person, one.project)
    grown = counting(one, "new", f"({new} - {old})", "0")
    moved = chain(counting(one, "old", f"-{old}", "-1"), counting(one, "new", new, "1"))
    for moment, statements, condition in (
        ("changed", grown, same),
        ("moved", moved, f"NOT ({same})"),
    ):
        when = f"AFTER UPDATE OF {', '.join(one.columns)}"
        yield _trigger(f"{one.name}_{moment}", when, one.table, statements, condition)


def _of_comings_and_goings(one: Counted) -> Iterator[tuple[str, str]]:
    """Find the triggers for rows that come and go, which may be many at once."""
    for moment, when, row, rows, sign in (
        ("added", "AFTER INSERT", "new", NEW_ROWS, ""),
        ("deleted", "AFTER DELETE", "old", OLD_ROWS, "-"),
    ):
        name = f"{one.name}_{moment}"
        if engine().sees_statements:
            yield _trigger_of_all(name, when, one.table, counting_all(one, (sign, rows)))
        else:
            each = counting(one, row, sign + of(one.bytes, row), f"{sign}1")
            yield _trigger(name, when, one.table, each)


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
    name = f"place_{one.name}_"
    yield _trigger(f"{name}made", "AFTER INSERT", one.table, [made])
    yield _trigger(f"{name}given", f"AFTER UPDATE OF {columns}", one.table, [moved])
    gone = f"DELETE FROM usage_places {here}"
    if engine().sees_statements:
        # By an array: so they are looked up by their key, however many the server believes in.
        all_gone = f"{gone}ANY (ARRAY(SELECT id FROM {OLD_ROWS}))"
        yield _trigger_of_all(f"{name}gone", "AFTER DELETE", one.table, [all_gone])
    else:
        # Before, as what belongs to the row finds nothing of it afterwards.
        yield _trigger(f"{name}gone", "BEFORE DELETE", one.table, [f"{gone}old.id"])


def _of_places() -> Iterator[tuple[str, str]]:
    """Find the triggers that count what belongs to places."""
    if engine().sees_statements:
        changed = counting_places(("", NEW_ROWS), ("-", OLD_ROWS))
        yield _trigger_of_all("sum_changed", "AFTER UPDATE", "usage_places", [changed])
        gone = counting_places(("-", OLD_ROWS))
        yield _trigger_of_all("sum_gone", "AFTER DELETE", "usage_places", [gone])
    else:
        yield from _of_each_place()


def _of_each_place() -> Iterator[tuple[str, str]]:
    def sums(row: str, size: str, count: str) -> Iterator[str]:
        return change(f"{row}.{PERSON}_id", f"{row}.{PROJECT}_id", f"{row}.kind", size, count)

    owners = (f"{owner}_id" for owner in (PERSON, PROJECT))
    same = " AND ".join(engine().same(f"old.{one}", f"new.{one}") for one in owners)
    grown = sums("new", "(new.bytes - old.bytes)", "(new.count - old.count)")
    given = chain(sums("old", "-old.bytes", "-old.count"), sums("new", "new.bytes", "new.count"))
    gone = sums("old", "-old.bytes", "-old.count")
    yield _trigger("sum_changed", "AFTER UPDATE", "usage_places", grown, same)
    yield _trigger("sum_moved", "AFTER UPDATE", "usage_places", given, f"NOT ({same})")
    yield _trigger("sum_gone", "AFTER DELETE", "usage_places", gone)


def _of_blobs(table: str) -> Iterator[tuple[str, str]]:
    """Find the triggers that note bytes which a row had and has no longer."""
    note = "INSERT INTO freed_blobs (sha256) VALUES (old.sha256) ON CONFLICT DO NOTHING"
    parts = (
        ("replaced", "AFTER UPDATE OF sha256", f"NOT {engine().same('old.sha256', 'new.sha256')}"),
        ("deleted", "AFTER DELETE", "true"),
    )
    for moment, when, condition in parts:
        held = f"old.sha256 IS NOT NULL AND {condition}"
        yield _trigger(f"blobs_{table}_{moment}", when, table, [note], held)


def wanted() -> dict[str, str]:
    """Return the SQL of all triggers, by their names."""
    found = dict(_of_places())
    if engine().parses_schema:
        made = _trigger("changes_made", "INSTEAD OF INSERT", CHANGES_VIEW, carry_out_changes())
        found.update([made])
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
    if engine().parses_schema:
        engine().run(connection, MAKE_CHANGES_VIEW)
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
        f"SELECT {of(one.place[1], 't')} AS id, {of(one.bytes, 't')} AS bytes FROM {one.table} t"
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
                    f"SELECT '{owner}' AS owner, {of(expression, 't')} AS owner_id, "
                    f"'{one.kind}' AS kind, {of(one.bytes, 't')} AS bytes, 1 AS count "
                    f"FROM {one.table} t"
                )
    for owner in (PERSON, PROJECT):
        yield f"SELECT '{owner}', {owner}_id, kind, bytes, count FROM usage_places"
