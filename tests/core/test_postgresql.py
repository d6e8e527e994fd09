"""The service on PostgreSQL: one order of the log, commits that stay, languages and restarts."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest
from flask import Flask
from sqlalchemy import delete, insert, text, update

from collab import create_app
from collab.core import database
from collab.core.models import utcnow
from collab.events import log
from collab.events.catalogue.tasks import TaskDeleted
from collab.events.models import EventRow
from collab.extensions import db
from collab.files.models import FileChange
from collab.server import prepare
from collab.tasks.models import Comment, Task

from ..conftest import SETTINGS, close, http_for, migrated
from ..support import jobs, one_connection
from ..support.people import Person, ok, register
from ..support.postgres import PostgresServer
from ..support.waiting import eventually

#: Writers in the test of the order: threads of several applications, as of several processes.
APPLICATIONS = 2
THREADS_EACH = 8
EVENTS_EACH = 6

MakeApp = Callable[..., Flask]


@pytest.fixture(scope="module")
def prepared(
    cluster: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Person]:
    """Migrate a database with one person in it, once: each test gets a copy."""
    folder = tmp_path_factory.mktemp("prepared")
    return "prepared", migrated(cluster, "prepared", folder, ("ada",))["ada"]


@pytest.fixture
def url(cluster: PostgresServer, prepared: tuple[str, Person]) -> Iterator[str]:
    """Return the address of a database of this test's own."""
    with cluster.copied(prepared[0], "own") as made:
        yield made


@pytest.fixture
def start(url: str, tmp_path: Path) -> Iterator[MakeApp]:
    """Return a maker of applications on this test's database."""
    made: list[Flask] = []

    def make(**settings: str) -> Flask:
        where = {"INSTANCE_PATH": str(tmp_path), "DATABASE_URL": url}
        made.append(create_app(SETTINGS | where | settings))
        return made[-1]

    yield make
    for app in made:
        close(app)


@pytest.fixture
def somebody(start: MakeApp, prepared: tuple[str, Person]) -> Person:
    """Return the person, who calls an application."""
    return prepared[1].at(http_for(start()))


def writes(app: Flask, count: int) -> None:
    """Record events, each in a transaction of its own."""
    for number in range(count):
        with app.app_context():
            log.record(
                TaskDeleted(project_id=1, owner_id=1, task_id=number, title="Gone"), actor=None
            )
            db.session.commit()


def test_a_reader_by_id_misses_nothing_of_sixteen_writers(start: MakeApp, url: str) -> None:
    apps = [start() for _ in range(APPLICATIONS)]
    seen: list[int] = []
    written = threading.Event()

    def reads() -> None:
        with psycopg.connect(url, autocommit=True) as reader:
            while True:
                over = written.is_set()
                rows = reader.execute(
                    "SELECT id FROM events WHERE id > %s ORDER BY id", (seen[-1] if seen else 0,)
                ).fetchall()
                seen.extend(key for (key,) in rows)
                if over:
                    return

    with ThreadPoolExecutor(APPLICATIONS * THREADS_EACH + 1) as pool:
        reading = pool.submit(reads)
        writing = [
            pool.submit(writes, app, EVENTS_EACH) for app in apps for _ in range(THREADS_EACH)
        ]
        for one in writing:
            one.result()
        written.set()
        reading.result()
    with psycopg.connect(url) as reader:
        there = [key for (key,) in reader.execute("SELECT id FROM events ORDER BY id")]
    assert seen == there
    assert len(there) >= APPLICATIONS * THREADS_EACH * EVENTS_EACH


def test_whoever_writes_waits_for_whoever_writes_elsewhere(start: MakeApp) -> None:
    first, second = start(), start()
    with ThreadPoolExecutor(1) as pool:
        with first.app_context():
            database.take_write_lock()
            waiting = pool.submit(writes, second, 1)
            asks = text("SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'advisory'")
            eventually(lambda: db.session.scalar(asks) == 1)
            assert not waiting.done()
            db.session.commit()
        waiting.result()


def test_a_writer_who_waits_too_long_is_told_to_come_again(start: MakeApp) -> None:
    first, second = start(), start(DATABASE_TIMEOUT_SECONDS="1")
    with first.app_context():
        database.take_write_lock()
        answer = http_for(second).post(
            "/auth/register",
            json={
                "email": "late@example.com",
                "name": "Late",
                "password": "a long enough password",
            },
        )
    assert (answer.status_code, "Retry-After" in answer.headers) == (503, True)


UNFLUSHED = text("SELECT pg_current_wal_insert_lsn() > pg_current_wal_flush_lsn()")


@pytest.fixture
def lazy(cluster: PostgresServer) -> Iterator[None]:
    with cluster.lazy():
        yield


