"""A text to edit, a workspace for files, and editors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask

from ..support.made_once import made_once
from ..support.people import Person
from ..support.servers import ThreadServer
from ..support.texts import TextDesk
from ..support.yjs import YjsEditor


@made_once
def workspace(alice: Person, project: int) -> int:
    """Return a workspace in which bob may write and vera may read."""
    return alice.makes_workspace(project)


@made_once
def abc(alice: Person, workspace: int) -> int:
    """Return alice's text: `abc`, in version 1."""
    return int(alice.makes_file(workspace, "main.py", "abc")["id"])


@pytest.fixture
def text(app: Flask, workspace: int) -> TextDesk:
    """Return an empty text in the project of alice, bob and vera."""
    return TextDesk(app, workspace)


@pytest.fixture
def yjs(server: ThreadServer) -> Iterator[Callable[..., YjsEditor]]:
    """Return a maker of Yjs editors: `yjs(bob, text)`."""
    opened: list[YjsEditor] = []

    def make(person: Person, file_id: int, url: str = server.url, **how: Any) -> YjsEditor:
        opened.append(YjsEditor(url, file_id, token=person.token, **how))
        return opened[-1]

    yield make
    for one in opened:
        one.close()
