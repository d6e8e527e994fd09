"""GitHub speaks OAuth 2.0 alone: who it is comes from two calls of its API."""

from __future__ import annotations

import pytest

from ..support.openid import begin, come_back
from ..support.people import ok


def signs_in(http, github):
    return come_back(http, "github", begin(http, "github", github)["state"])


def test_somebody_signs_in_by_the_number_that_is_theirs_for_good(http, github):
    first = ok(signs_in(http, github))["user"]
    assert (first["email"], first["name"]) == ("dora@example.com", "Dora")
    github.user = {"id": 42, "login": "renamed", "name": None}
    assert ok(signs_in(http, github))["user"]["id"] == first["id"]
    asked = github.asked("/api/v3/user")[0]
    assert asked.headers["authorization"] == "Bearer opaque"


@pytest.mark.parametrize(
    "emails",
    [
        [],
        {"message": "none"},
        [{"email": "alice@example.com", "primary": True, "verified": False}],
        [{"email": "alice@example.com", "primary": False, "verified": True}],
        [{"email": "alice@example.com", "primary": True, "verified": "true"}],
        [{"email": None, "primary": True, "verified": True}, "x", None],
    ],
)
def test_only_the_primary_address_counts_and_only_if_it_is_verified(http, github, verified, emails):
    github.emails = emails
    answer = signs_in(http, github)
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/address-not-vouched")


@pytest.mark.parametrize("user", [{}, [], None, {"id": "42"}, {"id": True}, {"login": "dora"}])
def test_an_answer_that_says_nobody_signs_nobody_in(http, github, user):
    github.user = user
    assert signs_in(http, github).status_code == 502


def test_a_code_that_github_takes_no_more_is_told_as_a_log_in_to_begin_anew(http, github):
    github.token = {"error": "bad_verification_code", "error_description": "secret words"}
    answer = signs_in(http, github)
    assert answer.status_code == 400
    assert "secret words" not in answer.text
