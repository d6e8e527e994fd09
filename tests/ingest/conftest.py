"""A pipeline with its inbox and its worker's loader, in one process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from collab.ingest.pipeline.store import Where, connect

from ..support.pipeline import Pipeline
from ..support.postgres import PostgresServer

DATABASE = "collab"
SQLITE = "sqlite"


@pytest.fixture(scope="session")
def postgres(cluster: PostgresServer) -> PostgresServer:
    """Return a PostgreSQL that has a database for these tests."""
    cluster.ask("postgres", f"CREATE DATABASE {DATABASE}")
    connect(cluster.url(DATABASE)).close()
    return cluster


@pytest.fixture
def postgres_store(postgres: PostgresServer) -> str:
    """Return the address of a store with nothing in it."""
    tables = "SELECT tablename FROM pg_tables WHERE schemaname = 'ingest'"
    names = {name for (name,) in postgres.ask(DATABASE, tables)} - {"version"}
    listed = ", ".join(f"ingest.{name}" for name in sorted(names))
    postgres.ask(DATABASE, f"TRUNCATE {listed} RESTART IDENTITY")
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
