"""A page's refresh token is in a cookie that no script reads and no other page sends."""

import re

import pytest

from ..conftest import http_for
from ..support.people import BASE, PASSWORD, Person, ok, register

HOST = "http://collab.test"


class Browser(Person):
    """Calls each address by its whole path, which the cookie is for."""

    def request(self, method, path, **options):
        return super().request(method, BASE + path, **options)


@pytest.fixture
def browser(app):
    """Return alice's browser: a client that keeps cookies, signed in to nothing yet."""
    with http_for(app) as http:
        yield Browser("alice", http)


def sign_in(person, **more):
    return person.post("/auth/login", {"email": person.email, "password": PASSWORD, **more})


def refresh(person, json=None, **headers):
    return person.post("/auth/refresh", json, headers=headers)


def sent_back(answer):
    return answer.headers.get("Set-Cookie", "")


@pytest.fixture
def page(browser):
    """Return alice, signed in from a page."""
    browser.token = ok(sign_in(browser, cookie=True))["access_token"]
    return browser


# -- getting it -----------------------------------------------------------------------------------


def test_a_log_in_that_asks_gets_the_refresh_token_in_a_cookie_alone(browser):
    answer = sign_in(browser, cookie=True)

    assert "refresh_token" not in ok(answer)
    cookie = sent_back(answer)
    assert re.match(r"refresh_token=[\w.-]{100,};", cookie)
    attributes = {one.strip() for one in cookie.split(";")[1:]}
    assert attributes == {"HttpOnly", "Max-Age=604800", "Path=/api/v1/auth", "SameSite=Strict"}


def test_over_https_the_cookie_is_secure(browser):
    browser.http.base_url = "https://collab.test"
    assert "; Secure;" in sent_back(sign_in(browser, cookie=True))


def test_registering_gives_the_cookie_too_and_a_repeated_request_gives_it_again(browser):
    account = {"email": "dora@example.com", "password": PASSWORD, "cookie": True}
    key = {"Idempotency-Key": "dora"}
    first = browser.post("/auth/register", account, headers=key)
    again = browser.post("/auth/register", account, headers=key)

    assert "refresh_token" not in ok(first)
    assert sent_back(first) == sent_back(again) != ""


@pytest.mark.parametrize("more", [{}, {"cookie": False}])
def test_whoever_does_not_ask_sees_no_cookie(browser, more):
    answer = sign_in(browser, **more)
    browser.token = answer.json()["access_token"]

    assert answer.json()["refresh_token"]
    assert not sent_back(answer)
    again = refresh(browser, {"refresh_token": answer.json()["refresh_token"]})
    assert ok(again)["refresh_token"]
    assert not sent_back(again)
    assert not sent_back(browser.post("/auth/logout"))


@pytest.mark.parametrize("value", [1, "true", None])
def test_what_is_no_boolean_does_not_ask(browser, value):
    assert sign_in(browser, cookie=value).status_code == 422


# -- trading it -----------------------------------------------------------------------------------


def test_the_cookie_is_traded_for_a_new_one(page):
    before = page.http.cookies["refresh_token"]
    answer = refresh(page)

    assert "refresh_token" not in ok(answer)
    assert page.http.cookies["refresh_token"] != before
    page.token = answer.json()["access_token"]
    assert page.get("/auth/me").status_code == 200
    ok(refresh(page))


def test_two_tabs_that_send_one_cookie_get_the_same_new_one(page):
    token = page.http.cookies["refresh_token"]
    first, second = refresh(page), None
    page.http.cookies.set("refresh_token", token, "collab.test", "/api/v1/auth")
    second = refresh(page)

    assert ok(second)["access_token"] == ok(first)["access_token"]
    assert sent_back(second).split(";")[0] == sent_back(first).split(";")[0]


def test_a_token_in_the_body_wins_and_leaves_the_cookie_alone(page):
    other = Browser("bob", page.http)
    token = ok(sign_in(other))["refresh_token"]
    answer = refresh(page, {"refresh_token": token})

    assert ok(answer)["user"]["email"] == "bob@example.com"
    assert answer.json()["refresh_token"]
    assert not sent_back(answer)


def test_a_spoilt_token_in_the_body_is_not_made_good_by_the_cookie(page):
    assert refresh(page, {"refresh_token": "x"}).status_code == 401
    ok(refresh(page))


@pytest.mark.parametrize("body", [None, {}])
def test_without_any_token_the_answer_says_how_to_send_one(nobody, body):
    answer = refresh(nobody, body)

    assert answer.status_code == 401
    assert "`refresh_token`" in answer.json()["detail"]


