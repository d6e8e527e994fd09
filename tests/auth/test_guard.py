"""Finding out who calls: from the header, an address or an open connection, and what is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask, g
from sqlalchemy import delete, select, update

from collab.auth import guard, tickets
from collab.auth.guard import InsufficientScope, NoLongerAdmin, SessionEnded
from collab.auth.models import Session, User
from collab.auth.personal_tokens.models import PersonalToken
from collab.auth.sessions import AddressNotVerified, Disabled
from collab.auth.tokens import TokenExpired, read_access_token
from collab.core.caller import Caller, act_as, acting
from collab.core.database import take_write_lock
from collab.core.errors import Forbidden, Unauthorized
from collab.core.http.traits import Trait, traits_of
from collab.core.models import utcnow
from collab.extensions import db

from ..support.people import Person, ok
from ..support.tokens import token_for

Asked = Callable[..., Any]
HOUR = timedelta(hours=1)


@pytest.fixture
def asked(app: Flask) -> Iterator[Asked]:
    """Return a beginner of requests: `asked("/?ticket=x", "Bearer y")`."""
    begun: list[Any] = []

    def begin(path: str = "/", authorization: str | None = None, **more: Any) -> None:
        headers = {} if authorization is None else {"Authorization": authorization}
        begun.append(app.test_request_context(path, headers=headers, **more))
        begun[-1].push()
        guard.identify()

    yield begin
    for one in reversed(begun):
        one.pop()


@pytest.fixture
def alices(app: Flask, alice: Person) -> Iterator[Caller]:
    """Return alice as a caller, in the application's context."""
    with app.app_context():
        yield guard.from_token(alice.token)


# -- the header -----------------------------------------------------------------------------------


@pytest.mark.parametrize("header", ["Bearer {}", "bearer {}", "BEARER   {} "])
def test_a_bearer_is_known_however_the_scheme_is_written(
    header: str, asked: Asked, alice: Person
) -> None:
    asked("/", header.format(alice.token))
    assert g.caller.user_id == alice.id
    assert g.refusal is None
    assert g.claimed == alice.id


def test_who_sends_nothing_is_nobody_and_not_refused(asked: Asked) -> None:
    asked("/")
    assert (g.caller, g.refusal) == (None, None)


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic {}", "{}"])
def test_what_is_no_bearer_is_noted_as_refused(header: str, asked: Asked, alice: Person) -> None:
    asked("/", header.format(alice.token))
    assert g.caller is None
    assert isinstance(g.refusal, Unauthorized)
    assert "`Bearer <access token>`" in g.refusal.detail


def test_a_token_that_expired_is_noted_as_that(asked: Asked, app: Flask, alice: Person) -> None:
    asked("/", f"Bearer {token_for(app, alice, -HOUR)}")
    assert g.caller is None
    assert isinstance(g.refusal, TokenExpired)


def test_of_an_expired_token_whose_session_has_ended_the_end_is_told(
    asked: Asked, app: Flask, alice: Person
) -> None:
    """A fresh token would not help, and none could be had."""
    expired = token_for(app, alice, -HOUR)
    ok(alice.post("/auth/logout"))
    asked("/", f"Bearer {expired}")
    assert isinstance(g.refusal, SessionEnded)


def test_of_an_ended_session_who_came_with_it_is_known_to_the_log(
    asked: Asked, alice: Person
) -> None:
    ok(alice.post("/auth/logout"))
    asked("/", f"Bearer {alice.token}")
    assert (g.caller, g.claimed) == (None, alice.id)


# -- the person -----------------------------------------------------------------------------------


def test_a_caller_is_who_the_database_has(alices: Caller, alice: Person, ada: Person) -> None:
    claims = read_access_token(alice.token)
    who = Caller(
        alice.id,
        claims.session_id,
        "Alice",
        alice.email,
        is_admin=False,
        token_expires=claims.expires,
    )
    assert alices == who
    assert guard.from_token(ada.token).is_admin


def changed(model: Any, key: int, **values: Any) -> None:
    """Change a row in passing, so that nothing that is remembered hears of it."""
    db.session.execute(update(model).where(model.id == key).values(values))


def test_under_the_lock_nothing_remembered_counts(alices: Caller) -> None:
    assert guard.recheck(alices) == alices
    changed(User, alices.user_id, name="Alicia")
    assert guard.recheck(alices, db.session.connection()).name == "Alicia"
    db.session.rollback()


@pytest.mark.parametrize(
    ("model", "values", "refusal"),
    [
        (User, {"disabled_at": utcnow()}, Disabled),
        (Session, {"revoked_at": utcnow()}, SessionEnded),
        (Session, {"expires_at": utcnow() - HOUR}, SessionEnded),
        (Session, {"user_id": 1}, SessionEnded),
    ],
    ids=["disabled", "revoked", "run out", "another's"],
)
def test_who_may_no_longer_is_refused_under_the_lock(
    model: Any, values: dict[str, Any], refusal: type[Exception], alices: Caller
) -> None:
    changed(model, alices.user_id if model is User else alices.session_id, **values)
    with pytest.raises(refusal):
        guard.recheck(alices, db.session.connection())
    db.session.rollback()


