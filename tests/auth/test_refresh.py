import threading

import pytest

from ..support.people import ok


def refresh(person, token=None):
    return person.post("/auth/refresh", {"refresh_token": token or person.refresh_token})


@pytest.fixture
def session(alice):
    """Return alice in a session of her own."""
    return alice.logs_in()


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
    token = session.refresh_token
    for _ in range(4):
        token = ok(refresh(session, token))["refresh_token"]


def test_a_token_used_twice_is_refused(session):
    ok(refresh(session))
    answer = refresh(session)

    assert answer.status_code == 401
    assert "used before" in answer.json()["detail"]


def test_a_token_used_twice_ends_its_whole_family(session):
    fresh = ok(refresh(session))
    refresh(session)

    assert refresh(session, fresh["refresh_token"]).status_code == 401
    session.token = fresh["access_token"]
    assert session.get("/auth/me").status_code == 401


def test_the_end_of_a_family_leaves_other_sessions_alone(session, alice):
    ok(refresh(session))
    refresh(session)

    assert alice.get("/auth/me").status_code == 200


def test_of_two_at_once_with_one_token_one_wins_and_the_family_ends(session):
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(refresh(session))) for _ in range(2)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]

    assert sorted(answer.status_code for answer in answers) == [200, 401]
    won = next(answer.json() for answer in answers if answer.status_code == 200)
    assert refresh(session, won["refresh_token"]).status_code == 401


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
    from ..conftest import http_for

    other = make_app(JWT_SECRET_KEY="a third secret that only the tests know, long")
    with http_for(other) as http:
        assert refresh(session.at(http)).status_code == 401
