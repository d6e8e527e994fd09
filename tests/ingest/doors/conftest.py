"""A source of alice's project."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from ...support.made_once import made_once
from ...support.outlets import Outlet, makes_source
from ...support.people import Person


@made_once
def web_site(alice: Person, project: int) -> dict[str, Any]:
    """Make a source, and return it with its key."""
    return makes_source(alice, project)


@pytest.fixture
def outlet(app: Flask, alice: Person, project: int, web_site: dict[str, Any]) -> Iterator[Outlet]:
    """Return a source of alice's project, with its key."""
    made = Outlet(app, alice, project, web_site)
    yield made
    made.close()
