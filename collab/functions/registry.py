"""The functions: a file each in `handlers/`, read but not imported.

Constants in its file say what a function needs: `MEMORY_MB`, and `INPUT`, the name under which it
gets the file that it works on; without it, it takes none.
"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from typing import Any

from ..frozen import frozen

HANDLERS_FOLDER = Path(__file__).with_name("handlers")
MEMORY_MB = 512


@frozen
class Function:
    """A function that jobs can call."""

    name: str
    path: Path
    #: The first line of its docstring.
    summary: str
    memory_mb: int
    #: What it calls the file that it works on.
    input: str | None


def read(path: Path) -> Function:
    """Read what a file says about its function."""
    module = ast.parse(path.read_text(encoding="utf-8"), path.name)
    says = _constants(module)
    summary = (ast.get_docstring(module) or "").split("\n")[0]
    return Function(path.stem, path, summary, says.get("MEMORY_MB", MEMORY_MB), says.get("INPUT"))


def _constants(module: ast.Module) -> dict[str, Any]:
    return {
        target.id: node.value.value
        for node in module.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


@cache
def all_functions(folder: Path = HANDLERS_FOLDER) -> dict[str, Function]:
    """Return all functions by name; files whose names begin with `_` are not functions."""
    files = sorted(path for path in folder.glob("*.py") if not path.name.startswith("_"))
    return {path.stem: read(path) for path in files}


def find(name: str) -> Function | None:
    """Return a function by its name."""
    return all_functions().get(name)
