"""Whatever is sent: no answer is a 5xx, and every event that was taken is accounted for."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ...support.outlets import Outlet

TYPES = (
    "",
    "application/json",
    "text/plain",
    "application/x-ndjson",
    "application/cloudevents+json",
    "application/cloudevents-batch+json",
    "image/png",
    "application/x-www-form-urlencoded",
)
PATHS = ("/api/v1/ingest", "/v1/batch", "/v1/track", "/v1/i")

JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=12,
)
NAMES = ("event_id", "event_type", "timestamp", "user_id", "data", "metadata", "session_id")
NAMES += ("specversion", "id", "source", "type", "time", "data_base64", "batch", "events")
NAMES += ("messageId", "event", "userId", "context", "properties", "sentAt", "writeKey")
TEXTS = st.sampled_from(["t", "1.0", "track", "2026-01-01T00:00:00Z", "9999-12-31T23:59:59-23:59"])
EVENTS = st.dictionaries(st.sampled_from(NAMES), TEXTS | JSON, max_size=8)
VALUES = EVENTS | st.lists(EVENTS | JSON, max_size=6) | JSON
BODIES = st.one_of(
    VALUES,
    st.lists(EVENTS, max_size=5).map(lambda some: {"batch": some}),
    st.lists(EVENTS | JSON, max_size=5).map(lambda some: {"events": some}),
)
HEADERS = st.dictionaries(
    st.sampled_from(
        ["ce-specversion", "ce-id", "ce-type", "ce-source", "ce-", "ce-x y", "ce-time"]
    ),
    st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12).map(str.strip),
    max_size=4,
)


def mutated(body: bytes, cuts: list[tuple[int, bytes]]) -> bytes:
    """Return a body in which some bytes are replaced."""
    for place, piece in cuts:
        at = place % (len(body) + 1)
        body = body[:at] + piece + body[at + len(piece) :]
    return body


@pytest.fixture(scope="module")
def answered() -> list[int]:
    """Return the statuses that there were."""
    return []


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    value=BODIES,
    cuts=st.lists(st.tuples(st.integers(0, 400), st.binary(max_size=3)), max_size=2),
    media=st.sampled_from(TYPES),
    path=st.sampled_from(PATHS),
    attributes=st.just({}) | HEADERS,
    packed=st.booleans(),
)
def test_nothing_breaks_a_door_and_nothing_is_lost(
    outlet: Outlet,
    answered: list[int],
    value: Any,
    cuts: list[tuple[int, bytes]],
    media: str,
    path: str,
    attributes: dict[str, str],
    packed: bool,
) -> None:
    body = mutated(json.dumps(value).encode(), cuts)
    headers = attributes | ({"Content-Type": media} if media else {})
    if packed:
        body, headers = gzip.compress(body), headers | {"Content-Encoding": "gzip"}
    answer = outlet.sends(body, path, **headers)
    answered.append(answer.status_code)
    assert answer.status_code < 500, answer.text
    told = answer.json()
    assert outlet.is_conserved()
    before = counts(outlet)
    outlet.loads()
    assert outlet.is_conserved()
    stored, duplicate, rejected = (
        now - then for now, then in zip(counts(outlet), before, strict=True)
    )
    if answer.status_code == 202:
        assert rejected >= told["rejected"]
    taken = told.get("accepted", 0) + told.get("rejected", 0)
    assert stored + duplicate + rejected == taken


def counts(outlet: Outlet) -> tuple[int, int, int]:
    rows = outlet.asks("SELECT stored, duplicate, rejected FROM totals")
    return rows[0] if rows else (0, 0, 0)


def test_some_of_it_was_taken_and_some_was_not(answered: list[int]) -> None:
    assert not answered or {200, 202, 400} <= set(answered)
