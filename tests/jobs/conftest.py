"""Fixtures for the tests of the engine: a look into its tables, and other hands in them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from ..support import databases, jobs


@pytest.fixture
def table(app: Flask, instance: Path) -> Iterator[Any]:
    """Return a connection of another process to the database."""
    connection = databases.opened(instance)
    yield connection
    connection.close()


@pytest.fixture(autouse=True)
def _ordinary() -> Iterator[None]:
    """Leave the tests' types of jobs as they were."""
    yield
    jobs.away.clear()
    jobs.strange.clear()
