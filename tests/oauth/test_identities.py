"""The services that sign in to one's account: listed, linked, unlinked, and never the last one."""

from __future__ import annotations

import pytest
from sqlalchemy import func, insert, select, update

from collab.auth.accounts import ways_in
from collab.auth.models import User
from collab.core.database import take_write_lock
from collab.core.models import utcnow
from collab.extensions import db
from collab.oauth import spent
from collab.oauth.models import Identity, SpentLogIn

from ..support.factors import enrols
from ..support.openid import HTML, begin, come_back, fragment, told_by
from ..support.people import PASSWORD, ok


def links(person, fake, name="google", **sent):
    """Link a provider, as a program does; returns the last answer."""
    answer = ok(person.post(f"/auth/{name}/link", {"password": PASSWORD} | sent))
    state = told_by(answer["authorization_url"], fake)["state"]
    more = {"iss": fake.url} if name == "google" else {}
    proof = come_back(person.http, name, state, **more)
    assert proof.status_code == 202, proof.text
    return person.post("/auth/me/identities", {"proof": proof.json()["proof"]})


def of(person):
    return ok(person.get("/auth/me/identities"))


def test_whoever_is_signed_in_links_another_service_and_signs_in_by_it(alice, google, http):
    google.claims = {"email": "other@example.com", "email_verified": False}
    made = links(alice, google)
    assert (made.status_code, made.json()["shown"]) == (201, "other@example.com")
    assert of(alice) == {"has_password": True, "identities": [made.json()]}
    state = begin(http, "google", google)["state"]
    assert ok(come_back(http, "google", state, iss=google.url))["user"]["id"] == alice.id


def test_linking_twice_is_linking_once(alice, google):
    assert links(alice, google).json()["id"] == links(alice, google).json()["id"]
    assert len(of(alice)["identities"]) == 1


def test_what_is_linked_and_unlinked_is_in_the_log(alice, google, ada):
    made = links(alice, google).json()["id"]
    ok(alice.delete(f"/auth/me/identities/{made}"))
    seen = ok(ada.get(f"/audit?actor={alice.id}"))["items"]
    assert {"account.identity_linked", "account.identity_unlinked"} <= {one["type"] for one in seen}


def test_what_was_unlinked_signs_in_no_more(alice, google, http):
    google.claims = {"email": "other@example.com"}
    ok(alice.delete(f"/auth/me/identities/{links(alice, google).json()['id']}"))
    state = begin(http, "google", google)["state"]
    assert ok(come_back(http, "google", state, iss=google.url))["user"]["id"] != alice.id


def test_nobody_unlinks_what_is_another_persons(alice, bob, google):
    made = links(alice, google).json()["id"]
    assert bob.delete(f"/auth/me/identities/{made}").status_code == 404


@pytest.fixture
def only_elsewhere(alice, google, changes):
    """Return alice, who has no password, and the id of the identity that lets her in."""
    made = links(alice, google).json()["id"]
    changes(update(User).where(User.id == alice.id).values(password_hash=""))
    return alice, made


def test_the_last_way_in_stays(only_elsewhere):
    alice, made = only_elsewhere
    answer = alice.delete(f"/auth/me/identities/{made}")
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/last-way-in")
    assert [one["id"] for one in of(alice)["identities"]] == [made]
    ok(alice.post("/auth/password", {"new_password": PASSWORD}))
    ok(alice.delete(f"/auth/me/identities/{made}"))


def test_an_identity_of_a_provider_that_is_not_set_up_any_more_is_no_way_in(
    only_elsewhere, github, changes
):
    alice, made = only_elsewhere
    links(alice, github, "github", password=None)
    gone = {"issuer": "https://gone.example"}
    changes(update(Identity).where(Identity.id != made).values(gone))
    assert alice.delete(f"/auth/me/identities/{made}").status_code == 409


def test_a_person_has_ten_identities_at_most(alice, google, changes):
    known = {"user_id": alice.id, "provider": "acme", "issuer": "https://a.example", "shown": "a"}
    changes(insert(Identity).values([known | {"subject": str(one)} for one in range(9)]))
    assert links(alice, google).status_code == 201
    google.claims = {"sub": "one more"}
    assert links(alice, google).status_code == 409


def test_a_browser_is_sent_to_the_account_page_with_the_proof(alice, google, http):
    answer = ok(alice.post("/auth/google/link", {"password": PASSWORD}))
    state = told_by(answer["authorization_url"], google)["state"]
    back = come_back(http, "google", state, headers=HTML, iss=google.url)
    assert back.headers["Location"].startswith("/account#")
    assert ok(alice.post("/auth/me/identities", {"proof": fragment(back)["proof"]}))["id"]


def test_whoever_proves_the_address_first_closes_what_somebody_else_has_opened(app, alice, google):
    """Somebody registered with alice's address and linked themselves, before she came."""
    links(alice, google)
    enrols(alice)
    token = alice.makes_token("projects:read")["token"]
    owner_proves(app, alice)
    assert of(alice)["identities"] == []
    assert ok(alice.logs_in().get("/auth/me"))["id"] == alice.id  # without a second step
    assert alice.comes_with(token).get("/projects").status_code == 401


def test_of_a_verified_account_all_ways_in_stay(app, verified, google):
    links(verified, google)
    owner_proves(app, verified)
    assert len(of(verified)["identities"]) == 1


def owner_proves(app, person):
    """Do what a new password by mail does."""
    with app.app_context():
        take_write_lock()
        ways_in.owner_proved(db.session.get_one(User, person.id))
        db.session.commit()


def test_what_was_used_up_is_forgotten_when_it_has_expired(app, alice, google, changes):
    def kept():
        with app.app_context():
            spent.forget()
            return db.session.scalar(select(func.count()).select_from(SpentLogIn))

    links(alice, google)
    assert kept() == 2  # the state and the proof
    changes(update(SpentLogIn).values(expires_at=utcnow()))
    assert kept() == 0
