"""No string may have NUL (U+0000), whichever door it comes through: one rule for all."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab.core.errors import Unprocessable
from collab.core.text.nul import MAX_POINTER_LENGTH, refuse_nul

from ..support.people import Person, ok
from ..support.problems import pointers, problem
from ..support.servers import PLAIN

NUL = "a\x00b"

# -- the rule -------------------------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.integers() | st.text("a\x00\\u0/~", max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text("a\x00\\u0/~", max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)


def has_nul(value: Any) -> bool:
    if isinstance(value, dict):
        return any("\x00" in name or has_nul(one) for name, one in value.items())
    return any(map(has_nul, value)) if isinstance(value, list) else "\x00" in str(value)


def at(pointer: str, value: Any) -> Any:
    """Return what a pointer points at (RFC 6901 §4)."""
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        value = value[int(name) if isinstance(value, list) else name]
    return value


@given(JSON)
def test_what_is_refused_has_nul_and_is_pointed_at(value: Any) -> None:
    for text in (json.dumps(value), json.dumps(value, ensure_ascii=False).encode()):
        try:
            refuse_nul(text, value)
        except Unprocessable as error:
            found = at(error.errors[0]["pointer"], value)
            assert has_nul(list(found) if isinstance(found, dict) else found)
        else:
            assert not has_nul(value)


def test_a_very_long_way_to_it_is_not_repeated() -> None:
    value: Any = NUL
    for _ in range(100):
        value = {"x" * MAX_POINTER_LENGTH: value}
    with pytest.raises(Unprocessable) as raised:
        refuse_nul(json.dumps(value), value)
    assert raised.value.errors == [
        {"detail": "Must not have NUL characters (U+0000).", "pointer": "#"}
    ]


# -- the doors ------------------------------------------------------------------------------------

#: A body, or the members of a message besides its type; and where its NUL is.
PAYLOADS = {
    "a member": ({"payload": {"text": NUL}}, "#/payload/text"),
    "a name": ({"payload": {NUL: 1}}, "#/payload"),
    "deep": ({"payload": {"a/b": [0, {"c": [NUL]}]}}, "#/payload/a~1b/1/c/0"),
}


@pytest.mark.parametrize("kind", ["file_changed", "cursor_moved"])
@pytest.mark.parametrize("name", PAYLOADS)
def test_rest_and_the_socket_refuse_what_is_published(
    kind: str, name: str, bob: Person, project: int, connect: Any
) -> None:
    members, pointer = PAYLOADS[name]
    assert pointers(bob.post("/events", {"type": kind, "project_id": project} | members)) == [
        pointer
    ]
    told = connect(bob, project_id=project).ask(kind, **members)
    assert (told["status"], told["errors"][0]["pointer"]) == (422, pointer)


@pytest.mark.parametrize(
    "message",
    [
        {"type": "publish", "event": NUL, "payload": {}},
        {"type": "subscribe", "topic": NUL},
        {"type": "subscribe", "topics": [NUL]},
        {"type": "subscribe", "topic": "posts", "after": NUL},
        {"type": "unsubscribe", "topic": NUL},
        {"type": "ping", "extra": NUL},
        {"type": "auth", "token": NUL},
        {"type": NUL},
        {"type": "file.edit", "file_id": 1, "base_version": 1, "edits": [{"insert": NUL}]},
    ],
)
def test_every_message_of_a_socket_is_held_to_it(
    message: dict[str, Any], bob: Person, connect: Any
) -> None:
    socket = connect(bob)
    kind = message["type"]
    told = socket.ask(kind, **{name: value for name, value in message.items() if name != "type"})
    assert told["status"] == 422
    assert socket.ask("ping")["type"] == "pong"


def test_a_message_with_what_only_looks_like_it_is_taken(
    bob: Person, project: int, connect: Any
) -> None:
    socket = connect(bob, project_id=project)
    socket.send("activity", payload={"text": "\\u0000"})
    assert socket.expect("activity")["data"] == {"text": "\\u0000"}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/jobs", {"type": "test_echo", "payload": {"value": [NUL]}}),
        ("/tasks", {"title": NUL}),
        ("/posts", {"title": "x", "body": NUL}),
        ("/projects", {"name": "x", NUL: 1}),
    ],
)
def test_a_body_is_held_to_it(path: str, body: Any, alice: Person) -> None:
    answer = problem(alice.post(path, body), 422)
    assert all("\x00" not in one["pointer"] for one in answer["errors"])


def test_settings_are_held_to_it(alice: Person, project: int) -> None:
    body = {"name": "Desk", "settings": {"theme": NUL}}
    assert pointers(alice.post(f"/projects/{project}/workspaces", body)) == ["#/settings/theme"]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/events/stream", "topic"),
        ("/events/stream", "lastEventId"),
        ("/events", "type"),
        ("/presence", "topic"),
        ("/projects", "q"),
        ("/search", "q"),
        ("/tasks", NUL),
    ],
)
def test_an_address_is_held_to_it(path: str, name: str, bob: Person) -> None:
    problem(bob.get(path, params={name: NUL}), 422)


@pytest.mark.parametrize("path", ["/ws?topic=a%00b", "/ws?a%00b=1", "/ws/notifications?after=%00"])
def test_a_handshake_is_held_to_it(path: str, server: Any) -> None:
    handshake = {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    problem(httpx.get(server.url + path, headers=handshake, **PLAIN), 422)


def test_what_is_refused_changes_nothing(bob: Person, project: int) -> None:
    before = ok(bob.get("/events", params={"project_id": project}))["last_id"]
    bob.post("/events", {"type": "file_changed", "project_id": project, "payload": {"a": NUL}})
    assert ok(bob.get("/events", params={"project_id": project}))["last_id"] == before
