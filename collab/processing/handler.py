"""Runs in its own process, which imports this file by its path, and nothing from Flask."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

if TYPE_CHECKING:
    from .engine.errors import TableError
    from .engine.output import FORMATS
    from .engine.run import process
else:
    # That process knows this folder, but not the package that contains it.
    from engine.errors import TableError
    from engine.output import FORMATS
    from engine.run import process


class Context(Protocol):
    """What the process passes to a handler."""

    inputs: dict[str, str]
    output_path: str

    def progress(self, fraction: float, message: str) -> None:
        """Say how far the work is, from 0 to 1."""

    def attach(self, content_type: str, filename: str | None = None) -> None:
        """Say what the file at `output_path` is."""

    def fail(self, message: str, code: str) -> NoReturn:
        """Give up: another attempt would not help."""


def handler(event: dict[str, Any], context: Context) -> dict[str, Any]:
    """Filter, group and profile the event's rows, or those of the file `data`."""
    path = context.inputs.get("data")
    output: str | None = event.get("output")
    try:
        result = process(
            event, Path(path) if path else None, context.progress, Path(context.output_path)
        )
    except TableError as error:
        context.fail(str(error), error.code)
    if output:
        context.attach(FORMATS[output].content_type, f"table.{output}")
    return result
