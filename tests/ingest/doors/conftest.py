"""A source of alice's project."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from ...support.outlets import Outlet
from ...support.people import Person


@pytest.fixture
def outlet(app: Flask, alice: Person, project: int) -> Iterator[Outlet]:
    """Return a source of alice's project, with its key."""
    made = Outlet(app, alice, project)
    yield made
    made.close()
