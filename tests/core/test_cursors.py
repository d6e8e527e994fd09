"""A cursor that no list has given out is refused; whatever it holds, it breaks nothing."""

from __future__ import annotations

import base64
import json
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ..support.people import Person
from ..support.problems import pointers, problem


@pytest.fixture
def http(one_for_all: httpx.Client) -> httpx.Client:
    """Call the same application in all of these tests."""
    return one_for_all


def cursor(*members: Any) -> str:
    """Write a cursor by hand, as somebody would who has looked into one."""
    return base64.urlsafe_b64encode(json.dumps(members).encode()).decode().rstrip("=")


FORGED = {
    "garbage": "garbage",
    "one letter": "A",
    "no JSON": base64.urlsafe_b64encode(b"\xff\xfe").decode().rstrip("="),
    "no list": base64.urlsafe_b64encode(b'{"a": 1}').decode().rstrip("="),
    "a number": base64.urlsafe_b64encode(b"5").decode().rstrip("="),
    "too short": cursor("id", 1),
    "too long": cursor("id", 1, 1, 1),
    "deep": base64.urlsafe_b64encode(b"[" * 500 + b"]" * 500).decode().rstrip("="),
    "another sorting": cursor("name", "a", 1),
    "the other direction": cursor("-id", 1, 1),
    "a text for a number": cursor("id", "1", 1),
    "true for a number": cursor("id", True, True),
    "null": cursor("id", None, None),
    "a fraction": cursor("id", 1.5, 1),
    "a huge key": cursor("id", 1, 2**63),
    "a huge value": cursor("id", 2**63, 1),
    "a hugely huge value": cursor("id", 10**300, 1),
    "a negative key": cursor("id", 1, -1),
    "a list": cursor("id", [1], 1),
}


@pytest.mark.parametrize("forged", FORGED.values(), ids=FORGED)
def test_a_forged_cursor_is_400(alice: Person, forged: str) -> None:
    problem(alice.get("/projects", params={"cursor": forged}), 400)


FORGED_TIMES = {
    "no time": "x",
    "a number": 1,
    "no zone": "2026-01-01T00:00:00",
    "before the first year": "0001-01-01T00:00:00+23:59",
    "after the last year": "9999-12-31T23:59:59-23:59",
    "a date": "2026-01-01",
}


@pytest.mark.parametrize("forged", FORGED_TIMES.values(), ids=FORGED_TIMES)
def test_a_forged_time_in_a_cursor_is_400(alice: Person, forged: Any) -> None:
    query = {"sort": "created_at", "cursor": cursor("created_at", forged, 1)}
    problem(alice.get("/projects", params=query), 400)


@pytest.mark.parametrize("text", ["a b", "a+b", "a/b", "a=", "é", "\0", "A" * 1501], ids=repr)
def test_a_text_that_is_no_cursor_is_422(alice: Person, text: str) -> None:
    assert set(pointers(alice.get("/projects", params={"cursor": text}))) == {"#/query/cursor"}


@given(text=st.text(alphabet=st.characters(codec="ascii"), max_size=60))
@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_text_at_all_breaks_a_list(alice: Person, text: str) -> None:
    assert alice.get("/projects", params={"cursor": text}).status_code in (200, 400, 422)