def test_a_session_that_is_gone_has_ended(alices: Caller) -> None:
    db.session.execute(delete(Session).where(Session.id == alices.session_id))
    for connection in (None, db.session.connection()):
        with pytest.raises(SessionEnded):
            guard.recheck(replace(alices, user_id=10**6), connection)
        with pytest.raises(SessionEnded):
            guard.recheck(replace(alices, session_id=10**6), connection)
    with pytest.raises(SessionEnded):
        guard.recheck(alices, db.session.connection())
    db.session.rollback()


def test_of_an_account_that_is_disabled_that_is_told_and_not_its_sessions_end(
    alices: Caller,
) -> None:
    changed(User, alices.user_id, disabled_at=utcnow())
    changed(Session, alices.session_id, revoked_at=utcnow())
    with pytest.raises(Disabled):
        guard.recheck(alices, db.session.connection())
    db.session.rollback()


def test_who_must_verify_their_address_comes_in_by_no_socket(app: Flask, alice: Person) -> None:
    app.config["REQUIRE_VERIFIED_EMAIL"] = True
    with app.app_context(), pytest.raises(AddressNotVerified):
        guard.from_token(alice.token)


# -- whoever changes something --------------------------------------------------------------------


@pytest.fixture
def connection(alices: Caller) -> Iterator[Any]:
    yield db.session.connection()
    db.session.rollback()


def test_whoever_writes_is_looked_up_and_goes_on_as_the_same(
    alices: Caller, connection: Any
) -> None:
    act_as(alices)
    guard.recheck_under_lock(connection)
    assert acting() == alices


def test_what_the_service_writes_is_nobodys(connection: Any) -> None:
    act_as(None)
    guard.recheck_under_lock(connection)
    assert acting() is None


def test_whoever_has_lost_their_session_writes_nothing_and_acts_no_more(
    alices: Caller, connection: Any
) -> None:
    act_as(alices)
    changed(Session, alices.session_id, revoked_at=utcnow())
    with pytest.raises(SessionEnded):
        guard.recheck_under_lock(connection)
    assert acting() is None


def test_an_admin_who_was_demoted_writes_nothing(connection: Any, ada: Person) -> None:
    who = guard.from_token(ada.token)
    act_as(who)
    guard.recheck_under_lock(connection)
    changed(User, ada.id, role="user")
    with pytest.raises(NoLongerAdmin):
        guard.recheck_under_lock(connection)
    assert acting() is None


def test_whoever_became_an_admin_meanwhile_writes_as_before(
    alices: Caller, connection: Any
) -> None:
    act_as(alices)
    changed(User, alices.user_id, role="admin")
    guard.recheck_under_lock(connection)
    assert acting() == alices


# -- an address -----------------------------------------------------------------------------------


def test_an_address_with_a_ticket_is_its_buyers(alices: Caller, asked: Asked, bob: Person) -> None:
    ticket, _ = tickets.issue(alices)
    asked(f"/?ticket={ticket}&token={bob.token}", f"Bearer {bob.token}")
    found = guard.from_address()
    assert found is not None
    assert found.user_id == alices.user_id


def test_an_address_with_a_token_is_whose_it_is(asked: Asked, alice: Person, bob: Person) -> None:
    asked(f"/?token={alice.token}", f"Bearer {bob.token}")
    found = guard.from_address()
    assert found is not None
    assert found.user_id == alice.id


def test_without_either_the_header_counts(asked: Asked, bob: Person) -> None:
    asked("/", f"Bearer {bob.token}")
    found = guard.from_address()
    assert found is not None
    assert found.user_id == bob.id
    asked("/")
    assert guard.from_address() is None


@pytest.mark.parametrize("query", ["ticket=made-up", "token=made-up"])
def test_what_is_no_good_in_an_address_is_refused_whatever_the_header_says(
    query: str, asked: Asked, bob: Person
) -> None:
    asked(f"/?{query}", f"Bearer {bob.token}")
    with pytest.raises(Unauthorized) as refusal:
        guard.from_address()
    assert g.refusal is refusal.value


# -- routes ---------------------------------------------------------------------------------------


def view(number: int, *, more: int = 0) -> int:
    return number + more


def test_a_route_for_the_signed_in_lets_them_in_alone(asked: Asked, bob: Person) -> None:
    asked("/", f"Bearer {bob.token}")
    assert guard.login_required(view)(1, more=2) == 3
    asked("/")
    with pytest.raises(Unauthorized):
        guard.login_required(view)(1)


def test_a_route_for_all_refuses_a_bad_token_alone(asked: Asked, bob: Person) -> None:
    for authorization in (f"Bearer {bob.token}", None):
        asked("/", authorization)
        assert guard.login_optional(view)(1, more=2) == 3
    asked("/", "Bearer made-up")
    with pytest.raises(Unauthorized) as refusal:
        guard.login_optional(view)(1)
    assert refusal.value is g.refusal