def test_a_commit_that_was_acknowledged_has_been_flushed(start: MakeApp, lazy: None) -> None:
    app = start()
    with app.app_context():
        log.record(TaskDeleted(project_id=1, owner_id=1, task_id=1, title="Gone"), actor=None)
        later = db.session.scalar(text("SHOW synchronous_commit"))
        db.session.commit()
        assert (later, db.session.scalar(UNFLUSHED)) == ("off", False)


def test_what_is_told_has_been_flushed_whoever_wrote_it(
    start: MakeApp, url: str, lazy: None
) -> None:
    app = start()
    with psycopg.connect(url, autocommit=True) as other, app.app_context():
        other.execute("SET synchronous_commit = off")
        other.execute("CREATE TABLE other (id int)")
        for _ in range(20):  # the server may flush some by itself, but not this often
            other.execute("INSERT INTO other VALUES (1)")
            if db.session.scalar(UNFLUSHED):
                break
        else:
            pytest.fail("the server flushes each commit")
        database.harden()
        assert db.session.scalar(UNFLUSHED) is False


def test_texts_are_in_the_order_of_their_bytes_whatever_the_databases_language(
    cluster: PostgresServer, tmp_path: Path
) -> None:
    cluster.ask(
        "postgres",
        "CREATE DATABASE swedish TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'sv-SE'"
        " LOCALE 'C.UTF-8'",
    )
    where = {"INSTANCE_PATH": str(tmp_path), "DATABASE_URL": cluster.url("swedish")}
    app = create_app(SETTINGS | where)
    try:
        for _ in range(2):  # what the first start makes after the migrations, the next one finds
            prepare(app)
        with app.app_context():
            kinds = db.session.execute(
                text(
                    "SELECT DISTINCT collname FROM pg_attribute"
                    " JOIN pg_class c ON c.oid = attrelid"
                    " JOIN pg_collation o ON o.oid = attcollation WHERE attnum > 0"
                    " AND relkind = 'r' AND relnamespace = 'public'::regnamespace"
                    " AND NOT starts_with(relname, 'procrastinate_')"
                )
            ).all()
        assert kinds == [("C",)]
        alice = register(http_for(app), "alice")
        for name in ("b", "A", "Z", "ä"):
            alice.at(http_for(app)).makes_project(name)
        listed = ok(alice.at(http_for(app)).get("/projects?sort=name"))["items"]
        assert [one["name"] for one in listed] == ["A", "ä", "b", "Z"]
    finally:
        close(app)


def test_some_that_migrate_at_once_do_not_disturb_each_other_with_two_connections_for_all(
    cluster: PostgresServer, pooled: Callable[[str], str], tmp_path: Path
) -> None:
    cluster.ask("postgres", "CREATE DATABASE fresh TEMPLATE template0")
    where = {"DATABASE_URL": pooled("fresh")}
    folders = [str(tmp_path / name) for name in ("one", "two", "three")]
    apps = [create_app(SETTINGS | where | {"INSTANCE_PATH": folder}) for folder in folders]
    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(prepare, apps)) == [None, None, None]
    for app in apps:
        close(app)


def counter_changes() -> int:
    """Return how often counters have been changed in the open transaction."""
    counted = "SELECT pg_stat_get_xact_tuples_updated(CAST('usage' AS regclass))"
    return int(db.session.scalar(text(counted)))


def test_rows_that_come_change_and_go_at_once_are_one_change_of_each_counter(
    start: MakeApp, somebody: Person
) -> None:
    """Each change looks at all states that the transaction has made of the counter before."""
    author, now = somebody.id, utcnow()
    told = {"topic": "job:0", "type": "note", "actor": author, "data": {}, "time": now}
    task_id = ok(somebody.post("/tasks", {"title": "Talk"}))["id"]
    comment = {"task_id": task_id, "author_id": author, "body": "Yes."}
    edit = {"file_id": somebody.makes_text(somebody.makes_project()), "author_id": author}
    edit |= {"base": 0, "door": "yjs", "delta": ["x"], "update": b"long", "at": now}
    with start().app_context():
        db.session.execute(insert(EventRow.__table__), [told] * 500)
        db.session.execute(insert(Comment.__table__), [comment] * 500)
        edits = [edit | {"version": at} for at in range(1000, 1500)]
        db.session.execute(insert(FileChange.__table__), edits)
        came = counter_changes()
        db.session.execute(update(FileChange).values(update=None))
        changed = counter_changes()
        db.session.execute(delete(EventRow).where(EventRow.topic == "job:0"))
        db.session.execute(delete(Task).where(Task.id == task_id))
        db.session.execute(delete(FileChange))
        went = counter_changes()
    assert 0 < came < changed < went <= 30


