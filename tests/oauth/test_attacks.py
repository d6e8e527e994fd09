"""Attacks on log-ins by other services, each with a name (RFC 6819, RFC 9700)."""

from __future__ import annotations

import time
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from joserfc.jwk import ECKey, OctKey

from collab.core.security import digest
from collab.oauth.sealed import State

from ..support.openid import CLIENT_ID, HTML, begin, come_back, fragment, told_by
from ..support.people import PASSWORD, ok

NOT_BEGUN = (400, "/problems/log-in-not-begun-here")
FAILED = (502, "/problems/provider-failed")


def refused(answer):
    """Return the status and type of a refusal."""
    return answer.status_code, answer.json()["type"]


@pytest.fixture
def state(http, google):
    """Return the state of a log-in with Google that was begun in the browser `http`."""
    return begin(http, "google", google)["state"]


# -- state ------------------------------------------------------------------------------------


@pytest.mark.parametrize("sent", ["", "x", "a.b.c.d.e", "eyJhbGciOiJub25lIn0..."])
def test_a_state_that_is_missing_or_made_up_is_refused(http, google, state, sent):
    assert refused(come_back(http, "google", sent, iss=google.url)) == NOT_BEGUN
    assert refused(http.get("/auth/google/callback?code=good")) == NOT_BEGUN
    assert google.asked("/token") == []


@pytest.mark.parametrize("part", [0, 2, 3, 4])
def test_a_state_that_was_changed_is_refused(http, google, state, part):
    parts = state.split(".")
    parts[part] = ("A" if parts[part][0] != "A" else "B") + parts[part][1:]
    assert refused(come_back(http, "google", ".".join(parts), iss=google.url)) == NOT_BEGUN


def test_a_state_is_good_once(http, google, state):
    ok(come_back(http, "google", state, iss=google.url))
    assert refused(come_back(http, "google", state, iss=google.url)) == NOT_BEGUN
    assert len(google.asked("/token")) == 1


def test_a_state_that_failed_is_used_up_too(http, google, state):
    google.token = {"error": "invalid_grant"}
    assert refused(come_back(http, "google", state, iss=google.url)) == NOT_BEGUN
    google.token = {}
    assert refused(come_back(http, "google", state, iss=google.url)) == NOT_BEGUN


def test_login_csrf_somebody_elses_answer_signs_nobody_in(http, google, state, other_browser):
    """The attacker begins, and has the victim's browser finish: it would be signed in as them."""
    assert refused(come_back(other_browser, "google", state, iss=google.url)) == NOT_BEGUN
    begin(other_browser, "google", google)  # and neither does one that has begun a log-in, too
    assert refused(come_back(other_browser, "google", state, iss=google.url)) == NOT_BEGUN
    assert google.asked("/token") == []


def test_a_state_runs_out(app, http, google, state):
    browser = digest(http.cookies["sign-in"])
    told = {"provider": "google", "browser": browser, "return_to": "/", "redirect_uri": "http://x/"}
    with app.app_context():
        old = State(**told, expires=int(time.time()) - 1).sealed()
        assert refused(come_back(http, "google", old, iss=google.url)) == NOT_BEGUN
        new = State(**told, expires=int(time.time()) + 60).sealed()
    google.nonce = google.challenge = ""
    assert refused(come_back(http, "google", new, iss=google.url)) == NOT_BEGUN  # the code is not
    assert len(google.asked("/token")) == 1


def test_a_proof_is_no_state_and_a_state_no_proof(http, google, state):
    answer = come_back(http, "google", state, headers=HTML, iss=google.url)
    proof = fragment(answer)["proof"]
    assert refused(come_back(http, "google", proof, iss=google.url)) == NOT_BEGUN
    other = begin(http, "google", google)["state"]
    assert refused(http.post("/auth/login/provider", json={"proof": other})) == NOT_BEGUN


def test_several_tabs_sign_in_at_once(http, google):
    first = begin(http, "google", google)["state"]
    seen = google.nonce, google.challenge
    second = begin(http, "google", google)["state"]
    ok(come_back(http, "google", second, iss=google.url))
    google.nonce, google.challenge = seen
    ok(come_back(http, "google", first, iss=google.url))


