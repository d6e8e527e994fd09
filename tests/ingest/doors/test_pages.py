"""Pages of any origin may send: a write key is no cookie."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from ...conftest import http_for
from ...support.outlets import Outlet
from ...support.people import Person

ORIGIN = {"Origin": "https://shop.example.com"}
ASKED = ORIGIN | {
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization,content-type",
}


@pytest.mark.parametrize("path", ["/api/v1/ingest", "/v1/batch", "/v1/t"])
def test_a_preflight_is_answered(outlet: Outlet, path: str) -> None:
    answer = outlet.http.options(path, headers=ASKED)
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]
    assert "Access-Control-Allow-Credentials" not in answer.headers


def test_answers_can_be_read_also_refusals(outlet: Outlet) -> None:
    for answer in (
        outlet.sends({"event_type": "t"}, **ORIGIN),
        outlet.http.post("/v1/batch", json={}, headers=ORIGIN),
    ):
        assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_other_routes_are_as_closed_as_before(outlet: Outlet) -> None:
    for path in ("/api/v1/ingest/sources", "/api/v1/projects"):
        answer = outlet.http.get(path, headers=ORIGIN)
        assert "Access-Control-Allow-Origin" not in answer.headers


def test_with_origins_of_the_settings_the_header_stands_once(
    make_app: Callable[..., Flask], alice: Person, project: int
) -> None:
    app = make_app(CORS_ORIGINS="https://shop.example.com")
    outlet = Outlet(app, alice.at(http_for(app)), project)
    for path in ("/v1/batch", "/api/v1/ingest"):
        answer = outlet.http.options(path, headers=ASKED)
        assert answer.headers.get_list("Access-Control-Allow-Origin") == ["*"]
