"""Signing in with another service: to which account it leads, and what it asks for first."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from collab.auth.models import User
from collab.core.models import utcnow
from collab.core.text.addresses import canonical
from collab.extensions import db

from ..support.factors import enrols, finishes
from ..support.openid import HTML, begin, come_back, fragment
from ..support.people import PASSWORD, ok


def signs_in(http, fake, name="google", **more):
    """Go to a provider and come back as a program does."""
    state = begin(http, name, fake)["state"]
    if name == "google":
        more = {"iss": fake.url} | more
    return come_back(http, name, state, **more)


@pytest.fixture
def is_verified(app):
    """Return a way to look whether we hold an account's address verified."""

    def look(email):
        with app.app_context():
            query = select(User.email_verified_at).where(User.email == email)
            return db.session.scalar(query) is not None

    return look


def test_whoever_has_no_account_gets_one_with_a_verified_address(http, google, is_verified):
    google.claims = {"name": "Dora Elsewhere"}
    body = ok(signs_in(http, google))
    assert (body["user"]["email"], body["user"]["name"]) == ("dora@example.com", "Dora Elsewhere")
    assert is_verified("dora@example.com")
    me = http.get("/auth/me", headers={"Authorization": f"Bearer {body['access_token']}"})
    assert ok(me)["id"] == body["user"]["id"]


def test_the_same_person_comes_back_to_the_same_account_whatever_their_address_is_now(http, google):
    first = ok(signs_in(http, google))["user"]["id"]
    google.claims = {"email": "elsewhere@example.com"}
    assert ok(signs_in(http, google))["user"]["id"] == first


def test_an_address_that_both_have_verified_leads_to_its_account(http, google, verified):
    google.claims = {"email": "Alice@Example.com"}
    assert ok(signs_in(http, google))["user"]["id"] == verified.id
    assert [one["provider"] for one in identities(verified)] == ["google"]


def identities(person):
    return ok(person.get("/auth/me/identities"))["identities"]


def test_an_unverified_address_of_ours_gains_the_one_who_registered_it_nothing(http, google, alice):
    """Somebody registered with the address beforehand: its owner does not land in that account."""
    google.claims = {"email": "alice@example.com"}
    answer = signs_in(http, google)
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/password-needed")
    assert identities(alice) == []


@pytest.mark.parametrize("said", [False, None, "false", 1, "yes"])
def test_an_unverified_address_of_theirs_takes_over_no_account(http, google, verified, said):
    """Somebody registered at the provider with an address that is not theirs."""
    google.claims = {"email": "alice@example.com", "email_verified": said}
    answer = signs_in(http, google)
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/password-needed")
    assert identities(verified) == []


@pytest.mark.parametrize("email", ["a\u0130lice@example.com", "alice@ex\uff41mple.com"])
def test_letters_that_are_folded_take_over_no_account(http, google, verified, changes, email):
    """What is one address here may be another mailbox there."""
    folded = canonical(email)
    changes(update(User).where(User.id == verified.id).values(email=folded))
    google.claims = {"email": email}
    answer = signs_in(http, google)
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/password-needed")
    assert identities(verified) == []


def test_the_password_links_the_two_once_and_for_all(http, google, alice, is_verified):
    google.claims = {"email": "alice@example.com"}
    proof = signs_in(http, google).json()["proof"]
    sent = {"proof": proof, "password": PASSWORD}
    assert ok(http.post("/auth/login/provider", json=sent))["user"]["id"] == alice.id
    assert is_verified("alice@example.com")
    assert ok(signs_in(http, google))["user"]["id"] == alice.id


def test_a_wrong_password_links_nothing_and_can_be_corrected(http, google, alice, is_verified):
    google.claims = {"email": "alice@example.com", "email_verified": False}
    proof = signs_in(http, google).json()["proof"]
    wrong = http.post("/auth/login/provider", json={"proof": proof, "password": "wrong"})
    assert (wrong.status_code, wrong.json()["type"]) == (401, "/problems/wrong-credentials")
    assert identities(alice) == []
    right = http.post("/auth/login/provider", json={"proof": proof, "password": PASSWORD})
    assert ok(right)["user"]["id"] == alice.id
    assert not is_verified("alice@example.com")


@pytest.mark.parametrize("email", ["new@example.com", "no address", None, 7])
def test_no_account_is_made_for_an_address_that_nobody_vouches_for(http, google, email):
    google.claims = {"email": email, "email_verified": False}
    answer = signs_in(http, google)
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/address-not-vouched")