@pytest.mark.parametrize("value", ["x", "a.b.c.d.e", "a" * 5000, '"'])
def test_a_forged_cookie_is_refused(nobody, value):
    assert refresh(nobody, Cookie=f"refresh_token={value}").status_code == 401


def test_an_access_token_in_the_cookie_is_refused(nobody, alice):
    assert refresh(nobody, Cookie=f"refresh_token={alice.token}").status_code == 401


def test_the_cookie_signs_in_to_nothing_else(page):
    page.token = ""
    assert page.get("/auth/me").status_code == 401
    assert page.post("/auth/logout").status_code == 401


# -- other pages ----------------------------------------------------------------------------------

FOREIGN = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},  # another port of this host, too
    {"Sec-Fetch-Site": "none"},
    {"Sec-Fetch-Site": "cross-site", "Origin": HOST},
    {"Origin": "https://evil.example"},
    {"Origin": "http://collab.test:8080"},
    {"Origin": "http://collab.test.evil.example"},
    {"Origin": "http://[collab.test"},
    {"Origin": "null"},
    {"Origin": ""},
]


@pytest.mark.parametrize("headers", FOREIGN)
def test_a_page_of_another_origin_can_not_use_the_cookie(page, headers):
    before = page.http.cookies["refresh_token"]
    assert refresh(page, **headers).status_code == 403
    assert page.http.cookies["refresh_token"] == before
    ok(refresh(page))


@pytest.mark.parametrize("headers", FOREIGN)
def test_a_page_of_another_origin_can_not_put_its_own_session_into_the_cookie(browser, headers):
    account = {"email": browser.email, "password": PASSWORD, "cookie": True}
    answer = browser.post("/auth/login", account, headers=headers)
    assert (answer.status_code, sent_back(answer)) == (403, "")


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "same-origin", "Origin": HOST},
        {"Sec-Fetch-Site": "same-origin"},
        {"Origin": HOST},
        {"Origin": "https://collab.test"},  # TLS that a proxy ended
    ],
)
def test_a_page_of_this_service_can(page, headers):
    assert ok(refresh(page, **headers))["access_token"]


# -- the end of it --------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/auth/logout", "/auth/logout-all"])
def test_logging_out_takes_the_cookie_away(page, path):
    answer = page.post(path)

    assert ok(answer) is None
    assert "refresh_token=;" in sent_back(answer)
    assert "Max-Age=0" in sent_back(answer)
    assert refresh(page).status_code == 401


def test_ending_the_session_takes_the_cookie_away(page):
    session = ok(page.get("/auth/verify"))["session_id"]
    assert "Max-Age=0" in sent_back(page.delete(f"/auth/sessions/{session}"))


def test_the_cookie_of_another_person_stays(page, bob):
    bob = Browser("bob", page.http, bob.id, bob.token)
    assert not sent_back(bob.post("/auth/logout"))
    ok(refresh(page))


def test_a_new_password_takes_away_the_cookie_of_a_session_that_it_ends(page, alice):
    new = {"current_password": PASSWORD, "new_password": "another good one"}
    elsewhere = Browser("alice", page.http, alice.id, alice.token)
    assert "Max-Age=0" in sent_back(elsewhere.post("/auth/password", new))


def test_a_new_password_leaves_the_session_that_set_it_signed_in(page):
    new = {"current_password": PASSWORD, "new_password": "another good one"}
    assert not sent_back(page.post("/auth/password", new))
    ok(refresh(page))


def test_a_session_that_was_ended_elsewhere_gives_no_more_tokens_at_once(page, alice):
    ok(refresh(page))
    ok(alice.post("/auth/logout-all"))
    assert refresh(page).status_code == 401


def test_tokens_are_not_logged(make_app, caplog):
    caplog.set_level("DEBUG")
    with http_for(make_app(LOG_LEVEL="debug")) as http:
        caplog.set_level("DEBUG")
        register(http, "dora")
        person = Browser("dora", http)
        person.token = ok(sign_in(person, cookie=True))["access_token"]
        tokens = [person.token, http.cookies["refresh_token"]]
        for headers in ({}, {"Origin": "null"}, {"Cookie": f"refresh_token={person.token}"}):
            refresh(person, **headers)
        person.post("/auth/logout")

    assert "/auth/refresh" in caplog.text
    assert not [one for one in tokens if one.split(".")[-1] in caplog.text]
