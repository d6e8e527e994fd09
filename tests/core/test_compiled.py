"""Statements that are compiled once: they read and write as the session does."""

from __future__ import annotations

import pytest
from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.exc import DBAPIError

from collab.auth.factors.models import Totp
from collab.auth.models import User
from collab.core.compiled import READERS, Compiled, _Text
from collab.core.database import TURNS
from collab.core.models import utcnow
from collab.core.transactions.rows import Rows
from collab.events.models import EventRow
from collab.extensions import db

NAMES = Compiled(
    select(User.name, User.created_at, User.role)
    .where(User.created_at <= bindparam("until", type_=User.created_at.type), User.role != "x")
    .order_by(User.id)
)
EVENTS = EventRow.__table__
INSERT_EVENT = Compiled(
    insert(EVENTS).returning(EVENTS.c.id, EVENTS.c.data),
    columns=[one.name for one in EVENTS.c if one.name != "id"],
)
INSERT_SILENTLY = Compiled(
    insert(EVENTS), columns=[one.name for one in EVENTS.c if one.name != "id"]
)
COUNT = Compiled(select(func.count(EventRow.id).label("count")).where(EventRow.type == "t"))
EVENT = dict.fromkeys(("actor", "project_id", "address", "trace")) | {"topic": "x", "type": "t"}


@pytest.fixture(autouse=True)
def context(app):
    with app.app_context():
        yield


def renamed(name):
    return update(User).where(User.id == 1).values(name=name)


def test_rows_are_what_the_session_would_give():
    rows = NAMES.all({"until": utcnow()})
    query = select(User.name, User.created_at, User.role).order_by(User.id)
    assert [tuple(one) for one in rows] == [tuple(one) for one in db.session.execute(query)]
    assert (rows[0].name, rows[0].created_at.tzinfo) == ("Ada", utcnow().tzinfo)


def test_what_the_open_session_wrote_is_seen_by_it_alone():
    db.session.execute(renamed("Not yet"))
    seen = NAMES.one({"until": utcnow()}).name
    db.session.rollback()
    assert (seen, NAMES.one({"until": utcnow()}).name) == ("Not yet", "Ada")


def test_what_another_commits_is_seen_by_a_reader_that_has_read_before():
    assert NAMES.one({"until": utcnow()}).name == "Ada"  # only the first of several rows is fetched
    with db.engine.begin() as other:
        other.execute(renamed("Ada L."))
    assert NAMES.one({"until": utcnow()}).name == "Ada L."


def test_a_reader_is_used_again_but_not_after_an_error():
    readers = READERS.here()
    NAMES.all({"until": utcnow()})
    [first] = readers._free
    NAMES.all({"until": utcnow()})
    assert list(readers._free) == [first]
    with pytest.raises(DBAPIError, match=r"no such function|does not exist") as caught:
        Compiled(select(func.no_such_thing(User.id))).all({})
    assert (list(readers._free), first.closed) == ([], True)
    assert "no_such_thing" in str(caught.value)


def test_no_reader_is_left_open_by_an_engine_that_lets_go():
    NAMES.all({"until": utcnow()})
    [reader] = READERS.here()._free
    db.engine.dispose()
    assert (reader.closed, len(READERS.here()._free)) == (True, 0)


def test_writing_takes_the_turn_and_is_part_of_the_transaction():
    row = EVENT | {"data": {"a": [1]}, "time": utcnow()}
    connection = db.session.connection()
    [written] = INSERT_EVENT.run(connection, row)
    assert (written.data, TURNS.here().taken) == ({"a": [1]}, True)
    INSERT_SILENTLY.run_many(connection, [row, row])
    assert COUNT.one({}).count == 3
    db.session.rollback()
    db.session.remove()
    assert (COUNT.one({}).count, TURNS.here().taken) == (0, False)


def test_a_statement_that_has_rows_is_run_once():
    with pytest.raises(TypeError, match="rows"):
        INSERT_EVENT.run_many(db.session.connection(), [EVENT])


def test_a_value_that_is_missing_is_an_error():
    with pytest.raises(KeyError, match="until"):
        NAMES.all({})


def test_a_list_is_refused_because_its_text_would_differ():
    with pytest.raises(TypeError, match="list"):
        Compiled(select(User.name).where(User.id.in_(bindparam("ids", expanding=True)))).all({})


def test_for_postgresql_parameters_go_by_name_and_with_their_types():
    text = _Text(PGDialect_psycopg(), NAMES._statement, None, None)
    moment = utcnow()
    given = text.parameters({"until": moment})
    assert "%(until)s::TIMESTAMP" in text._text
    assert (given["until"], "x" in given.values()) == (moment.replace(tzinfo=None), True)
    assert text.made is not None
    assert text.made(("Ada", moment.replace(tzinfo=None), "admin")).created_at == moment


# -- rows -----------------------------------------------------------------------------------------


def test_a_row_whose_key_is_given_is_inserted_as_it_is():
    user_id = db.session.scalar(select(User.id).limit(1))
    made = Rows(Totp).add(user_id=user_id, secret="sealed")
    assert (made.user_id, made.secret) == (user_id, "sealed")
    assert db.session.scalar(select(Totp.secret).where(Totp.user_id == user_id)) == "sealed"
    db.session.rollback()


def test_what_is_no_column_is_not_passed_over():
    with pytest.raises(TypeError, match="no columns to fill: secrets"):
        Rows(Totp).insert(user_id=1, secrets="x")