def test_nul_in_a_search_is_said_to_be_wrong(somebody: Person) -> None:
    for path in ("/projects?q=%00", "/search?q=a%00b", "/tasks?q=%00"):
        assert somebody.get(path).status_code == 422


def test_lists_of_names_are_searched_folded(somebody: Person) -> None:
    somebody.makes_project("Ärger & Łódź 9")
    for q in ("arger", "łódź", "LODZ 9", "& l"):
        found = ok(somebody.get("/projects", params={"q": q}))["items"]
        assert [one["name"] for one in found] == ["Ärger & Łódź 9"], q


def test_a_database_that_may_only_be_read_now_is_said_to_be_out_of_reach(
    start: MakeApp, url: str, cluster: PostgresServer, prepared: tuple[str, Person]
) -> None:
    """A server that another one took over from is so, until it is put away."""
    cluster.ask("postgres", "ALTER DATABASE own SET default_transaction_read_only = on")
    somebody = prepared[1].at(http_for(start()))
    assert somebody.get("/tasks").status_code == 200
    answer = somebody.post("/tasks", {"title": "Not now"})
    assert (answer.status_code, "Retry-After" in answer.headers) == (503, True)


def test_readiness_says_what_it_can_do(start: MakeApp) -> None:
    assert http_for(start()).get("/ready").json()["checks"]["writing"] == "ok"


def test_a_request_that_writes_needs_one_connection(
    start: MakeApp, prepared: tuple[str, Person]
) -> None:
    app = jobs.bring_types(start(DATABASE_POOL="1", DATABASE_POOL_OVERFLOW="0"))
    one_connection.watch(app)
    me = prepared[1].at(http_for(app))
    project = me.makes_project("Apollo")
    task = me.makes_task("Launch", project_id=project)["id"]
    me.comments(task, "@ada look")
    post = me.writes("Hello", "World", status="published")["id"]
    me.makes_file(me.makes_workspace(project), "a.txt", "text")
    me.uploads(b"bytes", project_id=project)
    job = me.submits(project_id=project)["id"]
    me.tells(project)
    hook = {"name": "Hook", "url": "https://example.com/hook"}
    daily = {"type": "test_echo", "payload": {}, "name": "Daily", "cron": "0 8 * * *"}
    ok(me.post(f"/projects/{project}/webhooks", hook))
    ok(me.post("/schedules", daily))
    ok(me.patch(f"/tasks/{task}", {"status": "done"}))
    ok(me.post(f"/jobs/{job}/cancel"))
    for gone in (f"/posts/{post}", f"/tasks/{task}", f"/projects/{project}"):
        assert me.delete(gone).status_code == 204
    assert one_connection.found_at(app) == []


def test_two_connections_of_a_pool_are_enough_for_many_writers_of_two_processes(
    pooled: Callable[[str], str], start: MakeApp, prepared: tuple[str, Person]
) -> None:
    apps = [start(DATABASE_URL=pooled("own")) for _ in range(2)]
    person = prepared[1].at(http_for(apps[0]))
    project = person.makes_project("Apollo")

    def works(number: int) -> int:
        mine = prepared[1].at(http_for(apps[number % 2]))
        made = mine.post(f"/projects/{project}/tasks", {"title": f"Number {number}"})
        for path in ("/search?q=number", f"/events?topic=project:{project}", "/health"):
            assert mine.get(path).status_code == 200
        return made.status_code

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(works, range(20))) == {201}


def test_a_server_that_was_away_is_used_again_by_itself(
    cluster: PostgresServer, somebody: Person
) -> None:
    somebody.makes_project("Before")
    cluster.stop()
    try:
        while_away = [somebody.get("/projects"), somebody.post("/projects", {"name": "No"})]
    finally:
        cluster.start()
    assert {(one.status_code, "Retry-After" in one.headers) for one in while_away} == {(503, True)}
    eventually(lambda: somebody.post("/projects", {"name": "After"}).status_code == 201)
    eventually(lambda: somebody.get("/projects").status_code == 200)


def test_a_connection_that_was_lost_meanwhile_is_put_away_without_an_error(
    cluster: PostgresServer, start: MakeApp
) -> None:
    """A request that was answered with 503 is tidied up after; the next one has another one."""
    with start().app_context():
        connection = db.engine.connect()
        driver: Any = connection.connection.dbapi_connection
        number = connection.scalar(text("SELECT pg_backend_pid()"))
        cluster.ask("postgres", f"SELECT pg_terminate_backend({number}, 10000)")
        with pytest.raises(psycopg.OperationalError):
            driver.execute("SELECT 1")  # by the driver, as what is compiled once does
        connection.close()
        with db.engine.connect() as another:
            assert another.scalar(text("SELECT pg_backend_pid()")) != number
