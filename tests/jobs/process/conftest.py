"""Callers of handlers that a test writes; nothing may be left of any run."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from collab.jobs.context import JobContext, Result
from collab.jobs.handlers.conversation import run_handler
from tests.support.handlers import (
    Call,
    Running,
    children,
    context,
    descriptors,
    processes_in,
    written,
)


@pytest.fixture(autouse=True)
def temp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give each test a temporary folder of its own; after each, nothing is left of its runs."""
    folder = tmp_path / "temp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    before = descriptors(), children()
    yield folder
    assert list(folder.iterdir()) == []
    assert processes_in(folder) == []
    # What tests before this one left may be let go of meanwhile: nothing new is what counts.
    assert (descriptors() - before[0], set(children()) - set(before[1])) == (set(), set())


@pytest.fixture
def ctx() -> JobContext:
    return context()


@pytest.fixture
def call(tmp_path: Path, ctx: JobContext) -> Call:
    """Return a caller of a handler's source: `call(source, {"a": 1}, memory_mb=128)`."""

    def run(source: str, event: dict[str, Any] | None = None, **options: Any) -> Result:
        return run_handler(ctx, written(tmp_path, source), event or {}, **options)

    return run


@pytest.fixture
def start(tmp_path: Path, ctx: JobContext) -> Iterator[Callable[..., Running]]:
    """Return a starter of handlers that run beside the test."""
    running: list[Running] = []

    def run(source: str, event: dict[str, Any] | None = None) -> Running:
        running.append(Running(ctx, written(tmp_path, source), event or {}))
        return running[-1]

    yield run
    for one in running:
        one.ctx.stop("test is over")
