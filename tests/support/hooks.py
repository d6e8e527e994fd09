"""Webhooks whose deliveries are made and sent in the test's own thread."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Flask
from sqlalchemy import update

from collab.core.models import utcnow
from collab.extensions import db
from collab.webhooks.models import Webhook
from collab.webhooks.sending.dispatching import dispatch
from collab.webhooks.sending.filling import FILLER

from .jobs import Desk
from .people import Person, ok
from .receivers import Receiver

#: Long enough for every retry.
LONG_AGO = timedelta(days=2)


class Hooks:
    """Makes deliveries and sends them when it is told to."""

    def __init__(self, app: Flask, desk: Desk) -> None:
        self.app, self.desk = app, desk
        app.config["ALLOW_PRIVATE_WEBHOOKS"] = True
        with app.app_context():
            FILLER.of(app).reader.begin()

    def make(
        self, owner: Person, project: int, receiver: Receiver, *types: str, **more: Any
    ) -> dict[str, Any]:
        """Make a webhook; returns it with its secret."""
        data = {"name": "CI", "url": receiver.url, "types": list(types) or ["*"]} | more
        made: dict[str, Any] = ok(owner.post(f"/projects/{project}/webhooks", data))
        return made

    def fill(self) -> None:
        """Put all that has happened into the lines."""
        with self.app.app_context():
            FILLER.of(self.app).reader.catch_up()

    def send(self) -> None:
        """Put all that has happened into the lines, and send what is due until nothing is."""
        self.fill()
        for _ in range(50):
            with self.app.app_context():
                dispatch()
                due = db.session.query(Webhook).where(Webhook.due_at <= utcnow()).count()
            if not due:
                return
            self.desk.work()
        raise AssertionError("something is due without end")

    def time_comes(self) -> None:
        """Let what is put off be tried now."""
        past = utcnow() - timedelta(seconds=1)
        self.becomes(Webhook.retry_at.is_not(None), retry_at=past, due_at=past)

    def becomes(self, *where: Any, **values: Any) -> None:
        """Change webhooks."""
        with self.app.app_context():
            db.session.execute(update(Webhook).where(*where).values(**values))
            db.session.commit()

    def deliveries(self, owner: Person, hook: dict[str, Any], **query: Any) -> list[dict[str, Any]]:
        """Return the deliveries of a webhook, the oldest first."""
        path = f"/webhooks/{hook['id']}/deliveries"
        return ok(owner.get(path, params={"sort": "id", "limit": 100} | query))["items"]

    def shown(self, owner: Person, hook: dict[str, Any]) -> dict[str, Any]:
        """Return a webhook as it is now."""
        found: dict[str, Any] = ok(owner.get(f"/webhooks/{hook['id']}"))
        return found
