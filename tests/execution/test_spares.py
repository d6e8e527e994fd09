"""Boxes in waiting: made for the next run, used once, and gone when nobody comes."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from collab.execution.boxes.spares import WAITS_S, Recipe, SpareBoxes
from collab.execution.languages import LANGUAGES
from collab.execution.placed import Files
from collab.execution.running import run
from collab.execution.sandbox import Sandbox

from ..support.waiting import eventually
from . import support

pytestmark = support.needs_bubblewrap

PYTHON = LANGUAGES["python"]
WALL_S = 5.0
#: Finds the outermost process of each box.
Boxes = Callable[[], set[int]]


@pytest.fixture(autouse=True)
def others() -> frozenset[int]:
    """Return the children that we had before, such as the tests' fork server."""
    return frozenset(support.children(os.getpid()))


@pytest.fixture
def boxes(others: frozenset[int]) -> Boxes:
    """Return what finds the outermost process of each box."""
    return lambda: {one for one in support.children(os.getpid()) if support.alive(one)} - others


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    made = Sandbox(wall_s=WALL_S, at_once=1)
    made.start()
    yield made
    made.stop()


def recipe(wall_s: float = WALL_S) -> Recipe:
    return Recipe(support.TOOLS, PYTHON, support.interpreter("python"), wall_s)


@pytest.fixture
def spares() -> Iterator[SpareBoxes]:
    made = SpareBoxes()
    yield made
    made.stop()


def test_a_run_finds_the_box_that_was_made_after_the_last_one(spares: SpareBoxes) -> None:
    assert spares.take(recipe()) is None
    spares.replace(recipe())
    box = eventually(lambda: spares.take(recipe()))
    outcome = run(support.program("print(open('main.py').read())"), support.TOOLS, spare=box)
    assert outcome.stdout == "print(open('main.py').read())\n"


def test_a_box_is_taken_once(spares: SpareBoxes) -> None:
    spares.replace(recipe())
    spares.replace(recipe())
    spares.replace(recipe(6.0))  # made after the two, by the same thread
    run(support.program("1"), support.TOOLS, spare=eventually(lambda: spares.take(recipe(6.0))))
    first = spares.take(recipe())
    assert first is not None
    run(support.program("1"), support.TOOLS, spare=first)
    assert spares.take(recipe()) is None


def test_who_asks_for_another_box_gets_none(spares: SpareBoxes, boxes: Boxes) -> None:
    spares.replace(recipe())
    eventually(boxes)
    assert spares.take(recipe(wall_s=1.0)) is None


def test_a_box_that_somebody_killed_is_not_given(spares: SpareBoxes, boxes: Boxes) -> None:
    spares.replace(recipe())
    eventually(boxes)

    def killed() -> bool:
        for one in boxes():  # each starts the next
            with suppress(ProcessLookupError):
                os.kill(one, signal.SIGKILL)
        return not boxes()

    eventually(killed)
    assert spares.take(recipe()) is None


def test_a_box_that_nobody_comes_for_ends(boxes: Boxes) -> None:
    impatient = SpareBoxes(waits_s=0.5)
    impatient.replace(recipe())
    eventually(boxes)
    eventually(lambda: not boxes())
    impatient.stop()


def test_what_waits_ends_with_the_sandbox(sandbox: Sandbox, boxes: Boxes) -> None:
    sandbox.run(PYTHON, "1", WALL_S)
    eventually(boxes)
    sandbox.stop()
    eventually(lambda: not boxes(), patience=WAITS_S / 2)


def test_code_with_input_has_a_box_of_its_own(sandbox: Sandbox, boxes: Boxes) -> None:
    sandbox.run(PYTHON, "1", WALL_S)
    waiting = eventually(boxes)
    assert sandbox.run(PYTHON, "print(input())", WALL_S, stdin="x").stdout == "x\n"
    assert boxes() == waiting


def test_code_with_files_has_a_box_of_its_own(sandbox: Sandbox, boxes: Boxes) -> None:
    sandbox.run(PYTHON, "1", WALL_S)
    waiting = eventually(boxes)
    beside = Files(own={"beside": b"x"})
    assert sandbox.run(PYTHON, "print(open('beside').read())", WALL_S, files=beside).stdout == "x\n"
    assert boxes() == waiting


def test_code_with_less_time_has_a_box_of_its_own(sandbox: Sandbox, boxes: Boxes) -> None:
    sandbox.run(PYTHON, "1", WALL_S)
    waiting = eventually(boxes)
    assert sandbox.run(PYTHON, "while True: pass", 0.5).stopped == "timeout"
    assert boxes() == waiting
