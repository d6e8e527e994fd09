import base64
import hmac
import json
from datetime import timedelta

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from flask_jwt_extended import create_access_token
from jwt.algorithms import RSAAlgorithm

from ..conftest import SETTINGS
from ..support.authenticator import Authenticator, text_of
from ..support.factors import asked
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
    # Whoever sent none is told of no token (RFC 6750 §3.1).
    error = ', error="invalid_token"' if token else ""
    assert answer.headers["WWW-Authenticate"] == f'Bearer realm="collab"{error}'


def signed_by(key, algorithm, **headers):
    return lambda token: jwt.encode(claims_of(token), key, algorithm, headers or None)


RSA_KEY = rsa.generate_private_key(65537, 2048)
PUBLIC_PEM = RSA_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def by_the_public_key(token):
    """Sign by HMAC with a public key, as a verifier that mixes the two up would check."""
    head, body = ({"alg": "HS256", "typ": "JWT"}, claims_of(token))
    parts = [text_of(json.dumps(one).encode()) for one in (head, body)]
    signature = hmac.digest(PUBLIC_PEM, ".".join(parts).encode(), "sha256")
    return ".".join([*parts, text_of(signature)])


@pytest.mark.parametrize(
    "attack",
    [
        signed_by(None, "none"),
        signed_by(RSA_KEY, "RS256"),
        by_the_public_key,
        signed_by("x" * 64, "HS512"),
        signed_by("x" * 32, "HS256", kid="/dev/null"),
        signed_by("x" * 32, "HS256", kid="' UNION SELECT 'x' --"),
        signed_by(RSA_KEY, "RS256", jku="https://evil.test/keys.json"),
        signed_by(RSA_KEY, "RS256", jwk=json.loads(RSAAlgorithm.to_jwk(RSA_KEY.public_key()))),
        signed_by(RSA_KEY, "RS256", x5u="https://evil.test/chain.pem"),
        lambda token: ".".join([*token.split(".")[:2], ""]),
        lambda token: "eyJhbGciOiJOb05lIn0." + token.split(".")[1] + ".",
    ],
    ids=[
        "none",
        "another algorithm",
        "public key as secret",
        "another HMAC",
        "kid is a path",
        "kid is SQL",
        "jku",
        "jwk",
        "x5u",
        "signature cut off",
        "NoNe",
    ],
)
def test_a_token_that_names_its_own_key_or_algorithm_is_refused(alice, attack):
    answer = alice.comes_with(attack(alice.token)).get("/auth/me")

    assert answer.status_code == 401
    assert answer.json()["type"] == "/problems/not-signed-in"


class TestPurposes:
    """Each token is good for what it was made for, and nothing else."""

    @pytest.fixture
    def made(self, alice, nobody):
        """Return one of each kind, all good, all of one person."""
        proof = Authenticator()
        session = alice.logs_in()
        kinds = {
            "access token": session.token,
            "refresh token": session.refresh_token,
            "ticket": ok(session.post("/auth/ticket"))["ticket"],
            "personal token": alice.makes_token("tasks:read")["token"],
        }
        proof.is_added_by(alice)
        asked_for = asked(nobody, alice)
        challenge = asked_for["passkey"]["challenge"]
        sealed = base64.urlsafe_b64decode(challenge + "=" * (-len(challenge) % 4)).decode()
        return kinds | {"proof": asked_for["proof"], "challenge": sealed}

    def test_only_an_access_token_is_one(self, alice, made):
        answered = {
            kind: alice.comes_with(token).get("/auth/me").status_code
            for kind, token in made.items()
        }
        assert answered.pop("access token") == 200
        assert answered.pop("personal token") == 403
        assert set(answered.values()) == {401}

    def test_only_a_refresh_token_is_traded(self, nobody, made):
        answered = {
            kind: nobody.post("/auth/refresh", {"refresh_token": token}).status_code
            for kind, token in made.items()
        }
        assert answered.pop("refresh token") == 200
        assert set(answered.values()) == {401}

    def test_only_a_proof_is_one(self, nobody, made):
        answered = {
            kind: nobody.post(
                "/auth/login/second-factor", {"proof": token, "code": "000000"}
            ).json()["type"]
            for kind, token in made.items()
        }
        assert answered.pop("proof") == "/problems/wrong-code"
        assert set(answered.values()) == {"/problems/proof-refused"}


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
