"""Who calls is remembered, and forgotten at once where rights change, in whichever process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import event, update

from collab.auth import guard
from collab.auth.accounts.known_callers import KNOWN_CALLERS, KnownCallers
from collab.auth.models import User
from collab.auth.tokens import AccessClaims, read_access_token
from collab.core.caller import Caller
from collab.core.models import utcnow
from collab.core.transactions.rights_epoch import RIGHTS_EPOCH, RightsEpoch
from collab.extensions import db

from ..conftest import http_for
from ..support.people import Person, ok

Change = Callable[[Person, Person], object]

#: What ends alice's session: by herself, or by ada.
ENDS: dict[str, Change] = {
    "logging out": lambda alice, ada: alice.post("/auth/logout"),
    "disabling": lambda alice, ada: ada.patch(f"/users/{alice.id}", {"disabled": True}),
}


def asked_before(person: Person) -> None:
    """Have the person remembered."""
    assert ok(person.get("/auth/me"))
    assert ok(person.get("/auth/me"))


def lookups(app: Flask, person: Person) -> int:
    """Return how often a request looks the person up."""
    found: list[str] = []

    def note(connection: object, cursor: object, statement: str, *rest: object) -> None:
        found.extend([statement] if "sessions.revoked_at" in statement else [])

    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", note)
        ok(person.get("/projects"))
        event.remove(db.engine, "before_cursor_execute", note)
    return len(found)


@pytest.mark.sqlite("epoch")
def test_it_is_remembered_until_any_right_changes(app: Flask, alice: Person) -> None:
    asked_before(alice)
    assert lookups(app, alice) == 0
    RIGHTS_EPOCH.of(app).move()
    assert (lookups(app, alice), lookups(app, alice)) == (1, 0)


@pytest.mark.parametrize("end", ENDS.values(), ids=list(ENDS))
@pytest.mark.parametrize("elsewhere", [False, True])
def test_the_next_request_is_refused(
    make_app: Callable[..., Flask], alice: Person, ada: Person, end: Change, elsewhere: bool
) -> None:
    """The change is made in this application, or in another one on the same database."""
    here = make_app()
    there = make_app() if elsewhere else here
    person = alice.at(http_for(here))
    asked_before(person)
    end(alice.at(http_for(there)), ada.at(http_for(there)))
    assert person.get("/auth/me").status_code == 401


def test_an_admin_who_is_demoted_elsewhere_lists_nothing_for_admins(
    make_app: Callable[..., Flask], ada: Person, alice: Person
) -> None:
    here, there = make_app(), make_app()
    boss = ada.at(http_for(there))
    ok(boss.patch(f"/users/{alice.id}", {"role": "admin"}))
    person = alice.at(http_for(here))
    assert ok(person.get("/users"))
    ok(boss.patch(f"/users/{alice.id}", {"role": "user"}))
    assert person.get("/users").status_code == 403


def test_a_new_name_is_that_of_the_next_request(app: Flask, alice: Person) -> None:
    asked_before(alice)
    ok(alice.patch("/auth/me", {"name": "Alice B."}))
    with app.app_context():
        assert guard.from_token(alice.token).name == "Alice B."


@pytest.mark.parametrize("member", ["name", "email", "role", "email_verified_at"])
@pytest.mark.sqlite("epoch")
def test_whatever_is_changed_of_an_account_is_seen_by_the_next_request(
    app: Flask, alice: Person, member: str
) -> None:
    asked_before(alice)
    with app.app_context():
        user = db.session.get_one(User, alice.id)
        setattr(user, member, utcnow() if member.endswith("_at") else "admin")
        db.session.commit()
    assert (lookups(app, alice), lookups(app, alice)) == (1, 0)


@pytest.mark.sqlite("epoch")
def test_a_token_of_another_session_is_nobody_known(app: Flask, alice: Person) -> None:
    asked_before(alice)
    with app.app_context():
        claims = read_access_token(alice.token)
        known = KNOWN_CALLERS.of(app)
        assert known.find(claims) is not None
        assert known.find(replace(claims, user_id=claims.user_id + 1)) is None
        assert known.find(replace(claims, session_id=claims.session_id + 1)) is None


def test_what_is_never_committed_is_not_remembered(app: Flask, alice: Person) -> None:
    with app.app_context():
        claims = read_access_token(alice.token)
        db.session.execute(update(User).where(User.id == alice.id).values(name="Nobody"))
        assert guard.person_of(claims).name == "Nobody"
        db.session.rollback()
        db.session.remove()
        assert guard.person_of(claims).name == "Alice"


def caller_of(claims: AccessClaims) -> Caller:
    return Caller(claims.user_id, claims.session_id, "x", "x@example.com", False, claims.expires)


CLAIMS = AccessClaims(1, 2, datetime(2100, 1, 1, tzinfo=UTC))


@pytest.fixture
def known(app: Flask) -> KnownCallers:
    return KNOWN_CALLERS.of(app)


@pytest.mark.sqlite("epoch")
def test_a_session_that_has_run_out_is_nobody_known(app: Flask, known: KnownCallers) -> None:
    known.keep(known.now(), CLAIMS, caller_of(CLAIMS), utcnow() + timedelta(hours=1))
    assert known.find(CLAIMS) is not None
    known.keep(known.now(), CLAIMS, caller_of(CLAIMS), utcnow())
    assert known.find(CLAIMS) is None


def test_a_change_while_somebody_is_looked_up_outdates_what_was_found(
    app: Flask, known: KnownCallers
) -> None:
    looked_at = known.now()
    RIGHTS_EPOCH.of(app).move()
    known.keep(looked_at, CLAIMS, caller_of(CLAIMS), CLAIMS.expires)
    assert known.find(CLAIMS) is None


def test_nobody_is_remembered_where_others_changes_are_heard_of_later(app: Flask) -> None:
    RIGHTS_EPOCH.put(app, RightsEpoch())  # as with a database that other machines use, too
    alone = KnownCallers(app)
    alone.keep(alone.now(), CLAIMS, caller_of(CLAIMS), CLAIMS.expires)
    assert alone.find(CLAIMS) is None


def test_whoever_must_verify_their_address_is_let_in_there_alone(
    make_app: Callable[..., Flask], alice: Person
) -> None:
    person = alice.at(http_for(make_app(REQUIRE_VERIFIED_EMAIL="on")))
    assert ok(person.get("/auth/me"))
    assert person.get("/projects").status_code == 403