def test_the_cookie_is_short_lived_and_no_scripts_business(http, google):
    written = http.get("/auth/google").headers["Set-Cookie"]
    assert {"HttpOnly", "SameSite=Lax", "Max-Age=600", "Path=/"} <= set(written.split("; "))


def test_over_https_no_other_host_can_set_the_cookie(http, google):
    secure = http.get("https://collab.test/auth/google").headers["Set-Cookie"]
    assert secure.startswith("__Host-sign-in=")
    assert "Secure" in secure.split("; ")


# -- the proof --------------------------------------------------------------------------------


@pytest.fixture
def proof(http, google, state):
    """Return what a browser brings back to the page."""
    return fragment(come_back(http, "google", state, headers=HTML, iss=google.url))["proof"]


def test_a_proof_is_good_once(http, proof):
    ok(http.post("/auth/login/provider", json={"proof": proof}))
    assert refused(http.post("/auth/login/provider", json={"proof": proof})) == NOT_BEGUN


def test_a_proof_from_somebodys_history_is_of_no_use_elsewhere(http, google, proof, other_browser):
    begin(other_browser, "google", google)
    assert refused(other_browser.post("/auth/login/provider", json={"proof": proof})) == NOT_BEGUN


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_no_page_of_another_origin_uses_a_proof(http, proof, site):
    headers = {"Sec-Fetch-Site": site}
    answer = http.post("/auth/login/provider", json={"proof": proof}, headers=headers)
    assert refused(answer) == (403, "/problems/foreign-page")


# -- mix-up -----------------------------------------------------------------------------------


def test_mix_up_another_provider_answers_for_the_one_that_was_asked(http, google, github, state):
    assert refused(come_back(http, "github", state)) == NOT_BEGUN
    assert github.asked("/login/oauth/access_token") == []


@pytest.mark.parametrize("issuer", [None, "", "https://evil.example", "http://127.0.0.1"])
def test_mix_up_an_answer_must_name_the_issuer(http, google, state, issuer):
    """RFC 9207: whoever says that answers name their issuer is held to it."""
    more = {} if issuer is None else {"iss": issuer}
    assert refused(come_back(http, "google", state, **more)) == NOT_BEGUN
    assert google.asked("/token") == []


def test_mix_up_an_error_must_name_the_issuer_too(http, google, state):
    answer = come_back(http, "google", state, error="access_denied", iss="https://evil.example")
    assert refused(answer) == NOT_BEGUN


def test_github_is_not_answered_for_by_another_issuer(http, github):
    state = begin(http, "github", github)["state"]
    assert refused(come_back(http, "github", state, iss="https://evil.example")) == NOT_BEGUN


# -- codes and PKCE ---------------------------------------------------------------------------


def test_the_verifier_is_new_each_time_and_told_only_to_the_token_endpoint(http, google):
    first, second = begin(http, "google", google), begin(http, "google", google)
    assert first["code_challenge_method"] == second["code_challenge_method"] == "S256"
    for name in ("code_challenge", "nonce", "state"):
        assert first[name] != second[name]
    assert "code_verifier" not in first


def test_a_code_that_was_injected_fits_no_verifier(http, google, state):
    """Somebody else's code, in the victim's own log-in (RFC 9700 §4.5)."""
    google.challenge = "that of the log-in that the code belongs to"
    assert refused(come_back(http, "google", state, iss=google.url)) == NOT_BEGUN


@pytest.mark.parametrize("twice", ["code", "state", "iss"])
def test_a_parameter_given_twice_is_refused(http, google, state, twice):
    query = {"state": state, "code": "good", "iss": google.url}
    address = "/auth/google/callback"
    answer = http.get(address, params=[*query.items(), (twice, "other")])
    assert answer.status_code == 422


