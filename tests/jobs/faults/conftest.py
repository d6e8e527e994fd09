"""Servers whose jobs wait, stumble and kill; all are gone after each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from collab.core.security.keys import KEY_NAMES

from ...conftest import SETTINGS
from ...support import databases
from ...support.served import FOLDER, JobServer, Traces

SECRETS = {name: SETTINGS[name] for name in KEY_NAMES}


@pytest.fixture
def traces(tmp_path: Path) -> Traces:
    """Return what jobs leave behind."""
    folder = tmp_path / "traces"
    folder.mkdir()
    return Traces(folder)


@pytest.fixture
def launch(instance: Path, traces: Traces) -> Iterator[Callable[..., JobServer]]:
    """Return a starter of servers on this test's database: `launch(JOB_WORKERS="2")`."""
    running: list[JobServer] = []

    def start(folder: Path = instance, **settings: str) -> JobServer:
        where = databases.settings_of(folder)
        given = SECRETS | {FOLDER: str(traces.folder)} | where | settings
        running.append(JobServer(folder, **given))
        running[-1].start()
        return running[-1]

    yield start
    for one in running:
        if one.process.poll() is None:
            one.kill()
