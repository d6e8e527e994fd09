"""Every table says how long its rows stay, and what becomes of each column that may name a person.

A table that nobody has declared keeps what no export shows, no erasure reaches and no retention
ends: so it fails here, with the name of what is missing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import JSON, Column, ForeignKey, Integer, MetaData, String, Table, text

from collab.config import SETTINGS
from collab.core.personal.declared import KEPT, Days, Kept, Person, Span, Stays, Then
from collab.core.storage.housekeeping import HOUSEKEEPER
from collab.extensions import db
from collab.ingest.pipeline.store import connect

#: What a column that names a person, or where they are, may be called.
PERSONAL = re.compile(
    r"(^|_)(user|owner|author|actor|person|member|assignee|by|email|mail|mailbox|handle|address|"
    r"agent|network|scope|recipient|sender|phone)(_|$)"
)
#: Who does away with old rows besides the housekeeper: what stores events, and what sends mails.
OTHER_CHORES = {"pipeline", "mails"}


def suspicious(table: Table) -> set[str]:
    """Return the columns that may name a person: by a key, by their name, or inside JSON."""
    return {
        column.name
        for column in table.columns
        if any(key.column.table.name == "users" for key in column.foreign_keys)
        or (PERSONAL.search(column.name) and not column.name.endswith("_at"))
        or isinstance(column.type, JSON)
    }


def undeclared(tables: dict[str, set[str]], kept: dict[str, Kept]) -> list[str]:
    """Return the tables, and the columns of these, of which nothing is said."""
    missing = [name for name in tables if name not in kept]
    for name in tables.keys() & kept.keys():
        said = {one.column for one in kept[name].people} | kept[name].others.keys()
        missing += [f"{name}.{column}" for column in tables[name] - said]
    return sorted(missing)


def tables_of(metadata: MetaData) -> dict[str, set[str]]:
    """Return the columns of each table that may name a person."""
    return {table.name: suspicious(table) for table in metadata.sorted_tables}


@pytest.fixture
def stored_tables(tmp_path) -> dict[str, set[str]]:
    """Return the same of the store of events, which has no models."""
    connection = connect(tmp_path / "store.db")
    names = [
        name
        for (name,) in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        )
    ]
    found = {
        f"ingest:{name}": {
            column
            for (column,) in connection.execute("SELECT name FROM pragma_table_info(?)", [name])
            if PERSONAL.search(column)
        }
        for name in names
    }
    connection.close()
    return found


def test_every_table_is_declared_with_all_that_may_name_a_person(
    app: Flask, stored_tables: dict[str, set[str]]
) -> None:
    tables = tables_of(db.metadata) | stored_tables
    kept = KEPT.of(app)
    assert undeclared(tables, kept) == []
    assert kept.keys() - tables.keys() == set(), "declared, and not there"


PLANTED = {
    "a key": Column("whose", Integer, ForeignKey("users.id")),
    "an id without a key": Column("author_id", Integer),
    "an address": Column("to_email", String),
    "the actor of a log": Column("actor", Integer),
    "who did it": Column("approved_by", Integer),
    "a name in JSON": Column("data", JSON),
}


@pytest.mark.parametrize("column", PLANTED.values(), ids=PLANTED)
def test_a_planted_column_is_found(column: Column) -> None:
    metadata = MetaData()
    Table("users", metadata, Column("id", Integer, primary_key=True))
    Table("planted", metadata, Column("id", Integer, primary_key=True), column._copy())
    kept = {"users": Kept("users", Stays("")), "planted": Kept("planted", Stays(""))}

    assert undeclared(tables_of(metadata), kept) == [f"planted.{column.name}"]
    del kept["planted"]
    assert undeclared(tables_of(metadata), kept) == ["planted"]
    people = (Person(column.name, Then.DELETE),)
    kept["planted"] = Kept("planted", Stays(""), people)
    assert undeclared(tables_of(metadata), kept) == []


def people(app: Flask) -> Iterator[tuple[Kept, Person]]:
    for table in KEPT.of(app).values():
        yield from ((table, person) for person in table.people)


def test_what_old_rows_go_by_is_there(app: Flask) -> None:
    """The setting of days is one, and somebody does it: a chore of the housekeeper's."""
    names = {setting.name for setting in SETTINGS}
    chores = {chore.name for chore in HOUSEKEEPER.of(app).agenda.chores} | OTHER_CHORES
    for table in KEPT.of(app).values():
        if isinstance(table.goes, Days):
            assert table.goes.setting in names, table.table
        if isinstance(table.goes, Days | Span):
            assert table.goes.chore in chores, table.table
        else:
            assert table.goes.why, table.table


def test_what_stays_of_a_person_has_a_reason(app: Flask) -> None:
    for table, person in people(app):
        stays = person.then is Then.STAYS or (person.then is Then.DELETE and not person.export)
        assert person.why or not stays, f"{table.table}.{person.column}"


def test_conditions_are_sql_of_the_table_that_they_are_of(app: Flask) -> None:
    """And columns that are unlinked may be NULL; those that no export shows are there."""
    with app.app_context():
        subject = {"id": 1, "email": "e@x.org", "name": "e"}
        for table, person in people(app):
            if ":" not in table.table:
                query = f"SELECT 1 FROM {table.table} WHERE {person.condition}"
                db.session.execute(text(query), subject).first()
                column = db.metadata.tables[table.table].columns[person.column]
                assert column.nullable or person.then is not Then.UNLINK, column
        for table in KEPT.of(app).values():
            if ":" not in table.table:
                columns = db.metadata.tables[table.table].columns.keys()
                assert {*table.unshown, *table.others} <= {*columns}, table.table


def test_a_table_is_declared_once(app: Flask) -> None:
    from collab.core.personal.declared import declare

    with pytest.raises(ValueError, match="twice"):
        declare(app, next(iter(KEPT.of(app).values())))
