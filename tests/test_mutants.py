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


@pytest.fixture
def module(tmp_path: Path) -> Any:
    """Return a module that was imported before anything is changed."""
    path = tmp_path / "sample.py"
    path.write_text(SOURCE)
    spec = importlib.util.spec_from_file_location("sample", path)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


@pytest.mark.parametrize(
    ("old", "new", "results"),
    [
        ("number * 2", "number * 3", (13, 3)),
        ("+ 1", "- 1", (7, 3)),
        ("return 3", "pass", (9, None)),
    ],
    ids=["decorated", "decorator", "property"],
)
def test_what_was_imported_runs_the_changed_code(
    old: str, new: str, results: tuple[int, int | None], module: Any
) -> None:
    Swapper(Path(module.__file__)).swap(SOURCE.replace(old, new))
    assert (module.double(4), module.Thing().size) == results


def test_a_change_that_no_function_runs_is_not_taken_for_one(module: Any) -> None:
    with pytest.raises(CanNotSwapError):
        Swapper(Path(module.__file__)).swap(SOURCE.replace("LIMIT = 5", "LIMIT = 6"))
