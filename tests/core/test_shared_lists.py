"""Processes on PostgreSQL spare each other lists through Redis, and trust nothing else in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest
from flask import Flask
from sqlalchemy import text

from collab import create_app
from collab.core.database.commits import COMMITS
from collab.core.http.representations.kept_lists import KEPT_LISTS
from collab.core.http.representations.shared_lists import LIFETIME_S, SharedLists
from collab.extensions import db

from ..conftest import SETTINGS, http_for, migrated
from ..support.people import Person, ok
from ..support.postgres import PostgresServer, postgres_server
from ..support.redis import RedisServer, redis_server
from ..support.shared import close
from .test_kept_lists import shown, statements


@pytest.fixture(scope="module")
def redis_here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with redis_server(tmp_path_factory.mktemp("redis")) as running:
        yield running


@pytest.fixture(scope="module")
def installation(
    cluster: PostgresServer, redis_here: RedisServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[list[Flask], dict[str, Person]]]:
    """Return two processes' applications on one database, and who is registered there."""
    folder, url = tmp_path_factory.mktemp("lists"), cluster.url("lists")
    people = migrated(cluster, "lists", folder, ("ada", "alice"))
    where = {"INSTANCE_PATH": str(folder), "DATABASE_URL": url, "REDIS_URL": redis_here.url}
    with ExitStack() as stack:
        apps = [create_app(SETTINGS | where) for _ in range(2)]
        for app in apps:
            stack.callback(close, app)
        yield apps, people


@pytest.fixture
def here(installation: tuple[list[Flask], dict[str, Person]]) -> Flask:
    return installation[0][0]


@pytest.fixture
def there(installation: tuple[list[Flask], dict[str, Person]]) -> Flask:
    return installation[0][1]


@pytest.fixture
def alice(here: Flask, installation: tuple[list[Flask], dict[str, Person]]) -> Person:
    """Return alice, who calls the first one, and has just written."""
    alice = installation[1]["alice"].at(http_for(here))
    alice.makes_project()
    return alice


def test_what_one_has_read_the_other_answers_without_reading(there: Flask, alice: Person) -> None:
    read = alice.get("/projects")
    with statements(there) as asked:
        assert shown(alice.at(http_for(there)).get("/projects")) == shown(read)
    assert asked == []


def test_what_is_written_here_is_read_there_at_once(there: Flask, alice: Person) -> None:
    elsewhere = alice.at(http_for(there))
    for number in range(3):
        ok(alice.get("/projects?limit=100"))
        made = alice.makes_project(f"Number {number}")
        assert made in [one["id"] for one in ok(elsewhere.get("/projects?limit=100"))["items"]]


def test_another_person_is_given_nothing_of_it(
    there: Flask, alice: Person, installation: tuple[list[Flask], dict[str, Person]]
) -> None:
    ok(alice.get("/projects"))
    ada = installation[1]["ada"].at(http_for(there))
    assert ok(ada.get("/projects"))["items"] == []


def test_redis_shows_nothing_of_a_list(alice: Person, redis_here: RedisServer) -> None:
    alice.makes_project("Artemis")
    assert b"Artemis" in alice.get("/projects?limit=100").content
    kept = [redis_here.client.get(key) for key in redis_here.client.keys("collab:lists:*")]
    assert kept
    assert not any(b"Artemis" in sealed for sealed in kept)


def test_a_list_is_not_found_under_the_key_of_another(
    here: Flask, there: Flask, alice: Person, redis_here: RedisServer
) -> None:
    redis_here.client.flushall()
    projects = ok(alice.get("/projects"))
    (other,) = redis_here.client.keys("collab:lists:*")
    tasks = alice.get("/tasks").content
    (key,) = {*redis_here.client.keys("collab:lists:*")} - {other}
    redis_here.client.set(key, redis_here.client.get(other))
    assert projects["items"]
    assert alice.at(http_for(there)).get("/tasks").content == tasks


def test_what_somebody_else_put_there_is_not_believed(
    there: Flask, alice: Person, redis_here: RedisServer
) -> None:
    redis_here.client.flushall()
    whole = alice.get("/projects").content
    (key,) = redis_here.client.keys("collab:lists:*")
    for forged in (b"", b"{}", b"\xff", b"a.b.c.d.e"):
        redis_here.client.set(key, forged)
        assert alice.at(http_for(there)).get("/projects").content == whole
        with there.app_context():
            KEPT_LISTS.of(there)._lists.clear()


def test_while_redis_is_away_each_reads_for_itself(
    here: Flask, alice: Person, tmp_path: Path
) -> None:
    away = create_app(SETTINGS | _where(here) | {"REDIS_URL": f"unix://{tmp_path}/none"})
    whole = alice.get("/projects").content
    with statements(away) as asked:
        assert alice.at(http_for(away)).get("/projects").content == whole
    assert asked
    close(away)


def _where(app: Flask) -> dict[str, str]:
    return {name: str(app.config[name]) for name in ("INSTANCE_PATH", "DATABASE_URL")}


def test_another_database_has_other_versions(
    here: Flask, cluster: PostgresServer, tmp_path: Path
) -> None:
    url = cluster.fresh("other_lists")
    other = create_app(SETTINGS | {"INSTANCE_PATH": str(tmp_path), "DATABASE_URL": url})
    versions = set()
    for app in (here, other):
        with app.app_context():
            versions.add(COMMITS.of(app).version())
    close(other)
    assert len(versions) == 2


def test_a_version_stays_until_what_was_begun_before_it_is_committed(here: Flask) -> None:
    with here.app_context():
        commits = COMMITS.of(here)
        with db.engine.begin() as writer:
            writer.execute(text("UPDATE projects SET description = 'Later'"))
            before = commits.version()
            assert commits.version() == before
        assert commits.version() != before


def test_a_version_does_not_come_again_though_the_server_has_lost_commits(
    files_of_clusters: Path, tmp_path: Path
) -> None:
    """Commits are seen before they are flushed: after a crash others have their numbers."""
    with postgres_server(files_of_clusters) as server, server.lazy():
        url = server.fresh("lossy")
        server.ask("lossy", "CREATE TABLE seen (what text)", "CHECKPOINT")
        app = create_app(SETTINGS | {"INSTANCE_PATH": str(tmp_path), "DATABASE_URL": url})
        with app.app_context():
            _write(url, "lost")
            before = COMMITS.of(app).version()
            server.crash()
            assert server.ask("lossy", "SELECT * FROM seen") == []
            db.engine.dispose()
            versions = []
            for number in range(3):
                _write(url, f"other {number}")
                versions.append(COMMITS.of(app).version())
            assert before not in versions
        close(app)


def _write(url: str, what: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("SET LOCAL synchronous_commit = off")
        connection.execute("INSERT INTO seen VALUES (%s)", (what,))


def test_one_process_puts_no_more_there_than_there_is_room_for(
    here: Flask, redis_here: RedisServer
) -> None:
    redis_here.client.flushall()
    now = 0.0
    with here.app_context():
        lists = SharedLists(redis_here.url, 10_000, lambda: now)
        for number in range(20):
            lists.keep(bytes([number]), "1", ("tag", "x" * 1000, {}))
        held = redis_here.client.dbsize()
        now = LIFETIME_S
        lists.keep(b"later", "1", ("tag", "x" * 1000, {}))
        lists.close()
    assert held in range(4, 10)
    assert redis_here.client.dbsize() == held + 1