def test_a_disabled_account_stays_out(http, google, verified, ada):
    google.claims = {"email": "alice@example.com"}
    ok(signs_in(http, google))
    ok(ada.patch(f"/users/{verified.id}", {"disabled": True}))
    answer = signs_in(http, google)
    assert (answer.status_code, answer.json()["type"]) == (401, "/problems/account-disabled")
    refused = ok(ada.get("/audit?type=login.refused"))["items"]
    assert refused[0]["data"]["reason"] == "the account is disabled"


def test_a_disabled_account_is_not_linked_either(http, google, verified, ada, changes):
    changes(update(User).where(User.id == verified.id).values(disabled_at=utcnow()))
    google.claims = {"email": "alice@example.com"}
    assert signs_in(http, google).status_code == 401
    changes(update(User).where(User.id == verified.id).values(disabled_at=None))
    assert identities(verified) == []


def test_the_second_factor_is_asked_for_as_after_a_password(http, google, verified, nobody):
    app = enrols(verified)
    google.claims = {"email": "alice@example.com"}
    answer = signs_in(http, google)
    assert (answer.status_code, answer.json()["type"]) == (401, "/problems/second-factor-required")
    proof = answer.json()["second_factor"]["proof"]
    assert ok(finishes(nobody, proof, code=app.code()))["user"]["id"] == verified.id
    assert [one["provider"] for one in identities(verified)] == ["google"]


def test_a_browser_goes_back_to_the_page_which_signs_it_in_with_a_cookie(http, google):
    state = begin(http, "google", google, return_to="/projects/1")["state"]
    answer = come_back(http, "google", state, headers=HTML, iss=google.url)
    assert answer.headers["Location"].startswith("/sign-in?next=/projects/1#")
    assert answer.headers["Cache-Control"] == "no-store"
    sent = {"proof": fragment(answer)["proof"], "cookie": True}
    signed_in = http.post("/auth/login/provider", json=sent)
    assert "refresh_token" not in ok(signed_in)
    assert "HttpOnly" in signed_in.headers["Set-Cookie"]


def test_the_name_that_a_provider_sends_is_a_line_of_text_or_none(http, google):
    google.claims = {"name": "\u202eevil\nname"}
    assert ok(signs_in(http, google))["user"]["name"] == "dora"


def test_what_the_id_token_leaves_out_is_asked_of_the_users_info(http, google):
    google.claims, google.info = (
        {"email": None, "email_verified": None},
        {
            "email": "dora@example.com",
            "email_verified": "true",
        },
    )
    assert ok(signs_in(http, google))["user"]["email"] == "dora@example.com"


def test_an_address_of_the_users_info_is_not_verified_by_the_id_token(http, google, verified):
    google.claims, google.info = {"email": None}, {"email": "alice@example.com"}
    answer = signs_in(http, google)
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/password-needed")
    assert identities(verified) == []


def test_the_users_info_of_somebody_else_is_refused(http, google):
    google.claims, google.info = {"email": None}, {"sub": "43", "email": "dora@example.com"}
    assert signs_in(http, google).status_code == 502


def test_the_providers_are_listed_for_the_page(http):
    names = {one["name"]: one["label"] for one in ok(http.get("/auth/providers"))["providers"]}
    assert names == {"acme": "Acme", "google": "Google", "github": "GitHub"}


def test_an_account_of_somebody_elses_issuer_is_not_that_of_ours(http, google, github):
    """The same subject at two providers is two people."""
    google.claims = {"sub": "42"}
    first = ok(signs_in(http, google))["user"]["id"]
    github.user = {"id": 42, "login": "other"}
    github.emails = [{"email": "other@example.com", "primary": True, "verified": True}]
    assert ok(signs_in(http, github, "github"))["user"]["id"] != first


def test_the_log_says_by_what_an_identity_was_linked(http, google, verified):
    google.claims = {"email": "Alice@Example.com"}
    ok(signs_in(http, google))
    events = ok(verified.get(f"/events?topic=user:{verified.id}&type=account.identity_linked"))
    assert [one["data"]["by"] for one in events["items"]] == ["address"]
    google.claims = {"sub": "another", "email": "new@example.com"}
    body = ok(signs_in(http, google))
    headers = {"Authorization": f"Bearer {body['access_token']}"}
    query = f"/api/v1/events?topic=user:{body['user']['id']}&type=account.identity_linked"
    mine = ok(http.get(query, headers=headers))["items"]
    assert [one["data"]["by"] for one in mine] == ["registration"]
