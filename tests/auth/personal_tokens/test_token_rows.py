"""Personal tokens as rows: what is kept of one, whom it is good for, and when it ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from collab.auth import guard
from collab.auth.accounts import disabling, ways_in
from collab.auth.factors.models import Totp
from collab.auth.models import User
from collab.auth.personal_tokens import lookup, scopes, service, spelling
from collab.auth.personal_tokens.lookup import LAST_USE_AGE, TokenEnded
from collab.auth.personal_tokens.models import PersonalToken
from collab.auth.personal_tokens.service import MAX_TOKENS, TooManyTokens
from collab.auth.personal_tokens.spelling import TOKEN_PREFIX, checksum
from collab.auth.sessions import AddressNotVerified, Disabled, SecondFactorMissing
from collab.core.database import take_write_lock
from collab.core.errors import NotFound, Unprocessable
from collab.core.models import utcnow
from collab.core.security import digest
from collab.core.slots import setting
from collab.core.storage.retention import ROWS_PER_COMMIT
from collab.events.models import EventRow
from collab.extensions import db

from ...support.people import Person

pytestmark = pytest.mark.usefixtures("inside")

HOUR = timedelta(hours=1)


def make(user: User, *wanted: str, name: str = "Script", days: int = 30) -> PersonalToken:
    return service.create(user, name, wanted or ("tasks:read",), days)


def text_of(made: PersonalToken) -> str:
    assert made.token is not None
    return made.token


def changed(made: PersonalToken, **values: Any) -> None:
    """Change a row in passing, so that nothing that is remembered hears of it."""
    which = update(PersonalToken).where(PersonalToken.id == made.id)
    db.session.execute(which.values(values).execution_options(synchronize_session=False))
    db.session.commit()


def told(kind: str) -> list[EventRow]:
    query = select(EventRow).where(EventRow.type == kind).order_by(EventRow.id)
    return list(db.session.scalars(query))


def good(user_id: int) -> list[int]:
    page = service.list_tokens(user_id, sort="id", limit=100, cursor=None)
    return [one.id for one in page.items]


# -- making ---------------------------------------------------------------------------------------


def test_of_a_token_a_digest_is_kept_its_scopes_once_and_its_end(user: User) -> None:
    before = utcnow()
    made = make(user, "tasks:read", "posts:write", "tasks:read", name="Nightly", days=7)
    db.session.rollback()  # it is kept, whatever becomes of the request
    row = db.session.get_one(PersonalToken, made.id, populate_existing=True)
    assert (row.user_id, row.name, row.digest) == (user.id, "Nightly", digest(text_of(made)))
    assert (row.scope, row.scopes) == ("posts:write tasks:read", ["posts:write", "tasks:read"])
    assert before <= row.created_at <= utcnow()
    assert row.expires_at == row.created_at + timedelta(days=7)
    assert (row.last_used_at, row.revoked_at) == (None, None)


def test_a_new_token_is_told_without_its_text(user: User) -> None:
    made = make(user, name="Nightly")
    (row,) = told("account.token_created")
    assert row.actor == user.id
    assert row.data == {
        "user_id": user.id,
        "token_id": made.id,
        "name": "Nightly",
        "scopes": ["tasks:read"],
    }


def test_an_unknown_scope_is_refused_with_its_place_and_one_that_is_like_it(user: User) -> None:
    with pytest.raises(Unprocessable) as refusal:
        make(user, "tasks:read", "task:read")
    assert refusal.value.errors == [
        {"detail": "Unknown scope: did you mean `tasks:read`?", "pointer": "#/scopes/1"}
    ]


def test_a_token_lives_as_long_as_the_setting_lets_it(user: User) -> None:
    most = setting("PERSONAL_TOKEN_DAYS")
    assert make(user, days=most)
    with pytest.raises(Unprocessable) as refusal:
        make(user, days=most + 1)
    assert refusal.value.errors == [
        {"detail": f"Must be at most {most}.", "pointer": "#/expires_in_days"}
    ]


def test_a_person_has_so_many_good_tokens_and_those_that_ended_do_not_count(
    user: User, bob: Person
) -> None:
    first, second, *_ = [make(user) for _ in range(MAX_TOKENS)]
    with pytest.raises(TooManyTokens):
        make(user)
    assert make(db.session.get_one(User, bob.id))
    changed(first, revoked_at=utcnow())
    assert make(user)
    changed(second, expires_at=utcnow())
    assert make(user)
    with pytest.raises(TooManyTokens):
        make(user)


# -- whose it is ----------------------------------------------------------------------------------


def test_a_token_is_its_persons_who_is_no_admin_by_it(ada: Person) -> None:
    made = make(db.session.get_one(User, ada.id), "tasks:read", "posts:read")
    db.session.remove()
    who = lookup.from_text(text_of(made)).who
    assert (who.user_id, who.session_id, who.email) == (ada.id, -made.id, ada.email)
    assert who.name == "Ada"
    assert who.is_admin is False
    assert who.scopes == {"tasks:read", "posts:read"}
    assert who.token_expires == made.expires_at


def ends(made: PersonalToken, refusal: type[Exception], **values: Any) -> None:
    """Check that a change of the token refuses it, to who comes and to who is there."""
    text = text_of(made)
    db.session.remove()
    who = lookup.from_text(text).who
    row = db.session.merge(made)
    for name, value in values.items():
        setattr(row, name, value)
    db.session.commit()
    connection = db.session.connection()
    for again in (
        lambda: lookup.from_text(text),
        lambda: lookup.again(who, None),
        lambda: guard.recheck(who, connection),
    ):
        with pytest.raises(refusal):
            again()


def test_one_that_was_revoked_or_ran_out_is_no_good(user: User) -> None:
    ends(make(user), TokenEnded, revoked_at=utcnow())
    ends(make(db.session.merge(user)), TokenEnded, expires_at=utcnow() - HOUR)


def test_one_that_is_made_up_is_no_good(user: User) -> None:
    for text in (spelling.new(), f"{TOKEN_PREFIX}x", ""):
        with pytest.raises(TokenEnded):
            lookup.from_text(text)


def test_one_of_a_disabled_person_tells_that(user: User) -> None:
    text = text_of(make(user))
    user.disabled_at = utcnow()
    db.session.commit()
    with pytest.raises(Disabled):
        lookup.from_text(text)


def test_where_addresses_must_be_verified_one_of_who_has_not_is_no_good(
    app: Flask, user: User
) -> None:
    text = text_of(make(user))
    app.config["REQUIRE_VERIFIED_EMAIL"] = True
    with pytest.raises(AddressNotVerified):
        lookup.from_text(text)


def test_where_a_second_factor_must_be_one_of_who_has_none_is_no_good(
    app: Flask, user: User
) -> None:
    text = text_of(make(user))
    who = lookup.from_text(text).who
    app.config["REQUIRE_SECOND_FACTOR"] = "all"
    reads: list[Callable[[], object]] = [
        lambda: lookup.from_text(text),
        lambda: lookup.again(who, None),
        lambda: lookup.again(who, db.session.connection()),
    ]
    for read in reads:
        with pytest.raises(SecondFactorMissing):
            read()
    db.session.add(Totp(user_id=user.id, secret="sealed", confirmed_at=utcnow()))
    db.session.commit()
    for read in reads:
        assert read()


def test_one_that_is_gone_is_no_good_to_who_is_there(user: User) -> None:
    who = lookup.from_text(text_of(make(user))).who
    nobody = replace(who, session_id=-(10**6))
    for connection in (None, db.session.connection()):
        with pytest.raises(TokenEnded):
            lookup.again(nobody, connection)


def test_who_is_there_is_looked_up_again(user: User) -> None:
    made = make(user)
    db.session.remove()
    who = lookup.from_text(text_of(made)).who
    assert lookup.again(who, None) == who
    assert lookup.again(who, db.session.connection()) == who


@pytest.mark.sqlite("epoch")
def test_an_open_session_leaves_nothing_remembered(app: Flask, user: User) -> None:
    made = make(user)
    key = digest(text_of(made))
    assert db.session.get(PersonalToken, made.id)
    lookup.from_text(text_of(made))
    assert lookup.KNOWN_TOKENS.here().find(key) is None
    text = text_of(made)
    db.session.remove()
    found = lookup.from_text(text)
    assert lookup.KNOWN_TOKENS.here().find(key) is found
    assert lookup.from_text(text) is found


def last_use(made: PersonalToken) -> Any:
    query = select(PersonalToken.last_used_at).where(PersonalToken.id == made.id)
    return db.session.scalar(query)


def test_when_a_token_was_last_used_is_known_with_it(user: User) -> None:
    made, noted = make(user), utcnow() - HOUR
    changed(made, last_used_at=noted)
    assert lookup.from_text(text_of(made)).last_used_at == noted


def test_a_use_that_can_not_be_noted_refuses_nothing(
    user: User, caplog: pytest.LogCaptureFixture
) -> None:
    made = make(user)
    found = lookup.from_text(text_of(made))
    caplog.set_level("WARNING", lookup.logger.name)
    take_write_lock()  # in a transaction: the change goes with the rollback of what fails
    db.session.connection().exec_driver_sql("ALTER TABLE personal_tokens RENAME TO elsewhere")
    lookup.note_use(found)
    assert "the use of a personal token could not be noted" in caplog.text
    assert found.last_used_at is None
    assert last_use(made) is None


def test_the_use_of_a_token_is_noted_once_an_hour(user: User) -> None:
    made, other = make(user), make(user)
    found = lookup.from_text(text_of(made))
    lookup.note_use(found)
    db.session.rollback()  # it is kept, whatever becomes of the request
    first = last_use(made)
    assert first is not None
    assert first == found.last_used_at
    assert last_use(other) is None
    lookup.note_use(found)
    assert last_use(made) == first
    found.last_used_at = utcnow() - LAST_USE_AGE
    lookup.note_use(found)
    assert last_use(made) > first


# -- its end --------------------------------------------------------------------------------------


def test_a_token_is_revoked_once_by_its_owner_or_an_admin_and_told_with_why(
    user: User, alice: Person, ada: Person
) -> None:
    mine, theirs, other = make(user, name="One"), make(user), make(user)
    owner, admin = guard.from_token(alice.token), guard.from_token(ada.token)
    service.revoke(user.id, mine.id, owner)
    service.revoke(user.id, theirs.id, admin)
    db.session.rollback()  # they have ended, whatever becomes of the request
    assert good(user.id) == [other.id]
    first, second = told("account.token_revoked")
    assert first.data == {
        "user_id": user.id,
        "token_id": mine.id,
        "session_id": -mine.id,
        "name": "One",
        "reason": "revoked by its owner",
    }
    assert (first.actor, second.actor) == (owner.user_id, admin.user_id)
    assert second.data["reason"] == "revoked by an admin"
    with pytest.raises(NotFound):
        service.revoke(user.id, mine.id, owner)


def test_nobody_revokes_anothers_by_its_id(user: User, bob: Person) -> None:
    made = make(user)
    with pytest.raises(NotFound):
        service.revoke(bob.id, made.id, guard.from_token(bob.token))
    assert good(user.id) == [made.id]


def test_those_that_are_good_are_listed_and_to_an_admin_of_somebody_there_is(
    user: User, bob: Person
) -> None:
    over, revoked, first = make(user), make(user), make(user)
    changed(over, expires_at=utcnow() - HOUR)
    changed(revoked, revoked_at=utcnow())
    make(db.session.get_one(User, bob.id))
    assert good(user.id) == [first.id]
    page = service.list_tokens_of(user.id, sort="id", limit=100, cursor=None)
    assert [one.id for one in page.items] == [first.id]
    with pytest.raises(NotFound):
        service.list_tokens_of(10**6, sort="id", limit=100, cursor=None)


def test_they_end_with_the_account_that_is_disabled_and_no_other(
    user: User, bob: Person, ada: Person
) -> None:
    made, theirs = make(user), make(db.session.get_one(User, bob.id))
    assert not disabling.end_some_of(user.id, ada.id)
    db.session.commit()
    assert (good(user.id), good(bob.id)) == ([], [theirs.id])
    (row,) = told("account.token_revoked")
    assert (row.actor, row.data["token_id"]) == (ada.id, made.id)
    assert row.data["reason"] == "account disabled"


def test_what_somebody_else_may_have_made_ends_when_the_owner_is_proved(user: User) -> None:
    make(user)
    user.email_verified_at = utcnow()
    ways_in.owner_proved(user)
    assert len(good(user.id)) == 1
    user.email_verified_at = None
    ways_in.owner_proved(user)
    assert good(user.id) == []
    (row,) = told("account.token_revoked")
    assert (row.actor, row.data["reason"]) == (None, "somebody else may have made it")


def test_ended_tokens_go_when_they_have_been_kept_long_enough(user: User) -> None:
    days = timedelta(days=setting("SESSION_RETENTION_DAYS"))
    row = {"user_id": user.id, "name": "x", "scope": "", "created_at": utcnow()}
    old = [row | {"digest": str(n), "expires_at": utcnow() - days - HOUR} for n in range(501)]
    young = row | {"digest": "young", "expires_at": utcnow() - days + HOUR}
    assert len(old) == ROWS_PER_COMMIT + 1
    db.session.execute(db.insert(PersonalToken), [*old, young])
    db.session.commit()
    assert (service.forget(), service.forget()) == (True, False)
    assert db.session.scalars(select(PersonalToken.digest)).all() == ["young"]


def test_where_ended_ones_are_kept_for_ever_none_goes(app: Flask, user: User) -> None:
    app.config["SESSION_RETENTION_DAYS"] = 0
    made = make(user)
    changed(made, expires_at=utcnow() - timedelta(days=4000))
    assert service.forget() is False
    assert db.session.get(PersonalToken, made.id)


# -- how it is written, and what it may do --------------------------------------------------------


def test_a_token_is_whole_with_its_prefix_its_length_and_its_checksum() -> None:
    made = spelling.new()
    body = made.removeprefix(TOKEN_PREFIX)
    assert made == f"{TOKEN_PREFIX}{body[:32]}{checksum(body[:32])}"
    assert len(body) == 38
    assert spelling.looks_personal(made)
    assert not spelling.looks_personal(body)
    assert spelling.is_whole(made)
    for other in (body, made[:-1], made + "0", made.replace(TOKEN_PREFIX, "collab_pat-")):
        assert not spelling.is_whole(other)


def test_a_checksum_has_six_digits_whatever_it_is_of() -> None:
    assert checksum("") == "000000"
    assert {len(checksum(str(number))) for number in range(50)} == {6}


def test_who_writes_in_an_area_reads_there_too_and_nowhere_else() -> None:
    write, read = frozenset(["tasks:write"]), frozenset(["tasks:read"])
    allowed = [
        scopes.allow(some, area, write=writes)
        for some in (write, read)
        for area in ("tasks", "posts")
        for writes in (True, False)
    ]
    assert allowed == [True, True, False, False, False, True, False, False]


def test_an_area_is_that_of_its_blueprint_and_accounts_are_in_none() -> None:
    assert scopes.area_of("tasks") == "tasks"
    assert [scopes.area_of(one) for one in ("auth", "nothing", "", None)] == [None] * 4


def test_scopes_are_told_with_what_they_allow() -> None:
    found = {one.name: one.meaning for one in scopes.known()}
    meaning = scopes.AREAS.here().meanings
    assert all(meaning.values())
    assert found["tasks:read"] == f"Read {meaning['tasks']}"
    assert found["tasks:write"] == f"Read and change {meaning['tasks']}"
    for area in scopes.AREAS.here().read_only:
        assert f"{area}:read" in found
        assert f"{area}:write" not in found
    assert scopes.AREAS.here().read_only
