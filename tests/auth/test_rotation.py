"""Trading refresh tokens, by its rows: what a trade writes, who is answered again, what ends."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update

from collab.auth import sessions, tokens
from collab.auth.models import Session, User
from collab.auth.refreshing import cookies, rotation
from collab.auth.refreshing.cookies import NoToken
from collab.auth.refreshing.rotation import MAX_RETIRED, RefreshRefused, RefreshReused
from collab.auth.sessions import Client, Disabled, SignedIn
from collab.core.database import TURNS
from collab.core.http.origin import ForeignPage
from collab.core.models import utcnow
from collab.core.security import digest
from collab.core.slots import setting
from collab.events.models import EventRow
from collab.extensions import db

pytestmark = pytest.mark.usefixtures("inside")

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def settings(app: Flask) -> None:
    app.config["REFRESH_GRACE_SECONDS"] = 600  # no test is as slow


@pytest.fixture
def made(user: User) -> SignedIn:
    """Return the tokens of a new session of alice's."""
    return begun(user)


def begun(user: User) -> SignedIn:
    made = sessions.start(user, Client("192.0.2.7", "a browser"))
    db.session.commit()
    return made


def row_of(made: SignedIn) -> Session:
    claims = tokens.read_refresh_token(made.refresh_token or "")
    assert claims is not None
    return db.session.get_one(Session, claims.session_id, populate_existing=True)


def token_id(made: SignedIn) -> str:
    claims = tokens.read_refresh_token(made.refresh_token or "")
    assert claims is not None
    return claims.token_id


def trade(made: SignedIn) -> SignedIn:
    return rotation.refresh(made.refresh_token or "")


def traded_ago(made: SignedIn, seconds: float) -> None:
    """Let all trades of its session be so many seconds ago."""
    row = row_of(made)
    row.retired = dict.fromkeys(row.retired, time.time() - seconds)
    db.session.commit()


def test_a_trade_gives_tokens_of_the_same_session_and_prolongs_it(made: SignedIn) -> None:
    row = row_of(made)
    row.last_used_at, row.expires_at = utcnow() - DAY, utcnow() + DAY
    db.session.commit()
    before = utcnow()
    fresh = trade(made)
    row = row_of(fresh)
    assert row.id == row_of(made).id
    assert fresh.user.id == made.user.id
    assert tokens.read_access_token(fresh.access_token).session_id == row.id
    assert before <= row.last_used_at <= utcnow()
    assert row.expires_at == row.last_used_at + timedelta(days=setting("REFRESH_TOKEN_DAYS"))


def test_what_was_traded_is_kept_whatever_becomes_of_the_request(made: SignedIn) -> None:
    fresh = trade(made)
    db.session.rollback()
    assert row_of(made).token_digest == digest(token_id(fresh))


def test_a_trade_looks_at_the_session_under_the_lock_and_as_it_is(made: SignedIn) -> None:
    known = row_of(made)
    ended = update(Session).where(Session.id == known.id).values(revoked_at=utcnow())
    db.session.execute(ended.execution_options(synchronize_session=False))
    db.session.commit()
    assert known.revoked_at is None
    with pytest.raises(RefreshRefused):
        trade(made)
    assert TURNS.here().taken


def test_a_trade_notes_digests_alone_of_the_old_and_the_new_token(made: SignedIn) -> None:
    before = time.time()
    fresh = trade(made)
    row = row_of(fresh)
    assert row.token_digest == digest(token_id(fresh))
    assert row.retired.keys() == {digest(token_id(made))}
    (at,) = row.retired.values()
    assert before - 1 <= at <= time.time() + 1
    pair = fresh.access_token, fresh.refresh_token
    assert tokens.open_pair(row.id, row.newest_tokens or "") == pair


def test_of_very_many_trades_the_last_ones_are_noted_in_their_order(made: SignedIn) -> None:
    used = []
    for _ in range(MAX_RETIRED + 2):
        used.append(digest(token_id(made)))
        made = trade(made)
    assert list(row_of(made).retired) == used[-MAX_RETIRED:]


def test_what_was_traded_before_the_grace_is_noted_no_more(made: SignedIn) -> None:
    fresh = trade(made)
    traded_ago(fresh, setting("REFRESH_GRACE_SECONDS"))
    newest = trade(fresh)
    assert row_of(newest).retired.keys() == {digest(token_id(fresh))}


def test_within_the_grace_the_newest_tokens_are_given_again(made: SignedIn) -> None:
    fresh = trade(made)
    traded_ago(fresh, setting("REFRESH_GRACE_SECONDS") - 300)
    again = trade(made)
    assert (again.access_token, again.refresh_token) == (fresh.access_token, fresh.refresh_token)
    assert again.user.id == made.user.id
    life = 60 * setting("ACCESS_TOKEN_MINUTES")
    assert life - 300 <= again.expires_in <= life
    assert row_of(fresh).revoked_at is None


def test_who_asks_again_at_once_is_given_the_newest_tokens_too(made: SignedIn) -> None:
    fresh = trade(made)
    assert trade(made).refresh_token == fresh.refresh_token


