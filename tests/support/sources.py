"""The project's sources, parsed: many tests read all of them, and parsing is what that takes."""

from __future__ import annotations

import ast
import gc
from collections.abc import Iterator
from contextlib import contextmanager
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


@contextmanager
def kept() -> Iterator[None]:
    """Leave what is parsed within out of garbage collection: a million objects, which stay.

    To look through them takes as long as to parse them, and comes again with each full collection.
    """
    before = parsed_text.cache_info().misses
    gc.disable()
    try:
        yield
    finally:
        if parsed_text.cache_info().misses > before:
            gc.freeze()
        gc.enable()
