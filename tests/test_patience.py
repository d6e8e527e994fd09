"""Tests wait for conditions; what only guards a wait is patient with a slow and busy machine."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from collab.config import ROOT

from .support.waiting import PATIENCE

HERE = ROOT / "tests"
SOURCES = [path for path in HERE.rglob("*.py") if "node_modules" not in path.parts]
#: What takes seconds as the last of so many arguments, or by one of these names.
WAITS = {"eventually": 2, "join": 1, "result": 1, "settimeout": 1, "wait": 1}
NAMES = {"patience", "timeout"}
#: What has such a call in it, with a number below 30: to read all files whole takes seconds.
LIKELY = re.compile(
    rf"\b({'|'.join(WAITS)})\(([^#]*?[,(\s])?[12]?\d(\.\d*)?,?\s*\)|\b({'|'.join(NAMES)})=[12]?\d\b"
)
#: Seconds from which on a number guards: less is a pause, or tells that something does not come.
SHORTEST_S = 1
#: Seconds that are patient.
PATIENT_S = PATIENCE / 2


def guards(call: ast.Call) -> Iterator[ast.expr]:
    """Yield the arguments that say how long a call may take."""
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    if len(call.args) == WAITS.get(name):
        yield call.args[-1]
    yield from (one.value for one in call.keywords if one.arg in NAMES)


def impatient(source: str) -> list[int]:
    """Return the lines that wait for a few seconds, said by a bare number.

    A time that is itself what is tested has a name, and a comment that says so.
    """
    return [
        one.lineno
        for call in ast.walk(ast.parse(source))
        if isinstance(call, ast.Call)
        for one in guards(call)
        if isinstance(one, ast.Constant)
        and isinstance(one.value, int | float)
        and SHORTEST_S <= one.value < PATIENT_S
    ]


def is_likely(text: str) -> bool:
    """Return whether there may be such a call: none goes on after an empty line."""
    return any(map(LIKELY.search, text.split("\n\n")))


def test_no_test_is_impatient() -> None:
    texts = {str(path.relative_to(HERE)): path.read_text() for path in SOURCES}
    found = {path: impatient(text) for path, text in texts.items() if is_likely(text)}
    assert {path: lines for path, lines in found.items() if lines} == {}


@pytest.mark.parametrize(
    "planted",
    [
        "eventually(lambda: done, 5)",
        "eventually(ready, patience=10)",
        "thread.join(20)",
        "process.wait(timeout=20)",
        "socket.create_connection(where, timeout=20)",
        "peer.settimeout(10)",
    ],
)
def test_a_short_guard_is_found(planted: str) -> None:
    assert is_likely(planted)
    assert impatient(planted) == [1]


@pytest.mark.parametrize(
    "planted",
    ["eventually(lambda: done)", "thread.join(PATIENCE)", "pause.wait(0.05)", "', '.join(names)"],
)
def test_a_patient_one_and_a_pause_are_not(planted: str) -> None:
    assert impatient(planted) == []