def test_after_the_grace_the_session_ends_and_no_other(user: User, made: SignedIn) -> None:
    other = begun(user)
    fresh = trade(made)
    traded_ago(fresh, setting("REFRESH_GRACE_SECONDS"))
    with pytest.raises(RefreshReused):
        trade(made)
    db.session.rollback()  # it has ended, whatever becomes of the request
    assert row_of(fresh).revoked_at is not None
    assert row_of(other).revoked_at is None
    told = select(EventRow.data).where(EventRow.type == "session.revoked")
    assert [one["reason"] for one in db.session.scalars(told)] == ["refresh token reused"]
    with pytest.raises(RefreshRefused):
        trade(fresh)


def test_where_the_tokens_can_no_longer_be_opened_a_second_use_ends_the_session(
    made: SignedIn,
) -> None:
    fresh = trade(made)
    row_of(fresh).newest_tokens = None
    db.session.commit()
    with pytest.raises(RefreshReused):
        trade(made)


@pytest.mark.parametrize("token", ["", "made up"])
def test_what_is_no_token_is_refused(token: str) -> None:
    with pytest.raises(RefreshRefused):
        rotation.refresh(token)


def test_a_session_that_was_ended_is_gone_or_too_old_gives_nothing(app: Flask, user: User) -> None:
    ended, gone, old = begun(user), begun(user), begun(user)
    row_of(ended).revoked_at = utcnow()
    row_of(old).created_at = utcnow() - timedelta(days=setting("SESSION_DAYS") + 1)
    db.session.delete(row_of(gone))
    db.session.commit()
    for one in (ended, gone, old):
        with pytest.raises(RefreshRefused):
            trade(one)


def test_of_a_disabled_account_that_is_told(user: User, made: SignedIn) -> None:
    user.disabled_at = utcnow()
    db.session.commit()
    with pytest.raises(Disabled):
        trade(made)


# -- the cookie -----------------------------------------------------------------------------------


def taken_away(app: Flask, made: SignedIn) -> dict[str, str]:
    cookie = f"{cookies.COOKIE_NAME}={made.refresh_token}"
    with app.test_request_context("/", headers={"Cookie": cookie}):
        return cookies.after_the_end()


def test_the_cookie_is_taken_away_where_its_session_has_ended(app: Flask, made: SignedIn) -> None:
    assert taken_away(app, made) == {}
    row_of(made).revoked_at = utcnow()
    db.session.commit()
    taken = taken_away(app, made)
    assert taken.keys() == {"Set-Cookie"}
    assert taken["Set-Cookie"].startswith("refresh_token=; Max-Age=0;")


def test_a_cookie_of_another_service_is_left_alone(app: Flask) -> None:
    with app.test_request_context("/", headers={"Cookie": "refresh_token=theirs"}):
        assert cookies.after_the_end() == {}
    with app.test_request_context("/"):
        assert cookies.after_the_end() == {}


def test_with_a_cookie_the_answer_has_no_refresh_token(app: Flask, made: SignedIn) -> None:
    with app.test_request_context("/"):
        plain = cookies.answer(made, 201, cookie=False)
        shown, status, headers = cookies.answer(made, 201, cookie=True)
    assert plain == (made, 201, {"Cache-Control": "no-store"})
    assert (shown.refresh_token, shown.access_token, status) == (None, made.access_token, 201)
    assert headers["Cache-Control"] == "no-store"
    life = setting("REFRESH_TOKEN_DAYS") * 24 * 3600
    written = f"refresh_token={made.refresh_token}; Max-Age={life}; HttpOnly; Path=/api/v1/auth; "
    assert headers["Set-Cookie"] == written + "SameSite=Strict"


def test_over_https_the_cookie_goes_nowhere_else(app: Flask, made: SignedIn) -> None:
    with app.test_request_context("/", base_url="https://collab.test"):
        _, _, headers = cookies.answer(made, 201, cookie=True)
    assert "; Secure;" in headers["Set-Cookie"]


FOREIGN = {"Origin": "http://elsewhere.test"}


def test_a_cookie_is_asked_for_and_sent_by_pages_of_this_service_alone(app: Flask) -> None:
    cookie = {"Cookie": f"{cookies.COOKIE_NAME}=traded"}
    with app.test_request_context("/", headers=cookie):
        assert cookies.asked_for({"cookie": True}) is True
        assert cookies.asked_for({"cookie": False}) is False
        assert cookies.sent() == "traded"
    with app.test_request_context("/", headers=cookie | FOREIGN):
        assert cookies.asked_for({"cookie": False}) is False
        with pytest.raises(ForeignPage):
            cookies.asked_for({"cookie": True})
        with pytest.raises(ForeignPage):
            cookies.sent()


def test_without_a_cookie_that_is_said_to_every_page(app: Flask) -> None:
    with app.test_request_context("/", headers=FOREIGN), pytest.raises(NoToken):
        cookies.sent()
