"""A pipeline with its inbox and its worker's loader, in one process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from collab.ingest.pipeline.store import Where, connect

from ..support.pipeline import Pipeline
from ..support.postgres import PostgresServer
from ..support.redis import RedisServer, redis_server

DATABASE = "collab"
#: Rows that were deleted lie there until they are swept up: of so many, searches would get slow.
LARGE_TABLES = (
    "SELECT oid::regclass FROM pg_class WHERE relnamespace = 'ingest'::regnamespace"
    " AND relkind = 'r' AND pg_relation_size(oid) > 2^20"
)
SQLITE = "sqlite"


@pytest.fixture(scope="session")
def postgres(cluster: PostgresServer) -> PostgresServer:
    """Return a PostgreSQL that has a database for these tests."""
    cluster.ask("postgres", f"CREATE DATABASE {DATABASE}")
    connect(cluster.url(DATABASE)).close()
    return cluster


class Emptying:
    """Empties the store's tables, and lets their numbers begin at 1.

    TRUNCATE gives each table a new file, and whoever comes next reads anew what they know of it;
    that, and a connection for each time, took longer than most tests.
    """

    def __init__(self, server: PostgresServer) -> None:
        of_it = "WHERE schemaname = 'ingest'"
        tables = server.ask(DATABASE, f"SELECT tablename FROM pg_tables {of_it}")
        numbers = server.ask(DATABASE, f"SELECT sequencename FROM pg_sequences {of_it}")
        deleted = [f"DELETE FROM ingest.{name}" for (name,) in tables if name != "version"]
        begun = [f"SELECT setval('ingest.{name}', 1, false)" for (name,) in numbers]
        self._statements = "; ".join([*deleted, *begun])
        self._url = server.url(DATABASE)
        self._connection = psycopg.connect(self._url, autocommit=True)

    def __call__(self) -> None:
        """Do it, also on a server that a test has stopped and started again."""
        try:
            self._connection.execute(self._statements)
        except psycopg.OperationalError:
            self._connection = psycopg.connect(self._url, autocommit=True)
            self._connection.execute(self._statements)
        for (name,) in self._connection.execute(LARGE_TABLES).fetchall():
            self._connection.execute(f"TRUNCATE {name}")

    def close(self) -> None:
        """Let go of the server."""
        self._connection.close()


@pytest.fixture(scope="session")
def emptying(postgres: PostgresServer) -> Iterator[Emptying]:
    """Return what empties the store, again and again."""
    made = Emptying(postgres)
    yield made
    made.close()


@pytest.fixture
def postgres_store(postgres: PostgresServer, emptying: Emptying) -> str:
    """Return the address of a store with nothing in it."""
    emptying()
    return postgres.url(DATABASE)


@pytest.fixture(scope="session")
def lasting_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """Return a Redis for all tests of the pipeline."""
    with redis_server(tmp_path_factory.mktemp("r")) as server:
        yield server


@pytest.fixture
def redis(lasting_redis: RedisServer) -> RedisServer:
    """Return a Redis with nothing in it, which the test may kill and start again."""
    lasting_redis.client.flushall()
    return lasting_redis


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run tests of a module on each of its `ENGINES`; those marked `sqlite` on that alone."""
    if "engine" in metafunc.fixturenames:
        alone = metafunc.definition.get_closest_marker("sqlite")
        engines = getattr(metafunc.module, "ENGINES", (SQLITE,))
        metafunc.parametrize("engine", (SQLITE,) if alone else engines)


@pytest.fixture
def where(engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> Where:
    """Return where a store with nothing in it is."""
    if engine == SQLITE:
        return tmp_path / "ingest.db"
    url: str = request.getfixturevalue("postgres_store")
    return url


@pytest.fixture
def pipeline(tmp_path: Path, where: Where) -> Iterator[Pipeline]:
    """Return an empty pipeline with one source."""
    made = Pipeline(tmp_path, where)
    yield made
    made.close()
