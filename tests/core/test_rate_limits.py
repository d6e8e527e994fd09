"""Requests are counted per person, or per address for who is not signed in."""

from __future__ import annotations

import re
from collections.abc import Callable

import httpx
import pytest
from flask import Flask

from ..conftest import http_for
from ..support.people import Person
from ..support.problems import problem

Limited = Callable[..., httpx.Client]


@pytest.fixture
def limited(make_app: Callable[..., Flask]) -> Limited:
    """Return a maker of clients to an application that takes 3 requests a minute of each."""

    def make(rate: str = "3 per minute", **settings: str) -> httpx.Client:
        return http_for(make_app(RATE_LIMIT=rate, **settings))

    return make


def statuses(person: Person, times: int) -> list[int]:
    return [person.get("/auth/me").status_code for _ in range(times)]


def test_more_than_allowed_is_429(limited: Limited, alice: Person) -> None:
    assert statuses(alice.at(limited()), 5) == [200, 200, 200, 429, 429]


def test_429_is_a_problem(limited: Limited, alice: Person) -> None:
    person = alice.at(limited("1 per minute"))
    person.get("/auth/me")
    problem(person.get("/auth/me"), 429)


def test_429_says_when_to_try_again(limited: Limited, alice: Person) -> None:
    person = alice.at(limited("1 per minute"))
    person.get("/auth/me")
    assert 1 <= int(person.get("/auth/me").headers["Retry-After"]) <= 60


def test_every_answer_says_the_limit(limited: Limited, alice: Person) -> None:
    policy = alice.at(limited()).get("/auth/me").headers["RateLimit-Policy"]
    assert policy == '"default";q=3;w=60'


def test_every_answer_says_what_is_left(limited: Limited, alice: Person) -> None:
    person = alice.at(limited())
    left = [person.get("/auth/me").headers["RateLimit"] for _ in range(4)]
    found = [re.fullmatch(r'"default";r=(\d+);t=(\d+)', one) for one in left]
    assert [one and int(one[1]) for one in found] == [2, 1, 0, 0]


def test_the_seconds_left_are_within_the_window(limited: Limited, alice: Person) -> None:
    header = alice.at(limited()).get("/auth/me").headers["RateLimit"]
    assert 1 <= int(header.rpartition("=")[2]) <= 60


def test_one_person_does_not_use_up_anothers(limited: Limited, alice: Person, bob: Person) -> None:
    http = limited()
    assert statuses(alice.at(http), 4)[-1] == 429
    assert statuses(bob.at(http), 3) == [200, 200, 200]


def test_all_sessions_of_a_person_count_together(limited: Limited, alice: Person) -> None:
    other = alice.logs_in()
    http = limited()
    assert statuses(alice.at(http), 3) + statuses(other.at(http), 1) == [200, 200, 200, 429]


def test_all_addresses_count_together(limited: Limited, alice: Person) -> None:
    person = alice.at(limited())
    paths = ["/projects", "/workspaces", "/auth/me", "/invitations"]
    assert [person.get(path).status_code for path in paths] == [200, 200, 200, 429]


def test_who_is_not_signed_in_is_counted_by_the_address(limited: Limited) -> None:
    http = limited(TRUSTED_PROXIES="1")
    one, other = ({"X-Forwarded-For": f"192.0.2.{number}"} for number in (1, 2))
    answers = [http.get("/api/v1/auth/me", headers=who) for who in (one, one, one, one, other)]
    assert [answer.status_code for answer in answers] == [401, 401, 401, 429, 401]


def test_an_address_can_not_be_made_up(limited: Limited) -> None:
    http = limited()
    made_up = [{"X-Forwarded-For": f"192.0.2.{number}"} for number in range(4)]
    answers = [http.get("/api/v1/auth/me", headers=one) for one in made_up]
    assert answers[-1].status_code == 429


