"""Whose a personal token is is remembered, and forgotten at once where it ends, in any process."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import event, select, update

from collab.auth.personal_tokens.lookup import KNOWN_TOKENS, Found
from collab.auth.personal_tokens.models import PersonalToken
from collab.core.caller import Caller
from collab.core.models import utcnow
from collab.core.security import digest
from collab.core.transactions.rights_epoch import RIGHTS_EPOCH
from collab.extensions import db

from ...conftest import http_for
from ...support.made_once import made_once
from ...support.people import PASSWORD, Person, ok

Token = dict[str, object]
End = Callable[[Person, Person, Token], object]

ENDS: dict[str, End] = {
    "revoking": lambda alice, ada, made: alice.delete(f"/auth/tokens/{made['id']}"),
    "an admin": lambda alice, ada, made: ada.delete(f"/users/{alice.id}/tokens/{made['id']}"),
    "disabling": lambda alice, ada, made: ada.patch(f"/users/{alice.id}", {"disabled": True}),
    "erasing": lambda alice, ada, made: alice.delete("/auth/me", json={"password": PASSWORD}),
}


@made_once
def made(alice: Person) -> Token:
    """Return a token of Alice's that may read tasks, and its text."""
    return alice.makes_token("tasks:read")


def asked_before(person: Person) -> None:
    """Have the token remembered, and its use noted."""
    for _ in range(3):
        ok(person.get("/tasks"))


def statements(app: Flask, person: Person, word: str) -> int:
    """Return how many statements of a request have a word in them."""
    found: list[str] = []

    def note(connection: object, cursor: object, statement: str, *rest: object) -> None:
        found.extend([statement] if word in statement else [])

    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", note)
        ok(person.get("/tasks"))
        event.remove(db.engine, "before_cursor_execute", note)
    return len(found)


def used_at(app: Flask) -> object:
    with app.app_context():
        return db.session.scalars(select(PersonalToken.last_used_at)).one()


@pytest.mark.sqlite("epoch")
def test_it_is_remembered_until_any_right_changes(app: Flask, alice: Person, made: Token) -> None:
    script = alice.comes_with(made["token"])
    asked_before(script)
    assert statements(app, script, "personal_tokens") == 0
    RIGHTS_EPOCH.of(app).move()
    assert [statements(app, script, "personal_tokens") for _ in range(2)] == [1, 0]


@pytest.mark.parametrize("end", ENDS.values(), ids=list(ENDS))
@pytest.mark.parametrize("elsewhere", [False, True], ids=["here", "elsewhere"])
def test_the_next_request_is_refused(
    make_app: Callable[..., Flask],
    alice: Person,
    ada: Person,
    made: Token,
    end: End,
    elsewhere: bool,
) -> None:
    """It ends in this application, or in another one on the same database."""
    here = make_app()
    there = make_app() if elsewhere else here
    script = alice.at(http_for(here)).comes_with(made["token"])
    asked_before(script)
    ended = end(alice.at(http_for(there)), ada.at(http_for(there)), made)
    assert ended.status_code < 300, ended.text
    assert script.get("/tasks").status_code == 401


@pytest.mark.parametrize(
    ("change", "status"),
    [({"scope": "posts:read"}, 403), ({"revoked_at": utcnow()}, 401), ({"scope": ""}, 403)],
    ids=["another scope", "ended", "no scope"],
)
def test_whatever_is_changed_of_a_token_is_seen_by_the_next_request(
    make_app: Callable[..., Flask],
    alice: Person,
    made: Token,
    change: dict[str, object],
    status: int,
) -> None:
    here, there = make_app(), make_app()
    script = alice.at(http_for(here)).comes_with(made["token"])
    asked_before(script)
    with there.app_context():
        token = db.session.get_one(PersonalToken, made["id"])
        for name, value in change.items():
            setattr(token, name, value)
        db.session.commit()
    assert script.get("/tasks").status_code == status


def test_what_it_lacks_is_refused_although_it_is_known(alice: Person, made: Token) -> None:
    script = alice.comes_with(made["token"])
    asked_before(script)
    assert script.post("/tasks", {"title": "New"}).status_code == 403
    assert script.get("/posts").status_code == 403
    assert script.get("/auth/me").status_code == 403


@pytest.mark.sqlite("epoch")
def test_one_that_has_run_out_is_nobodys(app: Flask) -> None:
    known, ends = KNOWN_TOKENS.of(app), utcnow() + timedelta(hours=1)
    found = Found(Caller(1, -1, "x", "x@example.com", False, ends, frozenset()), None)
    known.keep(known.now(), "digest", found, ends)
    assert known.find("digest") is found
    known.keep(known.now(), "digest", found, utcnow())
    assert known.find("digest") is None


def test_it_is_kept_with_its_own_end(app: Flask, alice: Person, made: Token) -> None:
    past = utcnow() - timedelta(seconds=1)
    with app.app_context():
        db.session.execute(update(PersonalToken).values(expires_at=past))
        db.session.commit()
    script = alice.comes_with(made["token"])
    for _ in range(2):
        assert script.get("/tasks").status_code == 401
    assert KNOWN_TOKENS.of(app).find(digest(str(made["token"]))) is None


@pytest.mark.sqlite("epoch")
def test_the_use_of_one_that_is_known_is_noted_once_an_hour(
    app: Flask, alice: Person, made: Token
) -> None:
    script = alice.comes_with(made["token"])
    asked_before(script)
    first = used_at(app)
    found = KNOWN_TOKENS.of(app).find(digest(str(made["token"])))
    assert found is not None
    assert found.last_used_at == first
    assert statements(app, script, "UPDATE personal_tokens") == 0
    found.last_used_at -= timedelta(hours=1)
    assert statements(app, script, "UPDATE personal_tokens") == 1
    assert used_at(app) == found.last_used_at > first
