"""Notifications made in the calling thread, and rows of what they are about."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Flask

from collab.core.models import utcnow
from collab.events import log
from collab.events.types import Event
from collab.extensions import db
from collab.notifications.notifier import NOTIFIER
from collab.posts.models import PUBLISHED, Post
from collab.tasks.models import Comment, Task

from .people import Person, ok


class Notes:
    """Makes notifications when it is told to, and asks what people were told."""

    def __init__(self, app: Flask) -> None:
        self.app = app

    def catch_up(self) -> None:
        """Make the notifications of all that has happened; the first time, begin after it."""
        reader = NOTIFIER.of(self.app).reader
        with self.app.app_context():
            reader.begin()
            reader.catch_up()

    def told(self, who: Person, **query: Any) -> list[dict[str, Any]]:
        """Catch up, and return what somebody is told, newest first."""
        self.catch_up()
        return ok(who.get("/notifications", params={"limit": 100} | query))["items"]

    def kinds(self, who: Person) -> list[str]:
        """Catch up, and return the kinds of what somebody is told, the oldest first."""
        return [one["kind"] for one in self.told(who, sort="id")]

    def happens(self, *events: Event, actor: Person | None = None) -> list[int]:
        """Record events in one commit and return their ids."""
        with self.app.app_context():
            found = [log.record(one, actor and actor.id).id for one in events]
            db.session.commit()
        return found

    def add(self, row: Any) -> int:
        """Insert a row and return its id."""
        with self.app.app_context():
            db.session.add(row)
            db.session.commit()
            return int(row.id)

    def task(
        self, owner: Person, project_id: int | None = None, assignee: Person | None = None
    ) -> int:
        """Insert a task."""
        row = Task(owner_id=owner.id, project_id=project_id, title="Launch", position="a0")
        row.assignee_id = assignee and assignee.id
        row.due_at = utcnow() + timedelta(hours=3)
        return self.add(row)

    def comment(self, task_id: int, author: Person) -> int:
        """Insert a comment."""
        return self.add(Comment(task_id=task_id, author_id=author.id, body="Well."))

    def post(self, owner: Person, status: str = PUBLISHED) -> int:
        """Insert a post."""
        return self.add(Post(owner_id=owner.id, title="News", status=status))

    def becomes(self, model: Any, key: int, **values: Any) -> None:
        """Change a row."""
        with self.app.app_context():
            row = db.session.get(model, key)
            for name, value in values.items():
                setattr(row, name, value)
            db.session.commit()

    def gone(self, model: Any, key: int) -> None:
        """Delete a row."""
        with self.app.app_context():
            db.session.delete(db.session.get(model, key))
            db.session.commit()
