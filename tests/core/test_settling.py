"""Garbage collection goes along what came after the start, and not along the application.

In a process of its own: in that of the tests it would go along a million of their objects.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from ..support.fork_server import ROOT

PROGRAM = """
import gc, json
from collab import create_app
from collab.core.allocator import settle

settle()
seen = {"looked at": len(gc.get_objects()), "passed over": gc.get_freeze_count()}
circle = []
circle.append(circle)
del circle
print(json.dumps(seen | {"found": gc.collect()}))
"""


@pytest.fixture(scope="module")
def settled() -> dict[str, Any]:
    """Return what a process sees that has settled with the application's modules in it."""
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    seen: dict[str, Any] = json.loads(done.stdout)
    return seen


def test_what_was_there_at_the_start_is_not_looked_at_again(settled: dict[str, Any]) -> None:
    assert settled["looked at"] < settled["passed over"] / 10


def test_what_comes_later_is_let_go_of(settled: dict[str, Any]) -> None:
    assert settled["found"] >= 1
