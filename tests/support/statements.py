"""What the application asks its database."""

from __future__ import annotations

from typing import Any

from flask import Flask
from sqlalchemy import event

from collab.extensions import db


class Statements:
    """What was executed, with the parameters, within a `with` block."""

    def __init__(self, app: Flask) -> None:
        with app.app_context():
            self._engine = db.engine
        self.seen: list[tuple[str, Any]] = []

    def _note(self, connection: Any, cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        self.seen.append((statement, parameters))

    def __enter__(self) -> Statements:
        event.listen(self._engine, "before_cursor_execute", self._note)
        return self

    def __exit__(self, *_: object) -> None:
        event.remove(self._engine, "before_cursor_execute", self._note)
