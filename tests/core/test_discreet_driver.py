"""What PostgreSQL says of a statement that fails goes to the log, so no value is in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from collab.core.database.postgresql_driver import Driver
from collab.ingest.pipeline.engines import postgres as ingest

from ..support.postgres import PostgresServer

VALUE = 'a "secret" of theirs'
TABLE = """CREATE TABLE people (
    email text COLLATE "C" UNIQUE CHECK (email <> 'mine'), age integer NOT NULL, more json)"""
INSERT = "INSERT INTO people VALUES (%s, %s, %s)"

Connection = psycopg.Connection[Any]


@pytest.fixture(params=[Driver.connect, ingest.opened], ids=["the service's", "the pipeline's"])
def connection(request: pytest.FixtureRequest, cluster: PostgresServer) -> Iterator[Connection]:
    with request.param(cluster.fresh("discreet")) as made:
        made.execute(TABLE)
        made.execute(INSERT, (VALUE, 1, None))
        yield made
        made.rollback()


def copied(connection: Connection) -> None:
    with connection.cursor().copy("COPY people FROM STDIN") as copy:
        copy.write(f"{VALUE}\tno number\n")


REFUSED: dict[str, tuple[Callable[[Connection], object], str]] = {
    "a key that is there": (lambda to: to.execute(INSERT, (VALUE, 2, None)), "people_email_key"),
    "nothing where something must be": (lambda to: to.execute(INSERT, ("x", None, None)), '"age"'),
    "a condition": (lambda to: to.execute(INSERT, ("mine", 5, None)), "people_email_check"),
    "many": (
        lambda to: to.cursor().executemany(INSERT, [("y", 1, None), (VALUE, 2, None)]),
        "people_email_key",
    ),
    "no number": (lambda to: to.execute(INSERT, ("x", VALUE, None)), "integer: ***"),
    "no JSON": (lambda to: to.execute(INSERT, ("x", 1, VALUE)), "json"),
    "a line of a copy": (copied, "integer: ***"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_an_error_names_what_was_wrong_and_no_value(connection: Connection, name: str) -> None:
    act, named = REFUSED[name]
    with pytest.raises(psycopg.Error) as caught:
        act(connection)
    said = f"{caught.value} {caught.value!r}"
    assert named in said
    assert [one for one in ("secret", "mine", "no number", "DETAIL", "LINE") if one in said] == []
