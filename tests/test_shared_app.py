"""The application that tests share: nothing that a test leaves reaches the next one."""

from __future__ import annotations

import gc
import sqlite3
import weakref
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, cast

import pytest
from flask import Flask
from sqlalchemy import text

from collab.core.compiled import READERS
from collab.core.database.commits import COMMITS, FileCommits
from collab.core.transactions.disk import DISK
from collab.extensions import db
from collab.realtime.transport.live import LIVE

from .conftest import http_for, make_lasting
from .support import databases
from .support.people import Person, ok
from .support.shared import SharedApp, close

pytestmark = pytest.mark.sqlite("file")


#: Connections of the pool that a test is seen to leave.
MOST_KEPT = 2
#: What goes on after the test that has begun it.
Late = Callable[[], None]


class Bench:
    """An application of the tests' own, and what it is given before each of its tests."""

    def __init__(self, shared: SharedApp, source: Path, person: Person) -> None:
        self.shared, self.app, self.folder = shared, shared.app, shared.folder
        self.source, self.person = source, person

    def begin(self, *, alone: bool = True) -> None:
        self.shared.begin(self.source, alone=alone)

    def use(self) -> None:
        """Do what most tests do: write, and read with a connection of each kind."""
        with http_for(self.app) as http:
            ok(self.person.at(http).post("/projects", {"name": "Left behind"}))
            ok(self.person.at(http).get("/projects"))

    def seen(self) -> list[Any]:
        """Return what connections see, how they are set up, and which files there are."""
        with self.app.app_context(), ExitStack() as lent:
            pooled = [lent.enter_context(db.engine.connect()) for _ in range(MOST_KEPT)]
            reader = READERS.here().take()
            found = [_seen_by(one) for one in (*pooled, reader)]
            READERS.here().give_back(reader)
        return [found, sorted(path.name for path in self.folder.iterdir()), dict(self.app.config)]

    def look(self) -> None:
        """Look with as many connections."""
        with self.app.app_context(), ExitStack() as lent:
            pooled = [lent.enter_context(db.engine.connect()) for _ in range(MOST_KEPT)]
            reader = READERS.here().take()
            for one in (*pooled, reader):
                one.connection.dbapi_connection.execute("SELECT count(*) FROM users").fetchone()
            READERS.here().give_back(reader)

    def connections(self) -> set[int]:
        """Return the numbers of the connections that are open and idle."""
        with self.app.app_context(), db.engine.connect() as pooled:
            free = [*READERS.here()._free, pooled]
            watch = cast(FileCommits, COMMITS.here())._driver
            return {id(one.connection.dbapi_connection) for one in free} | {id(watch)}


def _seen_by(connection: Any) -> tuple[list[str], list[Any]]:
    driver = connection.connection.dbapi_connection
    names = ("foreign_keys", "secure_delete", "temp_store", "busy_timeout")
    settings = [driver.execute(f"PRAGMA {name}").fetchone() for name in names]
    return list(driver.iterdump()), settings


@pytest.fixture(scope="module")
def benchs_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    made = make_lasting(tmp_path_factory.mktemp("bench") / "instance")
    yield made
    close(made)


@pytest.fixture
def bench(template: tuple[Path, dict[str, Person]], benchs_app: Flask) -> Iterator[Bench]:
    shared = SharedApp(benchs_app)
    yield Bench(shared, template[0], template[1]["alice"])
    shared.end()
    shared.close()


@pytest.fixture(scope="module")
def first(template: tuple[Path, dict[str, Person]], benchs_app: Flask) -> list[Any]:
    """Return what the first test sees."""
    shared = SharedApp(benchs_app)
    made = Bench(shared, template[0], template[1]["alice"])
    made.begin()
    found = made.seen()
    shared.end()
    shared.close()
    return found


def _idle_connection(bench: Bench) -> Late:
    with bench.app.app_context():
        connection = db.engine.connect()

    def write_late() -> None:
        with bench.app.app_context():
            connection.execute(text("UPDATE users SET name = 'Somebody else'"))
            connection.commit()
            connection.close()

    return write_late


def _other_program(bench: Bench) -> Late:
    raw = databases.opened(bench.folder)
    raw.execute("BEGIN IMMEDIATE")
    raw.execute("UPDATE users SET name = 'Somebody else'")

    def commit_late() -> None:
        raw.execute("COMMIT")
        raw.close()

    return commit_late