# -- ID tokens --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [
        {"nonce": "that of another log-in"},
        {"nonce": None},
        {"iss": "https://evil.example"},
        {"iss": None},
        {"aud": "another client"},
        {"aud": None},
        {"aud": "another client", "azp": CLIENT_ID},
        {"aud": [CLIENT_ID, "another"], "azp": "another"},
        {"azp": "another"},
        {"exp": 1},
        {"exp": None},
        {"iat": 4_000_000_000},
        {"sub": None},
        {"sub": ""},
        {"sub": "x" * 256},
        {"sub": 42},
        {"at_hash": "of another token"},
    ],
    ids=lambda one: ",".join(f"{key}={str(value)[:12]}" for key, value in one.items()),
)
def test_an_id_token_with_a_wrong_claim_signs_nobody_in(http, google, state, wrong):
    google.claims = wrong
    assert refused(come_back(http, "google", state, iss=google.url)) == FAILED


def test_an_id_token_that_nobody_signed_is_refused(http, google, state):
    """`alg: none`, though the metadata say that it is supported."""
    google.signer = None
    assert refused(come_back(http, "google", state, iss=google.url)) == FAILED


def test_an_id_token_signed_with_the_clients_secret_is_refused(http, google, state):
    google.signer, google.header = (
        OctKey.import_key("a secret of the tests, long enough"),
        {
            "alg": "HS256",
            "kid": "first",
        },
    )
    assert refused(come_back(http, "google", state, iss=google.url)) == FAILED


def test_an_id_token_of_another_key_with_the_same_name_is_refused(http, google, state):
    google.signer = ECKey.generate_key("P-256", {"kid": "first"})
    assert refused(come_back(http, "google", state, iss=google.url)) == FAILED


def test_a_key_that_was_rotated_is_fetched(http, google, state):
    ok(come_back(http, "google", state, iss=google.url))
    state = begin(http, "google", google)["state"]
    google.key = google.signer = ECKey.generate_key("P-256", {"kid": "second"})
    google.header = {"alg": "ES256", "kid": "second"}
    ok(come_back(http, "google", state, iss=google.url))


@pytest.mark.parametrize("token", [None, 7, "x", "a.b.c"])
def test_an_answer_without_an_id_token_signs_nobody_in(http, google, state, token):
    google.token = {"id_token": token}
    assert refused(come_back(http, "google", state, iss=google.url)) == FAILED


# -- where it leads ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "place",
    [
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "https://evil.example",
        "javascript:alert(1)",
        "/\t/evil.example",
        "/%0d%0aSet-Cookie:x=1\r\n",
        "evil",
        "",
        " /",
        "/#x y",
        "/" + "a" * 300,
    ],
)
def test_open_redirect_no_page_elsewhere_is_returned_to(http, google, place):
    assert http.get("/auth/google", params={"return_to": place}).status_code == 422


@pytest.mark.parametrize("place", ["/", "/projects/1", "/activity?kind=task&x=%2F", "/a/b-c.d"])
def test_pages_of_ours_are_returned_to(http, google, place):
    state = begin(http, "google", google, return_to=place)["state"]
    answer = come_back(http, "google", state, headers=HTML, iss=google.url)
    location = urlsplit(answer.headers["Location"])
    assert (location.netloc, location.path) == ("", "/sign-in")


def test_behind_a_proxy_people_come_back_by_the_public_address(app, http, google):
    app.config["PUBLIC_URL"] = "https://collab.test/"
    told = begin(http, "google", google)
    assert told["redirect_uri"] == "https://collab.test/auth/google/callback"
    app.config["PUBLIC_URL"] = "https://elsewhere.test"
    assert begin(http, "google", google)["redirect_uri"].startswith("http://collab.test/")


def test_the_address_to_come_back_to_is_not_the_callers_choice(http, google):
    told = begin(http, "google", google)
    assert told["redirect_uri"] == "http://collab.test/auth/google/callback"
    answer = http.get("/auth/google?redirect_uri=https://evil.example")
    assert answer.status_code == 422


