"""A pipeline with its inbox and its worker's loader, in one process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from collab.ingest.pipeline.store import Where, connect

from ..support.pipeline import Pipeline
from ..support.postgres import PostgresServer

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


@pytest.fixture(scope="session")
def emptying(postgres: PostgresServer) -> str:
    """Return statements that empty the store's tables, and let their numbers begin at 1.

    TRUNCATE gives each table a new file, and whoever comes next reads anew what they know of it:
    that took longer than most tests.
    """
    of_it = "WHERE schemaname = 'ingest'"
    tables = postgres.ask(DATABASE, f"SELECT tablename FROM pg_tables {of_it}")
    numbers = postgres.ask(DATABASE, f"SELECT sequencename FROM pg_sequences {of_it}")
    deleted = [f"DELETE FROM ingest.{name}" for (name,) in tables if name != "version"]
    begun = [f"SELECT setval('ingest.{name}', 1, false)" for (name,) in numbers]
    return "; ".join([*deleted, *begun])


@pytest.fixture
def postgres_store(postgres: PostgresServer, emptying: str) -> str:
    """Return the address of a store with nothing in it."""
    for (name,) in postgres.ask(DATABASE, emptying, LARGE_TABLES):
        postgres.ask(DATABASE, f"TRUNCATE {name}")
    return postgres.url(DATABASE)


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