def test_a_route_for_admins_lets_them_in_alone(asked: Asked, ada: Person, bob: Person) -> None:
    asked("/", f"Bearer {ada.token}")
    assert guard.admin_required(view)(1, more=2) == 3
    asked("/", f"Bearer {bob.token}")
    with pytest.raises(Forbidden):
        guard.admin_required(view)(1)


# -- scopes ---------------------------------------------------------------------------------------


def script(who: Caller, *scopes: str) -> Caller:
    return Caller(
        who.user_id,
        -1,
        who.name,
        who.email,
        is_admin=False,
        token_expires=who.token_expires,
        scopes=frozenset(scopes),
    )


@pytest.mark.parametrize(
    ("area", "write", "wanted"),
    [("tasks", True, "tasks:write"), ("posts", False, "posts:read")],
)
def test_a_script_is_told_which_scope_it_lacks(
    area: str, write: bool, wanted: str, alices: Caller
) -> None:
    with pytest.raises(InsufficientScope) as refusal:
        guard.require_scope(script(alices, "tasks:read"), area, write=write)
    assert refusal.value.detail == f"Your personal token lacks the scope {wanted}."
    assert dict(refusal.value.headers)["WWW-Authenticate"] == (
        f'Bearer realm="collab", error="insufficient_scope", scope="{wanted}"'
    )


def test_what_no_script_may_do_names_no_scope(alices: Caller) -> None:
    with pytest.raises(InsufficientScope) as refusal:
        guard.require_scope(script(alices, "tasks:write"), None, write=False)
    assert refusal.value.detail == "No personal token may do this: log in."
    assert dict(refusal.value.headers)["WWW-Authenticate"] == (
        'Bearer realm="collab", error="insufficient_scope"'
    )


def test_whoever_logged_in_has_every_scope_and_a_script_its_own(alices: Caller) -> None:
    reads, writes = script(alices, "tasks:read"), script(alices, "tasks:write")
    guard.require_scope(alices, None, write=True)
    guard.require_scope(reads, "tasks", write=False)
    guard.require_scope(writes, "tasks", write=True)
    guard.require_scope(writes, "tasks", write=False)
    assert guard.within_scope(alices, None, write=True)
    assert not guard.within_scope(reads, "tasks", write=True)
    assert not guard.within_scope(writes, "projects", write=False)


def test_in_an_address_a_personal_token_must_let_its_bearer_read_there(
    app: Flask, alice: Person
) -> None:
    token = alice.makes_token("tasks:read")["token"]
    with app.app_context():
        assert guard.from_token(token, "tasks").user_id == alice.id
        with pytest.raises(InsufficientScope):
            guard.from_token(token, "projects")


@pytest.fixture
def script_token(alice: Person) -> str:
    """Return the text of a token that may read tasks."""
    text: str = alice.makes_token("tasks:read")["token"]
    return text


def last_use() -> Any:
    return db.session.scalars(select(PersonalToken.last_used_at)).one()


def test_a_script_calls_what_its_scopes_allow_and_the_use_is_noted(
    asked: Asked, alice: Person, script_token: str
) -> None:
    asked("/api/v1/tasks", f"Bearer {script_token}")
    assert (g.caller.user_id, g.claimed) == (alice.id, alice.id)
    assert last_use() is not None


@pytest.mark.parametrize(
    ("path", "method"),
    [("/api/v1/tasks", "POST"), ("/api/v1/posts", "GET"), ("/api/v1/auth/me", "GET"), ("/", "GET")],
    ids=["writing", "another area", "the account", "nowhere"],
)
def test_what_its_scopes_do_not_allow_is_refused_and_is_no_use(
    path: str, method: str, asked: Asked, alice: Person, script_token: str
) -> None:
    asked(path, f"Bearer {script_token}", method=method)
    assert isinstance(g.refusal, InsufficientScope)
    assert (g.caller, g.claimed) == (None, alice.id)
    assert last_use() is None


def test_a_script_is_looked_up_again_as_its_token_is_now(app: Flask, script_token: str) -> None:
    with app.app_context():
        who = guard.from_token(script_token, "tasks")
        assert guard.recheck(who) == who
        db.session.execute(update(PersonalToken).values(scope="posts:read"))
        assert guard.recheck(who, db.session.connection()).scopes == {"posts:read"}
        db.session.rollback()


# -- what is told of routes, and what is built in -------------------------------------------------


def test_routes_say_whom_they_are_for() -> None:
    assert traits_of(guard.login_required(lambda: None)) == {Trait.SIGNED_IN}
    assert traits_of(guard.admin_required(lambda: None)) == {Trait.SIGNED_IN, Trait.ADMINS}
    assert traits_of(guard.login_optional(lambda: None)) == set()


def test_whoever_takes_the_writers_lock_is_looked_up(alices: Caller) -> None:
    act_as(None)
    changed(Session, alices.session_id, revoked_at=utcnow())
    db.session.commit()
    act_as(alices)
    with pytest.raises(SessionEnded):
        take_write_lock()
    db.session.rollback()
