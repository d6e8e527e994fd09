"""What no scope allows, over every route and every door: refused, unless it is open to all."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from flask import Flask

from collab.auth.guard import SAFE_METHODS
from collab.auth.personal_tokens.scopes import AREAS

from ...support.people import Person

BEYOND = "/problems/insufficient-scope"
#: What no token may call, whatever it may otherwise: who somebody is, and what admins do.
NEVER = ("auth", "log-in", "second factors", "personal tokens", "users", "audit", "flags")


def routes(app: Flask) -> Iterator[tuple[str, str, str]]:
    """Yield the method, address and blueprint of every route, with some value in each place."""
    for rule in app.url_map.iter_rules():
        if rule.websocket or rule.endpoint.startswith("web."):
            continue
        address = re.sub(r"<[^>]*>", "1", rule.rule)
        for method in sorted(rule.methods - {"HEAD", "OPTIONS"}):
            yield method, address, rule.endpoint.rpartition(".")[0]


def answered(person: Person, method: str, address: str) -> tuple[int, str]:
    """Send a request without anything, and return its status and the type of its problem."""
    with person.http.stream(
        method, address, headers={"Authorization": f"Bearer {person.token}"} if person.token else {}
    ) as answer:
        if "problem" not in answer.headers.get("Content-Type", ""):
            return answer.status_code, ""
        answer.read()
        return answer.status_code, answer.json()["type"]


def beyond(person: Person, nobody: Person, method: str, address: str) -> str | None:
    """Say what is wrong if a token opens what nobody could call without it."""
    got = answered(person, method, address)
    if got == (403, BEYOND):
        return None
    without = answered(nobody, method, address)
    return None if got == without else f"{method} {address}: {got}, without a token {without}"


@pytest.fixture
def areas(app: Flask) -> dict[str, str]:
    return AREAS.of(app).blueprints


def test_no_token_calls_what_belongs_to_no_area(app, areas, script, nobody, all_scopes):
    person = script(*all_scopes)
    closed = [one for one in routes(app) if one[2] not in areas]
    assert {one[2] for one in closed} >= set(NEVER)
    assert [beyond(person, nobody, *one[:2]) for one in closed] == [None] * len(closed)


def test_a_token_that_lacks_an_area_calls_nothing_of_it(app, areas, script, nobody, all_scopes):
    wrong = []
    for area in sorted(set(areas.values())):
        person = script(*(one for one in all_scopes if one.partition(":")[0] != area))
        mine = [one for one in routes(app) if areas.get(one[2]) == area]
        wrong += [beyond(person, nobody, *one[:2]) for one in mine]
    assert [one for one in wrong if one] == []


def test_a_token_that_reads_everything_changes_nothing(app, areas, script, nobody, all_scopes):
    person = script(*(one for one in all_scopes if one.endswith(":read")))
    changing = [one for one in routes(app) if one[0] not in SAFE_METHODS and one[2] in areas]
    assert len(changing) > 50
    assert [beyond(person, nobody, *one[:2]) for one in changing] == [None] * len(changing)


def test_a_token_with_all_scopes_is_never_refused_for_its_scope_in_an_area(
    app, areas, script, all_scopes
):
    person = script(*all_scopes)
    covered = [one for one in routes(app) if one[2] in areas and one[0] == "GET"]
    refused = [one for one in covered if answered(person, *one[:2])[1] == BEYOND]
    assert refused == []


# -- the live doors -------------------------------------------------------------------------------


def test_a_socket_wants_reading_of_events(alice, script, connect):
    socket = connect(script("events:read"))
    assert socket.ask("subscribe", topic=f"user:{alice.id}")["type"] == "subscribed"


@pytest.mark.parametrize("first", [True, False], ids=["by the address", "by the first message"])
def test_a_socket_is_refused_to_a_token_that_does_not_allow_it(script, connect, first):
    person = script("tasks:write")
    if first:
        assert connect(person).wait_closed().code == 4403
    else:
        socket = connect()
        socket.send("auth", token=person.token)
        assert socket.expect("error")["status"] == 403


def test_a_socket_that_reads_publishes_and_edits_nothing(alice, script, connect, project):
    file = alice.makes_text(project)
    socket = connect(script("events:read", "files:read"))
    topic = {"topic": f"project:{project}"}

    assert socket.ask("file.open", file_id=file)["type"] == "file.opened"
    for kind, members in {
        "activity": topic,
        "publish": topic | {"event": "activity"},
        "typing": topic,
        "cursor.moved": topic,
        "deploy.started": topic,
        "file.edit": {"file_id": file, "base_version": 0, "edits": [{"insert": "x"}]},
    }.items():
        assert socket.ask(kind, **members)["status"] == 403, kind


def test_a_socket_of_events_opens_no_file(alice, script, connect, project):
    socket = connect(script("events:write"))
    assert socket.ask("file.open", file_id=alice.makes_text(project))["status"] == 403


def test_revoking_a_token_ends_its_socket(alice, connect):
    made = alice.makes_token("events:read")
    socket = connect(alice.comes_with(made["token"]))
    assert socket.ask("ping")["type"] == "pong"

    alice.delete(f"/auth/tokens/{made['id']}")

    assert socket.wait_closed().code == 4401


def test_a_stream_wants_reading_of_events(alice, script, follow):
    answer = script("tasks:read").get("/events/stream")
    assert answer.status_code == 403


def test_a_ticket_is_not_sold_to_a_token(script, all_scopes):
    assert script(*all_scopes).post("/auth/ticket").status_code == 403