def _settings(bench: Bench) -> None:
    with bench.app.app_context(), db.engine.connect() as connection:
        for setting in ("foreign_keys = OFF", "secure_delete = OFF", "temp_store = FILE"):
            connection.connection.cursor().execute(f"PRAGMA {setting}")


def _sql(*lines: str) -> Callable[[Bench], None]:
    def run(bench: Bench) -> None:
        with bench.app.app_context():
            for line in lines:
                db.session.execute(text(line))
            db.session.commit()

    return run


def _other_file(bench: Bench) -> None:
    (bench.folder / "collab.db").rename(bench.folder / "old.db")
    with closing(sqlite3.connect(bench.folder / "collab.db")) as other:
        other.execute("CREATE TABLE users (name)")


LEFT: dict[str, Callable[[Bench], Any]] = {
    "rows": Bench.use,
    "no rows": _sql("DELETE FROM users"),
    "a file": lambda bench: (bench.folder / "blobs").write_text("x"),
    "no folder": lambda bench: bench.folder.rename(bench.folder.with_name("elsewhere")),
    "a table": _sql("CREATE TABLE broken (id INTEGER)"),
    "a table and its rows": _sql("CREATE TABLE broken (id)", "INSERT INTO broken VALUES (1)"),
    "no index": _sql("DROP INDEX ix_tasks_board_id"),
    "a setting": lambda bench: bench.app.config.update(RATE_LIMIT="1 per day"),
    "settings of a connection": _settings,
    "a connection that is not given back": _idle_connection,
    "another program's transaction": _other_program,
    "another file": _other_file,
}


@pytest.mark.parametrize("left", LEFT.values(), ids=list(LEFT))
def test_the_next_test_finds_all_as_the_first_one_did(bench, first, left):
    bench.begin()
    bench.look()
    bench.use()
    late = left(bench)
    bench.shared.end()
    bench.begin()
    if callable(late):
        late()
    assert bench.seen() == first


def test_a_schema_is_not_taken_for_that_of_the_test_before(bench):
    for column in ("one", "other"):
        bench.begin()
        _sql(f"CREATE TABLE made ({column})")(bench)
        with bench.app.app_context():
            reader = READERS.here().take()
            reader.connection.cursor().execute(f"SELECT {column} FROM made")
            READERS.here().give_back(reader)
        bench.shared.end()


def test_connections_know_the_disk_of_their_test(bench):
    for _ in range(2):
        bench.begin()
        bench.use()
        with bench.app.app_context(), db.engine.connect() as connection:
            assert connection.connection.dbapi_connection.disk is DISK.of(bench.app)
        bench.shared.end()


def test_connections_stay_open_where_only_the_application_knew_the_file(bench):
    bench.begin()
    bench.use()
    before = bench.connections()
    bench.shared.end()
    bench.begin()
    assert bench.connections() == before


def test_a_database_that_no_test_has_changed_is_not_written_again(bench):
    bench.begin()
    bench.use()
    bench.shared.end()
    bench.begin()
    log = bench.folder / "collab.db-wal"
    written = log.stat().st_size
    with http_for(bench.app) as http:
        ok(bench.person.at(http).get("/projects"))
    bench.shared.end()
    bench.begin()
    assert log.stat().st_size == written > 0


def test_whoever_may_open_the_file_finds_a_new_one(bench):
    bench.begin()
    bench.use()
    bench.shared.end()
    bench.begin(alone=False)
    assert not databases.has(bench.folder, "Left behind")
    assert {one.name for one in bench.folder.iterdir()} == {"collab.db"}


def test_nothing_is_left_of_a_request_that_went_on_after_its_test(bench):
    bench.begin()
    first = bench.seen()
    bench.shared.end()
    bench.use()
    late = LIVE.of(bench.app)
    bench.begin()
    assert bench.seen() == first
    assert LIVE.of(bench.app) is not late


def test_an_application_that_has_ended_takes_no_memory(tmp_path):
    gc.disable()  # so they stay among what is new: to look through all takes a second
    try:
        apps = [make_lasting(tmp_path / name) for name in ("one", "the last")]
        for app in apps:
            close(app)
        one = weakref.ref(apps[0])
        del app, apps
        assert one() is not None
        gc.collect(generation=0)
        assert one() is None
    finally:
        gc.enable()
