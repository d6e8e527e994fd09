"""States that several tests begin with: made once in each process, by requests, and then copied.

    @made_once
    def columns(alice: Person, project: int) -> list[int]:
        ...

is a fixture. For its first test the function is called, on a database that has nothing but the
people (and `project`, if it is an argument); that database is kept, with the uploads beside it.
Each test that asks for it begins with a copy, and with a copy of what the function returned. So

- it takes people, `project`, `app`, `http` and others that are made once, and returns plain data;
- it is there before anything that the test or its other fixtures do;
- ids are the same for all tests, and times are those of the first one.
"""

from __future__ import annotations

import functools
import inspect
import shutil
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from . import databases
from .shared import BESIDE, SharedApp

#: How a fixture tells what it is a copy of.
STATE_NOTE = "made_once"


class State:
    """What is made once, and where it is kept."""

    def __init__(self, make: Callable[..., Any]) -> None:
        self._make = make
        self.arguments = list(inspect.signature(make).parameters)
        self.name = make.__name__
        self._database: Path | None = None
        self._value: Any = None

    def database(
        self, shared: SharedApp, source: Path, given: dict[str, Any], folder: Path
    ) -> Path:
        """Return the database that has it; it is made of another one, and kept in a new folder."""
        if self._database is None:
            shared.begin(source, alone=True)
            self._value = self._make(**{name: given[name] for name in self.arguments})
            shared.end()
            shared.close()
            folder.mkdir()
            databases.copy(shared.folder / "collab.db", folder)
            if (shared.folder / BESIDE).exists():
                shutil.copytree(shared.folder / BESIDE, folder / BESIDE)
            self._database = folder / "collab.db"
        return self._database

    def value(self) -> Any:
        """Return what the function returned."""
        return deepcopy(self._value)


def made_once(make: Callable[..., Any]) -> Any:
    """Make a fixture of a function: what it makes, and returns, is copied for each test."""
    state = State(make)

    @functools.wraps(make)
    def copy(ready: SharedApp, states: list[State], **_: Any) -> Any:
        assert state in states, "only the arguments of a test or fixture tell that in time"
        return state.value()

    # Pytest knows by the arguments what else a test begins with.
    names = ["ready", "states", *state.arguments]
    kind = inspect.Parameter.KEYWORD_ONLY
    arguments = [inspect.Parameter(name, kind) for name in names]
    vars(copy).update({"__signature__": inspect.Signature(arguments), STATE_NOTE: state})
    return pytest.fixture(copy)


def states_of(request: pytest.FixtureRequest) -> list[State]:
    """Return what a test begins with, each after those that it is made of."""
    known = request._pyfuncitem._fixtureinfo.name2fixturedefs
    found = [
        state
        for definitions in known.values()
        if (state := getattr(definitions[-1].func, STATE_NOTE, None))
    ]
    built = sorted(found, key=lambda one: len(_whole(one, found)))
    for one in built:
        assert one.name in _whole(built[-1], built), f"one begins with {one.name}, or not"
    return built


def _whole(state: State, among: list[State]) -> set[str]:
    """Return the names of a state and of all that it is made of."""
    parts = [one for one in among if one.name in state.arguments]
    return {state.name}.union(*(_whole(one, among) for one in parts))
