"""Every request has an id: the caller's, if it is harmless, else one of ours."""

from __future__ import annotations

import re

import httpx
import pytest


@pytest.fixture
def http(one_for_all: httpx.Client) -> httpx.Client:
    """Call the same application in all of these tests."""
    return one_for_all


def id_of(http: httpx.Client, sent: str | None = None) -> str:
    headers = {} if sent is None else {"X-Request-ID": sent}
    return http.get("/health", headers=headers).headers["X-Request-ID"]


def test_a_request_without_an_id_gets_one(http: httpx.Client) -> None:
    assert re.fullmatch(r"[0-9a-f]{32}", id_of(http))


def test_two_requests_get_two_ids(http: httpx.Client) -> None:
    assert id_of(http) != id_of(http)


@pytest.mark.parametrize("sent", ["a", "0f8e-4b2a", "trace:1.2_3", "x" * 128])
def test_a_harmless_id_is_kept(http: httpx.Client, sent: str) -> None:
    assert id_of(http, sent) == sent


ODD = ["", " ", "a b", "a\tb", "x" * 129, "<script>", 'a"b', "a,b", "a;b", "{}", "%0a", "\x1b[31m"]


@pytest.mark.parametrize("sent", ODD, ids=repr)
def test_an_odd_id_is_replaced(http: httpx.Client, sent: str) -> None:
    assert re.fullmatch(r"[0-9a-f]{32}", id_of(http, sent))


def test_an_id_that_is_not_ascii_is_replaced(wired: httpx.Client) -> None:
    response = wired.get("/health", headers={"X-Request-ID": "é".encode("latin-1")})
    assert re.fullmatch(r"[0-9a-f]{32}", response.headers["X-Request-ID"])


@pytest.mark.parametrize("path", ["/nothing", "/api/v1/projects", "/api/docs", "/api/v1/ws"])
def test_every_kind_of_answer_has_the_id(http: httpx.Client, path: str) -> None:
    response = http.get(path, headers={"X-Request-ID": "mine"})
    assert response.headers["X-Request-ID"] == "mine"
