"""Fixtures for the tests of the engine: a look into its tables, and other hands in them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from ..support import jobs


@pytest.fixture
def table(app: Flask, instance: Path) -> Iterator[sqlite3.Connection]:
    """Return a connection of another process to the database."""
    connection = sqlite3.connect(instance / "collab.db", isolation_level=None)
    yield connection
    connection.close()


@pytest.fixture(autouse=True)
def _ordinary() -> Iterator[None]:
    """Leave the tests' types of jobs as they were."""
    yield
    jobs.away.clear()
    jobs.strange.clear()
