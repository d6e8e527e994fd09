"""Fixtures for what happens at the worst moment."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event

from collab.extensions import db

from ..support import history
from ..support.made_once import made_once
from ..support.people import Person, ok
from ..support.writers import Writer
from .losing import Scene


@pytest.fixture
def just_before(app: Flask) -> Iterator[Callable[[str, Callable[[], None]], None]]:
    """Return a way to do something once, right before the first statement that has some words."""
    waiting: list[tuple[str, Callable[[], None]]] = []

    def look(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if waiting and waiting[0][0] in statement:
            thread = threading.Thread(target=waiting.pop()[1])
            thread.start()
            thread.join()

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", look)
    yield lambda words, act: waiting.append((words, act))
    event.remove(engine, "before_cursor_execute", look)


@made_once
def devices(alice: Person, bob: Person, vera: Person, project: int, app: Flask) -> dict[str, Any]:
    """Let vera write in the project, and bob log in at another device; returns its token.

    With it come the session that bob has here, and the last id in the log.
    """
    ok(alice.patch(f"/projects/{project}/members/{vera.id}", {"role": "collaborator"}))
    return {
        "elsewhere": bob.logs_in().token,
        "session": ok(bob.get("/auth/verify"))["session_id"],
        "start": history.ids(app)[-1],
    }


@pytest.fixture
def scene(
    alice: Person,
    ada: Person,
    bob: Person,
    vera: Person,
    project: int,
    app: Flask,
    server: Any,
    devices: dict[str, Any],
) -> Scene:
    elsewhere = bob.comes_with(devices["elsewhere"])
    session, start = devices["session"], devices["start"]
    return Scene(alice, ada, bob, project, Writer(vera, project), app, elsewhere, session, start)