# -- errors -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "status", "kind"),
    [
        ("access_denied", 403, "provider-declined"),
        ("temporarily_unavailable", 503, "provider-unavailable"),
        ("server_error", 503, "provider-unavailable"),
        ("invalid_scope", 502, "provider-failed"),
        ("<script>alert(1)</script>", 502, "provider-failed"),
    ],
)
def test_an_error_of_the_provider_is_told_in_our_words(http, google, error, status, kind):
    state = begin(http, "google", google, return_to="/posts")["state"]
    told = {"error": error, "error_description": "<b>call 555-0100</b>", "iss": google.url}
    answer = http.get("/auth/google/callback", params={"state": state} | told)
    assert refused(answer) == (status, f"/problems/{kind}")
    assert "call 555-0100" not in answer.text
    state = begin(http, "google", google, return_to="/posts")["state"]
    answer = http.get("/auth/google/callback", params={"state": state} | told, headers=HTML)
    assert fragment(answer) == {"problem": kind, "provider": "google"}
    assert answer.headers["Location"].startswith("/sign-in?next=/posts#")


def test_a_browser_that_began_nothing_is_told_so_by_the_page(http, google):
    answer = come_back(http, "google", "made up", headers=HTML)
    assert fragment(answer)["problem"] == "log-in-not-begun-here"


# -- linking ----------------------------------------------------------------------------------


@pytest.fixture
def linking(alice, http, google):
    """Return a way for somebody to begin to link Google in a browser; gives the state."""

    def begins(person=alice, browser=http):
        answer = person.at(browser).post("/auth/google/link", {"password": PASSWORD})
        return told_by(ok(answer)["authorization_url"], google)["state"]

    return begins


def test_link_csrf_the_victim_finishes_what_the_attacker_began(
    linking, alice, bob, google, other_browser
):
    """Bob would have alice's identity linked to his account, and read what she writes there."""
    state = linking(bob)
    assert refused(come_back(other_browser, "google", state, iss=google.url)) == NOT_BEGUN


def test_link_csrf_the_attackers_identity_is_not_linked_to_the_victim(
    linking, alice, bob, http, google
):
    """A proof belongs to the session that asked for it, even within one browser."""
    proof = come_back(http, "google", linking(bob), iss=google.url).json()["proof"]
    assert refused(alice.post("/auth/me/identities", {"proof": proof})) == NOT_BEGUN
    assert refused(alice.logs_in().post("/auth/me/identities", {"proof": proof})) == NOT_BEGUN


def test_a_proof_for_linking_signs_nobody_in_and_the_other_way_round(
    linking, alice, http, google, state
):
    to_link = come_back(http, "google", linking(), iss=google.url).json()["proof"]
    assert refused(http.post("/auth/login/provider", json={"proof": to_link})) == NOT_BEGUN
    state = begin(http, "google", google)["state"]
    answer = come_back(http, "google", state, headers=HTML, iss=google.url)
    to_sign_in = fragment(answer)["proof"]
    assert refused(alice.post("/auth/me/identities", {"proof": to_sign_in})) == NOT_BEGUN


def test_a_session_that_has_ended_links_nothing(linking, alice, http, google):
    alice = alice.logs_in()
    state = linking(alice)
    proof = come_back(http, "google", state, iss=google.url).json()["proof"]
    ok(alice.post("/auth/logout"))
    assert alice.post("/auth/me/identities", {"proof": proof}).status_code == 401


def test_an_identity_of_another_account_is_not_taken_away(linking, alice, bob, http, google):
    proof = come_back(http, "google", linking(bob), iss=google.url).json()["proof"]
    ok(bob.post("/auth/me/identities", {"proof": proof}))
    proof = come_back(http, "google", linking(), iss=google.url).json()["proof"]
    answer = alice.post("/auth/me/identities", {"proof": proof})
    assert refused(answer) == (409, "/problems/identity-taken")


def test_a_token_alone_links_nothing_a_while_after_the_log_in(alice, age):
    age(since=timedelta(days=2))
    assert refused(alice.post("/auth/google/link")) == (403, "/problems/log-in-not-fresh")
    wrong = alice.post("/auth/google/link", {"password": "wrong"})
    assert refused(wrong) == (401, "/problems/wrong-credentials")
    ok(alice.post("/auth/google/link", {"password": PASSWORD}))
