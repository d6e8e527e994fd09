"""Fixtures for the tests of the engine: a look into its tables, and other hands in them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from ..support import databases, jobs
from ..support.shared import SharedApp


@pytest.fixture
def table(app: Flask, ready: SharedApp) -> Iterator[Any]:
    """Return a connection of another process to the database.

    It is closed before the next test's database is written over this one.
    """
    connection = databases.opened(ready.folder)
    yield connection
    connection.close()


@pytest.fixture(autouse=True)
def _ordinary() -> Iterator[None]:
    """Leave the tests' types of jobs as they were."""
    yield
    jobs.away.clear()
    jobs.strange.clear()
