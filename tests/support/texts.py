"""Texts that people edit, made and changed without any door."""

from __future__ import annotations

from copy import copy
from typing import Any

from flask import Flask

from collab.auth.models import Session
from collab.core.caller import Caller
from collab.core.models import utcnow
from collab.extensions import db
from collab.files.editing import store
from collab.files.editing.changes import Change
from collab.files.editing.live_text import Applied
from collab.files.editing.writer import TEXTS, Writer
from collab.files.models import TEXT, File
from collab.files.text.delta import Delta, normal
from collab.files.text.units import from_units, to_units
from collab.workspaces.models import Workspace

from .people import Person


def caller_of(person: Person) -> Caller:
    """Return somebody as a route knows them; needs an application's context."""
    session = db.session.query(Session).filter_by(user_id=person.id).order_by(Session.id).first()
    assert session is not None
    return Caller(person.id, session.id, person.name, person.email, False, utcnow())


class TextDesk:
    """A text in a workspace of alice's, and everybody's hands on it."""

    def __init__(self, app: Flask, workspace_id: int, path: str = "main.py") -> None:
        self.app = app
        with app.app_context():
            workspace = db.session.get_one(Workspace, workspace_id)
            file = File(
                workspace_id=workspace_id,
                project_id=workspace.project_id,
                path=path,
                kind=TEXT,
                content_type="text/plain",
            )
            db.session.add(file)
            db.session.commit()
            self.id = file.id

    def seen_by(self, app: Flask) -> TextDesk:
        """Return the same text, as another process has it."""
        other = copy(self)
        other.app = app
        return other

    @property
    def writer(self) -> Writer:
        found: Writer = TEXTS.of(self.app)
        return found

    def changes(
        self, person: Person, *steps: int | str, base: int | None = None, **more: Any
    ) -> Applied:
        """Have somebody change the text; of the present version, unless told otherwise."""
        delta: Delta = normal([to_units(one) if isinstance(one, str) else one for one in steps])
        with self.app.app_context():
            base = store.current_version(self.id) if base is None else base
            change = Change(self.id, caller_of(person), "rest", delta, base, **more)
        return self.writer.submit(change)

    def types(self, person: Person, *words: str) -> int:
        """Have somebody add words at the end, each a change; returns the newest version."""
        for word in words:
            self.changes(person, len(to_units(self.text)), word)
        return self.version

    @property
    def text(self) -> str:
        """The present text, as the database has it."""
        with self.app.app_context():
            return from_units(store.units_at(self.id, store.current_version(self.id)))

    @property
    def live(self) -> str:
        """The present text, as the document in memory has it."""
        units: str = self.writer.ask(self.id, lambda document, version: document.units)
        return from_units(units)

    @property
    def version(self) -> int:
        with self.app.app_context():
            return store.current_version(self.id)
