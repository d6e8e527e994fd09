"""The project's sources, parsed: many tests read all of them, and parsing is what that takes."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path


def parsed(path: Path) -> ast.Module:
    """Return a file's syntax tree, which nobody may change."""
    return parsed_text(path.read_text())


def nodes(path: Path) -> list[ast.AST]:
    """Return all that a file consists of."""
    return nodes_of(path.read_text())


@cache
def parsed_text(text: str) -> ast.Module:
    """Return a text's syntax tree; each text is parsed once in a process."""
    return ast.parse(text)


@cache
def nodes_of(text: str) -> list[ast.AST]:
    """Return all that a text consists of."""
    return list(ast.walk(parsed_text(text)))
