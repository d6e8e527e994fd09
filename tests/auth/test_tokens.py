import base64
import json
from datetime import timedelta

import jwt
import pytest
from flask_jwt_extended import create_access_token

from ..conftest import SETTINGS
from ..support.people import ok


def claims_of(token):
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


def test_me_shows_the_account(alice):
    body = ok(alice.get("/auth/me"))

    assert (body["id"], body["email"], body["role"]) == (alice.id, alice.email, "user")


def test_me_can_be_renamed(alice):
    ok(alice.patch("/auth/me", {"name": "Alice A."}))
    assert ok(alice.get("/auth/me"))["name"] == "Alice A."


def test_me_refuses_a_lost_update(alice):
    old = alice.get("/auth/me").headers["ETag"]
    ok(alice.patch("/auth/me", {"name": "One"}))

    answer = alice.patch("/auth/me", {"name": "Two"}, headers={"If-Match": old})

    assert answer.status_code == 412


def test_nobody_makes_themself_an_admin(alice):
    assert alice.patch("/auth/me", {"role": "admin"}).status_code == 422


def test_verify_tells_whose_token_it_is_and_until_when(alice):
    body = ok(alice.get("/auth/verify"))

    assert (body["valid"], body["user_id"], body["role"]) == (True, alice.id, "user")
    assert body["expires_at"].endswith("Z")


def test_an_access_token_lives_as_long_as_the_setting_says(alice):
    claims = claims_of(alice.token)
    assert claims["exp"] - claims["iat"] == 60 * int(SETTINGS["ACCESS_TOKEN_MINUTES"])


def test_an_access_token_says_nothing_private(alice):
    assert alice.email not in json.dumps(claims_of(alice.token))


def forged(**changes):
    def make(token):
        claims = claims_of(token) | changes
        return jwt.encode(claims, SETTINGS["JWT_SECRET_KEY"], algorithm="HS256")

    return make


@pytest.mark.parametrize(
    "spoil",
    [
        lambda token: "",
        lambda token: "garbage",
        lambda token: token[:-2],
        lambda token: jwt.encode(claims_of(token), "x" * 40, algorithm="HS256"),
        lambda token: jwt.encode(claims_of(token), None, algorithm="none"),
        forged(exp=1),
        forged(type="refresh"),
        forged(sid="x"),
        forged(sub="x"),
        forged(sub="1"),
        forged(sid=10**30),
        forged(sid=10**6),
    ],
    ids=[
        "empty",
        "garbage",
        "cut",
        "other key",
        "no signature",
        "expired",
        "wrong type",
        "odd session",
        "odd person",
        "other person",
        "huge session",
        "unknown session",
    ],
)
def test_a_spoilt_token_is_refused_with_401(alice, spoil):
    alice.token = ""
    token = spoil(alice.logs_in().token)

    answer = alice.get("/auth/me", headers={"Authorization": f"Bearer {token}"})

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("header", ["Basic eDp5", "Bearer", "Token abc", "Bearer a b"])
def test_another_kind_of_authorization_is_refused_with_401(nobody, header):
    assert nobody.get("/auth/me", headers={"Authorization": header}).status_code == 401


def test_an_expired_token_is_told_that_it_expired(app, alice):
    claims = claims_of(alice.token)
    with app.app_context():
        token = create_access_token(
            claims["sub"],
            additional_claims={"sid": claims["sid"]},
            expires_delta=timedelta(seconds=-1),
        )

    answer = alice.get("/auth/me", headers={"Authorization": f"Bearer {token}"})

    assert "expired" in answer.json()["detail"]


def test_a_bad_token_does_not_close_what_is_open_to_all(nobody):
    assert nobody.get("/health", headers={"Authorization": "Bearer x"}).status_code == 200


def test_disabled_people_are_refused_at_once_not_when_their_token_runs_out(ada, alice):
    ok(ada.patch(f"/users/{alice.id}", {"disabled": True}))

    answer = alice.get("/auth/me")

    assert answer.status_code == 401
    assert "disabled" in answer.json()["detail"]


def test_somebody_enabled_again_has_to_log_in_anew(ada, alice):
    ok(ada.patch(f"/users/{alice.id}", {"disabled": True}))
    ok(ada.patch(f"/users/{alice.id}", {"disabled": False}))

    assert alice.get("/auth/me").status_code == 401
    assert alice.logs_in().get("/auth/me").status_code == 200


def test_a_demoted_admin_has_no_admins_rights_any_more(ada, alice):
    ok(ada.patch(f"/users/{alice.id}", {"role": "admin"}))
    assert alice.get("/users").status_code == 200
    ok(ada.patch(f"/users/{alice.id}", {"role": "user"}))

    assert alice.get("/users").status_code == 403
