"""What is in a workspace, for packages that don't know files: the one that keeps them registers."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask

from ..core.slots import Contributions
from ..frozen import frozen


@frozen
class Entry:
    """A file: its path in the workspace, its bytes as they are counted, and what reads them.

    `read` returns None where the file has been deleted meanwhile.
    """

    path: str
    size: int
    read: Callable[[], bytes | None]


#: Returns what is in a workspace, by its id.
Lister = Callable[[int], list[Entry]]

_LISTERS: Contributions[Lister] = Contributions("what is in workspaces")


def register(app: Flask, lister: Lister) -> None:
    """Let a function tell what it keeps in a workspace."""
    _LISTERS.add(app, lister)


def entries_of(workspace_id: int) -> list[Entry]:
    """Return what is in a workspace; nothing, if it is gone."""
    return [entry for lister in _LISTERS for entry in lister(workspace_id)]
