"""Fixtures: mail servers on this machine, and what is sent by the service."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask

from collab.extensions import db
from collab.mail import outbox
from collab.mail.message import Mail
from collab.mail.models import OutgoingMail
from collab.parsers import mail_server

from ..support.mail import MailHost


@pytest.fixture
def hosts() -> Iterator[Callable[..., MailHost]]:
    """Return a starter of mail servers."""
    running: list[MailHost] = []

    def start(**options: Any) -> MailHost:
        running.append(MailHost(**options))
        return running[-1]

    yield start
    for one in running:
        one.close()


@pytest.fixture
def host(app: Flask, hosts: Callable[..., MailHost]) -> MailHost:
    """Return the mail server that the application sends by."""
    made = hosts()
    app.config["SMTP_URL"] = mail_server(made.url())
    return made


@pytest.fixture
def sends(app: Flask) -> Callable[..., int]:
    """Return a sender of mails: `sends("bob@example.com", subject="Hello")`; returns the id."""

    def send(to: str, subject: str = "Hello", text: str = "World\n", **more: Any) -> int:
        owner_id = more.pop("owner_id", None)
        with app.app_context():
            row = outbox.send(Mail(to, subject, text, **more), owner_id=owner_id)
            db.session.commit()
            return row.id

    return send


@pytest.fixture
def mail(app: Flask) -> Callable[[int], OutgoingMail]:
    """Return a look at a mail's row."""

    def look(mail_id: int) -> OutgoingMail:
        with app.app_context():
            found = db.session.get(OutgoingMail, mail_id)
            assert found is not None
            db.session.expunge(found)
            return found

    return look
