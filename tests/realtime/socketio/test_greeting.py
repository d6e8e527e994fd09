"""Who has opened a connection of Socket.IO and is not known yet: what they may say, and hear."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from simple_websocket import ConnectionClosed

from collab.core.errors import Unauthorized
from collab.realtime.socketio_door.greeting import CONNECT_PATIENCE_S, Greeting
from collab.realtime.socketio_door.heartbeat import Heartbeat
from collab.realtime.socketio_door.polling import PolledWire
from collab.realtime.socketio_door.sessions import SESSIONS

from ...support.each import each
from ...support.people import Person
from ...support.waiting import eventually

Maker = Callable[..., Any]


def refusal(packet: str) -> dict[str, Any]:
    """Return what a client is told that was not connected."""
    assert packet.startswith("44")
    return dict(json.loads(packet[2:]))


def connects(one: Any, person: Person) -> bool:
    one.post(f"40{json.dumps({'token': person.token})}")
    return any(packet.startswith("40") for packet in one.until("40"))


def test_who_says_goodbye_before_connecting_is_gone(polling: Maker, app: Flask) -> None:
    one = polling()
    one.begin()
    one.post("1")
    assert one.packets() == ["1"]  # who never asks for it is let go of, too, but later
    eventually(lambda: one.sid not in SESSIONS.of(app))


def test_a_sign_of_life_before_connecting_changes_nothing(polling: Maker, bob: Person) -> None:
    one = polling()
    one.begin()
    one.post("3")
    assert connects(one, bob)


def test_another_namespace_is_refused_before_the_main_one_is_connected(
    polling: Maker, bob: Person
) -> None:
    one = polling()
    one.begin()
    one.post("40/admin,")
    assert one.packets() == ['44/admin,{"message":"There is only the main namespace."}']
    assert connects(one, bob)


def test_a_token_that_is_no_text_is_refused_and_named(polling: Maker, bob: Person) -> None:
    one = polling()
    one.begin()
    one.post('40{"token":7}')
    told = refusal(*one.packets())
    assert (told["data"]["status"], told["data"]["errors"]) == (
        422,
        [{"detail": "Must be a string.", "pointer": "#/token"}],
    )
    assert connects(one, bob)


def test_who_names_nobody_is_told_how_to_connect(polling: Maker) -> None:
    one = polling()
    one.begin()
    one.post("40")
    told = refusal(*one.packets())
    assert (told["message"], told["data"]["status"]) == ("Authentication error", 401)
    assert told["data"]["detail"] == "Connect with `auth: {token}`."


def test_a_bad_token_of_the_handshake_is_told_when_they_connect(
    polling: Maker, bob: Person
) -> None:
    one = polling()
    one.http.headers["token"] = "forged"
    one.begin()
    one.post("40")
    assert refusal(*one.packets())["message"] == "Authentication error"
    assert connects(one, bob)


def test_what_is_no_text_ends_who_brings_it(polling: Maker, app: Flask) -> None:
    one = polling()
    one.begin()
    one.http.post("/socket.io/", params=one.query, content=b"\xff")
    eventually(lambda: one.sid not in SESSIONS.of(app))


@each(
    [
        ('["join-project",true]', "#/projectId"),
        ('["join-project",{}]', "#/projectId"),
        ('["leave-project",[1]]', "#/projectId"),
        ('["cursor-move",{"line":1}]', "#/projectId"),
        ('["cursor-move",7]', "#/payload"),
        ('["ping","text"]', "#/payload"),
    ]
)
def test_an_event_that_asks_for_nothing_is_refused_in_its_callback(
    event: str, pointer: str, *, polling: Maker, bob: Person
) -> None:
    one = polling()
    one.begin(bob.token)
    told = one.ask(*json.loads(event))
    assert (told["type"], told["status"]) == ("error", 422)
    assert [each["pointer"] for each in told["errors"]] == [pointer]


def nobody() -> None:
    raise Unauthorized


def test_who_does_not_connect_in_time_is_ended(wire: PolledWire) -> None:
    one = Greeting(wire, b"0", nobody, lambda _: None, Heartbeat(1, time.monotonic), [])
    one.tick()
    assert 0 < one.patience() <= CONNECT_PATIENCE_S
    one._until = time.monotonic()
    with pytest.raises(ConnectionClosed):
        one.tick()
    assert wire.closing
