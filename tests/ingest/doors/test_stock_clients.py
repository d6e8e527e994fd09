"""The libraries of others, unchanged, send to a server that is killed meanwhile: all is found once.

Segment's for Node and Python, and the SDKs of CloudEvents for both, each with their own retries or,
where they have none, those that a program around them has.
"""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ...support.npm import needs_node
from ...support.people import Person, ok
from ...support.servers import ProcessServer
from ...support.waiting import eventually

CLIENTS = Path(__file__).parent / "clients"
EVENTS_PER_CLIENT = 20
COMMANDS = {
    "segment for Node": ("node", str(CLIENTS / "segment.mjs")),
    "CloudEvents for JavaScript": ("node", str(CLIENTS / "cloudevents.mjs")),
    "segment for Python": (sys.executable, str(CLIENTS / "python_clients.py"), "segment"),
    "CloudEvents for Python": (sys.executable, str(CLIENTS / "python_clients.py"), "cloudevents"),
}

PIPES: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}


@pytest.fixture
def starts() -> Iterator[Callable[..., list[subprocess.Popen[str]]]]:
    """Return a starter of all clients."""
    running: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> list[subprocess.Popen[str]]:
        running.extend(subprocess.Popen([*one, *arguments], **PIPES) for one in COMMANDS.values())
        return running

    yield start
    for one in running:
        one.kill()
        one.communicate()


def found(instance: Path) -> list[str]:
    """Return the ids of all that is stored."""
    with closing(sqlite3.connect(instance / "ingest.db")) as store:
        return [key for (key,) in store.execute("SELECT event_id FROM events")]


@needs_node("cloudevents", "@segment/analytics-node")
def test_every_event_is_found_once_though_the_server_is_killed(
    quiet: Callable[..., ProcessServer],
    starts: Callable[..., list[subprocess.Popen[str]]],
    over: Callable[..., Person],
    alice: Person,
    project: int,
    instance: Path,
) -> None:
    server = quiet(INGEST_WORKER="process")
    body = {"project_id": project, "name": "Stock clients"}
    key = ok(over(server, alice).post("/ingest/sources", body))["write_key"]
    clients = starts(server.url, key, str(EVENTS_PER_CLIENT))
    for one in clients:
        assert one.stdout is not None
        assert one.stdout.readline() == "half\n", one.communicate()
    server.kill()
    server.start()
    for one in clients:
        _, errors = one.communicate()
        assert one.returncode == 0, errors
    everything = EVENTS_PER_CLIENT * len(clients)
    eventually(lambda: len(set(found(instance))) >= everything)
    assert len(found(instance)) == everything
