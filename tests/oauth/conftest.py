"""An application whose people sign in elsewhere: at a real provider, and at fakes that misbehave.

`acme` is the real provider of npm, `google` and `github` are fakes. All tests of a process share
them, and the application.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from flask import Flask
from sqlalchemy import update

from collab.auth.models import Session, User
from collab.core.models import utcnow
from collab.extensions import db

from ..conftest import http_for, make_lasting
from ..support.openid import CLIENT_ID, CLIENT_SECRET, Fake, real_provider, registered
from ..support.people import Person
from ..support.receivers import Receiver

CALLBACK = "http://collab.test/auth/acme/callback"


@pytest.fixture(scope="session")
def acme() -> Iterator[str]:
    """Return the address of the real provider."""
    with real_provider() as url:
        yield url


@pytest.fixture(scope="session")
def fakes() -> Iterator[list[Fake]]:
    """Return a fake of Google, and one of GitHub."""
    receivers = [Receiver(), Receiver()]
    yield [Fake(one) for one in receivers]
    for one in receivers:
        one.close()


@pytest.fixture
def google(fakes: list[Fake]) -> Fake:
    """Return the fake of Google as it should be."""
    fakes[0].renew()
    return fakes[0]


@pytest.fixture
def github(fakes: list[Fake]) -> Fake:
    """Return the fake of GitHub as it should be."""
    fakes[1].renew()
    return fakes[1]


def credentials(name: str, **more: str) -> dict[str, str]:
    """Return the settings of a provider."""
    told = {"CLIENT_ID": CLIENT_ID, "CLIENT_SECRET": CLIENT_SECRET} | more
    return {f"OAUTH_{name}_{end}": value for end, value in told.items()}


@pytest.fixture(scope="session")
def lasting(fakes: list[Fake], acme: str, tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """Build an application that knows all three, for all tests here."""
    client = registered(acme, CALLBACK)
    known = {"CLIENT_ID": client["client_id"], "CLIENT_SECRET": client["client_secret"]}
    settings = credentials("GOOGLE", ISSUER=fakes[0].url) | credentials("GITHUB", URL=fakes[1].url)
    settings |= credentials("ACME", ISSUER=acme, LABEL="Acme", **known)
    folder = tmp_path_factory.mktemp("oauth") / "instance"
    return make_lasting(folder, **settings)


@pytest.fixture
def other_browser(app: Flask) -> Iterator[httpx.Client]:
    """Return a second browser, with cookies of its own."""
    with http_for(app) as client:
        yield client


@pytest.fixture
def changes(app: Flask) -> Callable[[Any], None]:
    """Return a way to change rows as they are in the database."""

    def change(statement: Any) -> None:
        with app.app_context():
            db.session.execute(statement)
            db.session.commit()

    return change


@pytest.fixture
def verified(changes: Callable[[Any], None], alice: Person) -> Person:
    """Return alice, who has verified her address."""
    changes(update(User).where(User.id == alice.id).values(email_verified_at=utcnow()))
    return alice


@pytest.fixture
def age(changes: Callable[[Any], None]) -> Callable[..., None]:
    """Return a way to let time pass since all log-ins."""
    return lambda since: changes(update(Session).values(created_at=utcnow() - since))
