"""Mutants take the place of what was imported, decorated or not (docs/mutations.md)."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from .support.mutants.swapping import CanNotSwapError, Swapper

SOURCE = """
from functools import wraps

def logged(view):
    @wraps(view)
    def wrapper(number):
        return view(number) + 1
    return wrapper

@logged
def double(number):
    return number * 2

class Thing:
    @property
    def size(self):
        return 3

LIMIT = 5
"""


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Return a module that was imported before anything is changed."""
    path = tmp_path_factory.mktemp("mutants") / "sample.py"
    path.write_text(SOURCE)
    spec = importlib.util.spec_from_file_location("sample", path)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


@pytest.fixture(scope="module")
def swapper(module: Any) -> Swapper:
    """Return what has its functions: it looks for them among all objects of this process."""
    return Swapper(Path(module.__file__))


def test_what_was_imported_runs_the_changed_code(module: Any, swapper: Swapper) -> None:
    """What is decorated, its decorator and a property: no other changes make 11, and None."""
    changed = SOURCE.replace("number * 2", "number * 3").replace("+ 1", "- 1")
    swapper.swap(changed.replace("return 3", "pass"))
    assert (module.double(4), module.Thing().size) == (11, None)


def test_a_change_that_no_function_runs_is_not_taken_for_one(swapper: Swapper) -> None:
    with pytest.raises(CanNotSwapError):
        swapper.swap(SOURCE.replace("LIMIT = 5", "LIMIT = 6"))
