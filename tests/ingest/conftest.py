"""A pipeline with its inbox and its worker's loader, in one process."""

from __future__ import annotations

from pathlib import Path

import pytest

from ..support.pipeline import Pipeline


@pytest.fixture
def pipeline(tmp_path: Path):
    """Return an empty pipeline with one source."""
    made = Pipeline(tmp_path)
    yield made
    made.close()
