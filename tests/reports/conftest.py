"""Fixtures for reports."""

from __future__ import annotations

import pytest
from flask import Flask

from .making import forget


@pytest.fixture
def quiet(app: Flask, project: int) -> int:
    """Return a project whose own events are gone: the log has what a test writes."""
    forget(app)
    return project
