import pytest
from sqlalchemy import select

from collab.auth.models import Session
from collab.auth.refreshing.rotation import MAX_RETIRED
from collab.extensions import db

from ..conftest import http_for
from ..support.made_once import made_once
from ..support.people import PASSWORD, Person, ok
from ..support.races import at_once


def refresh(person, token=None):
    return person.post("/auth/refresh", {"refresh_token": token or person.refresh_token})


@made_once
def signed_in(alice):
    """Return the tokens of a session of alice's own."""
    made = alice.logs_in()
    return made.token, made.refresh_token


@pytest.fixture
def session(alice, signed_in):
    """Return alice in a session of her own."""
    return Person("alice", alice.http, alice.id, *signed_in)


def test_gives_new_tokens(session):
    body = ok(refresh(session))

    assert body["refresh_token"] != session.refresh_token
    assert body["user"]["id"] == session.id


def test_the_new_access_token_works(session):
    session.token = ok(refresh(session))["access_token"]
    assert session.get("/auth/me").status_code == 200


def test_refresh_token_in_camel_case_is_accepted(session):
    assert session.post("/auth/refresh", {"refreshToken": session.refresh_token}).status_code == 200


def test_tokens_can_be_traded_on_and_on(session):
    traded = [session.refresh_token]
    for _ in range(4):
        traded.append(ok(refresh(session, traded[-1]))["refresh_token"])
    assert len(set(traded)) == 5


def test_a_token_used_twice_is_refused(session, later):
    ok(refresh(session))
    later(10)
    answer = refresh(session)

    assert answer.status_code == 401
    assert "used before" in answer.json()["detail"]


def test_a_token_used_twice_ends_its_whole_family(session, later):
    fresh = ok(refresh(session))
    later(10)
    refresh(session)

    assert refresh(session, fresh["refresh_token"]).status_code == 401
    session.token = fresh["access_token"]
    assert session.get("/auth/me").status_code == 401


def test_the_end_of_a_family_leaves_other_sessions_alone(session, alice, later):
    ok(refresh(session))
    later(10)
    refresh(session)

    assert alice.get("/auth/me").status_code == 200


# -- within the grace -----------------------------------------------------------------------------


def pair(answer):
    body = ok(answer)
    return body["access_token"], body["refresh_token"]


def test_a_token_used_twice_within_the_grace_gives_the_same_tokens(session, later):
    first = pair(refresh(session))
    later(9)
    again = refresh(session)

    assert pair(again) == first
    assert 0 < again.json()["expires_in"] <= 3600


def test_any_number_at_once_with_one_token_get_the_same_tokens(app, session):
    answers = at_once(app, *[(session, refresh)] * 4)

    (won,) = {pair(answer) for answer in answers}
    session.token = won[0]
    assert session.get("/auth/me").status_code == 200
    ok(refresh(session, won[1]))


def test_another_process_gives_the_same_tokens(session, make_app):
    first = pair(refresh(session))
    with http_for(make_app()) as http:
        assert pair(refresh(session.at(http))) == first


def test_a_late_one_gets_the_newest_tokens(session):
    """What it would get otherwise was traded meanwhile, and would end the session later."""
    _, second = pair(refresh(session))
    newest = pair(refresh(session, second))

    assert pair(refresh(session)) == newest


def test_of_many_rotations_within_the_grace_the_last_ones_are_remembered(app, session):
    token = session.refresh_token
    for _ in range(MAX_RETIRED + 1):
        used, (_, token) = token, pair(refresh(session, token))
    with app.app_context():
        (kept,) = filter(None, db.session.scalars(select(Session.retired)))

    assert len(kept) == MAX_RETIRED
    assert pair(refresh(session, used))[1] == token
    assert refresh(session).status_code == 401


@pytest.mark.parametrize(
    "end",
    [
        lambda session, ada: session.post("/auth/logout"),
        lambda session, ada: session.post("/auth/logout-all"),
        lambda session, ada: ada.patch(f"/users/{session.id}", {"disabled": True}),
    ],
)
def test_within_the_grace_what_has_ended_gives_nothing(session, ada, end):
    ok(refresh(session))
    ok(end(session, ada))

    answer = refresh(session)
    assert answer.status_code == 401
    assert "token" not in answer.json()


def test_a_change_of_password_ends_the_grace_of_other_sessions(session, alice):
    ok(refresh(session))
    ok(alice.post("/auth/password", {"current_password": PASSWORD, "new_password": "a new one 1"}))

    assert refresh(session).status_code == 401


def test_without_a_grace_the_second_use_ends_the_session(session, make_app):
    with http_for(make_app(REFRESH_GRACE_SECONDS="0")) as http:
        fresh = pair(refresh(session.at(http)))
        assert refresh(session.at(http)).status_code == 401
        assert refresh(session.at(http), fresh[1]).status_code == 401


def test_a_clock_that_was_set_back_opens_no_grace(session, later):
    ok(refresh(session))
    later(-3600)
    assert refresh(session).status_code == 401


def test_the_tokens_of_one_session_are_not_given_for_another(app, session, alice):
    """Nor does a row that was copied over another one's give them."""
    other = alice.logs_in()
    pair(refresh(session))
    pair(refresh(other))
    with app.app_context():
        mine, theirs = db.session.scalars(
            select(Session).where(Session.newest_tokens.is_not(None)).order_by(Session.id)
        )
        mine.newest_tokens = theirs.newest_tokens
        db.session.commit()

    assert refresh(session).status_code == 401


def test_the_database_keeps_no_token_in_clear(app, session):
    tokens = pair(refresh(session))
    with app.app_context():
        kept = repr(db.session.execute(select(Session.__table__)).all())

    assert not [one for one in tokens if one in kept or one.split(".")[-1] in kept]


def test_a_refresh_token_hides_its_claims(session):
    """It is a JWE in five parts (RFC 7516), not a JWT whose payload anybody reads."""
    parts = session.refresh_token.split(".")

    assert len(parts) == 5
    assert parts[1] == ""  # alg `dir`: no encrypted key


@pytest.mark.parametrize("token", ["x", "a.b.c.d.e", "a" * 4000])
def test_garbage_is_refused(session, token):
    assert refresh(session, token).status_code == 401


def test_a_forged_token_is_refused(session):
    head, tail = session.refresh_token[:-4], session.refresh_token[-4:]
    assert refresh(session, head + tail[::-1]).status_code == 401


def test_an_access_token_is_no_refresh_token(session):
    assert refresh(session, session.token).status_code == 401


def test_a_refresh_token_opens_nothing(session):
    session.token = session.refresh_token
    assert session.get("/auth/me").status_code == 401


def test_a_disabled_person_gets_no_new_tokens(session, ada):
    ok(ada.patch(f"/users/{session.id}", {"disabled": True}))
    assert refresh(session).status_code == 401


def test_after_logging_out_the_refresh_token_is_dead(session):
    ok(session.post("/auth/logout"))
    assert refresh(session).status_code == 401


def test_a_token_of_another_installation_is_refused(session, make_app):
    other = make_app(JWT_SECRET_KEY="a third secret that only the tests know, long")
    with http_for(other) as http:
        assert refresh(session.at(http)).status_code == 401