def test_a_token_that_is_no_good_counts_for_the_address(limited: Limited) -> None:
    http = limited()
    tokens = [{"Authorization": f"Bearer {number}"} for number in range(4)]
    answers = [http.get("/api/v1/auth/me", headers=one) for one in tokens]
    assert [answer.status_code for answer in answers] == [401, 401, 401, 429]


def test_a_refused_change_is_not_made(limited: Limited, alice: Person) -> None:
    person = alice.at(limited("1 per minute"))
    for _ in range(2):
        person.post("/projects", {"name": "x"})
    assert len(alice.get("/projects").json()["items"]) == 1


@pytest.mark.parametrize("path", ["/health", "/ready"])
def test_whoever_watches_the_service_is_not_limited(limited: Limited, path: str) -> None:
    http = limited("1 per minute")
    assert {http.get(path).status_code for _ in range(5)} == {200}


PREFLIGHT = {"Origin": "https://a.example", "Access-Control-Request-Method": "GET"}


def preflights(http: httpx.Client, times: int) -> list[int]:
    path = "/api/v1/projects"
    return [http.options(path, headers=PREFLIGHT).status_code for _ in range(times)]


def test_what_a_browser_asks_beforehand_does_not_count(limited: Limited) -> None:
    http = limited("1 per minute")
    assert preflights(http, 3) == [200, 200, 200]
    assert http.get("/api/v1/projects").status_code == 401


def test_what_browsers_ask_beforehand_has_a_limit_for_a_class_behind_one_address(
    limited: Limited, nobody: Person
) -> None:
    http = limited("1 per minute")
    assert set(preflights(http, 30)) == {200}
    problem(http.options("/api/v1/projects", headers=PREFLIGHT), 429)


#: What no route carries out, or none of ours: method, path, headers, body.
UNCOMMON = {
    "an address at which nothing is": ("GET", "/nothing", {}, b""),
    "an address with a slash too many": ("GET", "/api//v1/projects", {}, b""),
    "a method that the address does not take": ("PATCH", "/api/v1/auth/login", {}, b""),
    "a method that nobody knows": ("BREW", "/api/v1/projects", {}, b""),
    "an id that is none": ("GET", "/api/v1/projects/" + "9" * 30, {}, b""),
    "HEAD": ("HEAD", "/api/v1/projects", {}, b""),
    "OPTIONS that are no preflight": ("OPTIONS", "/api/v1/projects", {}, b""),
    "a body that is no JSON": ("POST", "/api/v1/auth/login", {}, b"{"),
    "a body that ends too early": ("POST", "/api/v1/auth/login", {"Content-Length": "9"}, b"{"),
    "a page of the documentation": ("GET", "/api/docs/index.css", {}, b""),
    "a document": ("GET", "/api/openapi.json", {}, b""),
    "the way in": ("GET", "/", {}, b""),
    "a socket's address without a handshake": ("GET", "/ws", {}, b""),
    "a Host that is none": ("GET", "/api/v1/projects", {"Host": "a b/c"}, b""),
}


@pytest.mark.parametrize("what", UNCOMMON)
def test_whatever_reaches_the_application_counts(limited: Limited, what: str) -> None:
    method, path, headers, body = UNCOMMON[what]
    http = limited("2 per minute")
    headers = {"Content-Type": "application/json"} | headers
    found = [
        http.request(method, path, headers=headers, content=body).status_code for _ in range(4)
    ]
    assert (429 in found[:2], found[2:]) == (False, [429, 429])


def test_unknown_addresses_use_up_the_limit_of_those_that_are_known(
    limited: Limited, alice: Person
) -> None:
    person = alice.at(limited("2 per minute"))
    paths = ["/nothing", "/nothing/else", "/auth/me"]
    assert [person.get(path).status_code for path in paths] == [404, 404, 429]


def test_without_a_limit_nothing_is_said_of_one(alice: Person) -> None:
    names = alice.get("/auth/me").headers
    assert not [name for name in names if name.lower().startswith("ratelimit")]
