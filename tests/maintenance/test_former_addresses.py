"""An erasure finds what was noted by addresses of before, however typed, and mails to others."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import cast

import httpx
import pytest
from flask import Flask
from sqlalchemy import select, update

from collab.auth.accounts import former
from collab.auth.models import FormerAddress, User
from collab.core.models import utcnow
from collab.core.personal.declared import Subject
from collab.extensions import db
from collab.mail import folder, retention
from collab.mail.models import OutgoingMail
from collab.mail.personal import forget_files

from ..contact.conftest import clerks
from ..support.jobs import Desk
from ..support.mail import links_in
from ..support.people import PASSWORD, Person, ok
from .exports import fetch, made, opened
from .test_erasing import finish
from .zebulonia import EMAIL, NAME, traces

__all__ = ["clerks"]

NEW = "new@example.org"
Work = Callable[[], None]


@pytest.fixture
def work(clerks: Callable[[], None], desk: Desk) -> Work:
    """Return what has mails written and kept as files."""

    def do() -> None:
        clerks()
        desk.work()

    return do


def registers(http: httpx.Client, email: str, name: str) -> Person:
    account = {"email": email, "password": PASSWORD, "name": name}
    made = ok(http.post("/api/v1/auth/register", json=account))
    return Person(name, http, made["user"]["id"], made["access_token"])


def moves(who: Person, email: str, instance: Path, work: Work) -> None:
    """Give somebody another address, by the link that is sent there."""
    ok(who.post("/auth/email", {"email": email, "password": PASSWORD}))
    work()
    files = [path.read_bytes() for path in sorted((instance / "mail").glob("*.eml"))]
    mails = [message_from_bytes(data, policy=default) for data in files]
    link = links_in([one for one in mails if one["To"] == email][-1])[0]
    ok(who.post("/auth/email/confirm", {"token": link.partition("#")[2]}))
    work()


@pytest.fixture
def who_moved(
    http: httpx.Client, alice: Person, project: int, instance: Path, work: Work
) -> Person:
    """Return somebody who was invited, guessed at and written to at an address of before."""
    alice.invites(project, EMAIL)
    who = registers(http, EMAIL, NAME)
    # In capitals and in the width of ideographs, which is one address with the plain one.
    for typed in (EMAIL.upper(), f"\uff3a{EMAIL[1:]}"):
        http.post("/api/v1/auth/login", json={"email": typed, "password": "wrong password"})
    ok(http.post("/api/v1/auth/password/forgot", json={"email": EMAIL}))
    moves(who, NEW, instance, work)
    return who


def erases(app: Flask, desk: Desk, who: Person) -> None:
    assert who.delete("/auth/me", json={"password": PASSWORD}).status_code == 204
    finish(app, desk)


def test_nothing_is_left_by_an_address_of_before_or_in_mails_in_her_name(
    app: Flask, desk: Desk, who_moved: Person, instance: Path, work: Work
) -> None:
    hers = ok(who_moved.post("/projects", {"name": "Hers"}))["id"]
    who_moved.invites(hers, "stranger@example.net")
    work()
    assert any(".eml" in one for one in traces(instance)), "a blind search"
    erases(app, desk, who_moved)
    assert traces(instance) == []


def test_a_digest_that_names_her_goes_and_other_mails_to_others_stay(
    app: Flask, who_moved: Person, instance: Path
) -> None:
    kept = {
        "90000001.eml": f"List-Unsubscribe: <x>\n\nNew for you\n- {NAME} mentioned you",
        "90000002.eml": "List-Unsubscribe: <x>\n\nNew for you\n- Bob mentioned you",
        "mine.eml": f"\n\nA note of the operator's on {NAME[:4]}",
    }
    for name, words in kept.items():
        (instance / "mail" / name).write_text(f"To: alice@example.com\n{words}\n")
    (instance / "mail" / "nobody's.eml").write_text("Subject: to nobody\n\nx\n")
    with app.app_context():
        forget_files(Subject(who_moved.id, NEW, NAME, (EMAIL,)))
    left = {path.name for path in (instance / "mail").iterdir()}
    assert left & kept.keys() == {"90000002.eml", "mine.eml"}


def test_whoever_has_the_address_by_now_keeps_what_is_theirs(
    app: Flask, desk: Desk, who_moved: Person, http: httpx.Client, work: Work
) -> None:
    another = registers(http, EMAIL, "Another")
    work()
    erases(app, desk, who_moved)
    with app.app_context():
        mine = select(OutgoingMail.recipient).where(OutgoingMail.owner_id == another.id)
        assert EMAIL in db.session.scalars(mine).all()


def test_an_export_has_the_addresses_of_before(who_moved: Person, desk: Desk) -> None:
    made(who_moved, desk)
    with opened(fetch(who_moved)) as archive:
        (one,) = json.loads(archive.read("former_addresses.json"))
    assert one["email"] == EMAIL


def test_who_goes_back_and_forth_has_each_address_once(app: Flask, alice: Person) -> None:
    with app.app_context():
        user = db.session.get_one(User, alice.id)
        for email in ("a@example.org", "b@example.org", "a@example.org", "c@example.org"):
            former.note(user)
            user.email = email
        db.session.commit()
        assert former.addresses_of(alice.id) == ("a@example.org", alice.email, "b@example.org")


def test_addresses_of_before_go_with_the_audit(app: Flask, alice: Person) -> None:
    with app.app_context():
        former.note(db.session.get_one(User, alice.id))
        days = timedelta(days=cast(int, app.config["AUDIT_RETENTION_DAYS"]))
        for age, left in ((days - timedelta(hours=1), 1), (days + timedelta(hours=1), 0)):
            db.session.execute(update(FormerAddress).values(left_at=utcnow() - age))
            db.session.commit()
            assert former.forget() is False
            assert len(db.session.scalars(select(FormerAddress)).all()) == left
        app.config["AUDIT_RETENTION_DAYS"] = 0
        assert former.forget() is False


def test_a_file_of_a_mail_goes_with_its_row(app: Flask, alice: Person, work: Work) -> None:
    alice.invites(ok(alice.post("/projects", {"name": "Apollo"}))["id"], "stranger@example.net")
    work()
    with app.app_context():
        known = set(folder.ids())
        assert known
        gone = folder.keep(max(known) + 1, b"To: a@example.com\r\n\r\n")
        (gone.parent / "1.eml").write_text("no name of ours")
        retention.forget_files()
        assert set(folder.ids()) == known
        assert (gone.parent / "1.eml").exists()
