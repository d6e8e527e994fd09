"""Fixtures: the clerk who writes mails, and what arrives."""

from __future__ import annotations

from collections.abc import Callable
from email.message import EmailMessage

import pytest
from flask import Flask

from collab.contact import recovery
from collab.contact.clerk import CLERK
from collab.extensions import db

from ..mail.conftest import host, hosts
from ..support.jobs import Desk
from ..support.mail import MailHost, links_in
from ..support.people import Person, register

__all__ = ["host", "hosts"]


@pytest.fixture
def clerks(app: Flask) -> Callable[[], None]:
    """Return the clerk's work: mails of what happened, and of requests."""

    def work() -> None:
        with app.app_context():
            CLERK.of(app).reader.catch_up()
            while recovery.answer_some():
                pass
            db.session.remove()

    with app.app_context():
        CLERK.of(app).reader.begin()
        db.session.remove()
    return work


@pytest.fixture
def arrives(
    clerks: Callable[[], None], host: MailHost, desk: Desk
) -> Callable[[], list[EmailMessage]]:
    """Return what has arrived since the last look."""

    def look() -> list[EmailMessage]:
        clerks()
        desk.work()
        taken, host.taken = host.taken, []
        return taken

    return look


@pytest.fixture
def token(arrives: Callable[[], list[EmailMessage]]) -> Callable[[], str]:
    """Return what the link in the one mail that has arrived ends with."""

    def look() -> str:
        (mail,) = arrives()
        return links_in(mail)[0].partition("#")[2]

    return look


@pytest.fixture
def dora(clerks: Callable[[], None], nobody: Person) -> Person:
    """Return somebody who has just registered."""
    return register(nobody.http, "dora")
