"""Connections that are polled for: what a hostile or unlucky client may send, and what it gets."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from flask import Flask
from simple_websocket import ConnectionClosed

from collab.auth.guard import from_token
from collab.core.errors import TooManyRequests
from collab.realtime.socketio_door import heartbeat
from collab.realtime.socketio_door.client import Client, Opening
from collab.realtime.socketio_door.heartbeat import Heartbeat
from collab.realtime.socketio_door.polling import MAX_BROUGHT_BYTES, PolledWire
from collab.realtime.socketio_door.recovery import Left, Recovery
from collab.realtime.socketio_door.sessions import SESSIONS
from collab.realtime.transport.frames import text_frame
from collab.realtime.transport.live import LIVE
from collab.realtime.transport.wire import MAX_UNSENT_BYTES

from ...support.each import each
from ...support.people import Person, ok
from ...support.servers import ThreadServer
from ...support.waiting import eventually

Maker = Callable[..., Any]


@each(
    [
        {"EIO": "3"},
        {"transport": "pigeon"},
        {"sid": "unknown"},
        {"j": "0"},
        {"token": "a\0b"},
    ]
)
def test_an_address_that_is_none_of_ours_is_refused(
    query: dict[str, str], *, polling: Maker
) -> None:
    assert polling().get(**query).status_code in (400, 422)


def test_a_second_poll_is_refused_and_the_first_goes_on(
    polling: Maker, bob: Person, app: Flask
) -> None:
    one = polling()
    one.begin(bob.token)
    found: list[list[str]] = []
    first = threading.Thread(target=lambda: found.append(one.packets()))
    first.start()
    eventually(lambda: SESSIONS.of(app)[one.sid].wire.polled)
    other = polling(sid=one.sid)
    assert other.get().status_code == 400
    other.post('42["ping",{}]')
    first.join()
    assert json.loads(found[0][0][2:])[0] == "pong"


def test_a_client_that_breaks_off_its_poll_may_poll_again(polling: Maker, bob: Person) -> None:
    one = polling()
    one.begin(bob.token)
    with pytest.raises(httpx.ReadTimeout):
        one.http.get("/socket.io/", params=one.query, timeout=0.2)
    assert one.ask("ping", {})["type"] == "pong"


@each(["451-[1]", "bAAAA", "47", "hello", '42{"a":1}', "42[1]", '42["a', '42["a","b"]', "6"])
def test_a_packet_that_says_nothing_is_refused_and_the_client_goes_on(
    packet: str, *, polling: Maker, bob: Person
) -> None:
    one = polling()
    one.begin(bob.token)
    one.post(packet)
    (told,) = one.packets()
    assert json.loads(told[2:])[1]["status"] in (400, 422)
    assert one.ask("ping", {})["type"] == "pong"


def test_another_namespace_is_refused_and_the_main_one_goes_on(polling: Maker, bob: Person) -> None:
    one = polling()
    one.begin(bob.token)
    one.post("40/admin,")
    (told,) = one.packets()
    assert told.startswith("44/admin,")
    assert one.ask("ping", {})["type"] == "pong"


def test_nothing_is_done_for_who_has_not_connected(polling: Maker, bob: Person) -> None:
    one = polling()
    one.begin()
    one.post('42["ping",{}]')
    assert "Connect first." in one.until("42")[-1]


def test_a_bad_token_may_be_followed_by_a_good_one(polling: Maker, bob: Person) -> None:
    one = polling()
    (refused,) = one.begin("forged")
    one.post(f"40{json.dumps({'token': bob.token})}")
    (connected,) = one.packets()
    assert json.loads(refused[2:])["message"] == "Authentication error"
    assert json.loads(connected[2:]).keys() == {"sid", "pid"}


def test_a_client_that_says_goodbye_is_gone(polling: Maker, bob: Person, app: Flask) -> None:
    one = polling()
    one.begin(bob.token)
    one.post("41")
    assert one.until("1")[-1] == "1"
    eventually(lambda: LIVE.of(app).capacity.used == 0)


def test_who_polls_no_more_counts_as_gone(wire: PolledWire) -> None:
    beat = Heartbeat(1, lambda: wire.seen_at)
    beat.tick(wire)
    wire.seen_at -= 1 + heartbeat.PATIENCE_S
    with pytest.raises(ConnectionClosed):
        beat.tick(wire)
    assert wire.dead


def test_a_ping_that_is_due_is_nothing_about_the_token(
    app: Flask, wire: PolledWire, bob: Person
) -> None:
    with app.test_request_context():
        who = from_token(bob.token)
        client = Client(wire, who, Opening(), Heartbeat(0))
        assert client.patience() <= 0
        client.tick()
    assert wire.fetch() == b"2"


def test_a_client_that_fetches_nothing_is_cut_off_at_the_bound(wire: PolledWire) -> None:
    for _ in range(MAX_UNSENT_BYTES // 2**16 + 1):
        wire.push(text_frame(b"x" * 2**16))
    assert wire.closing
    assert wire.unsent <= 2**16 + 200


def test_a_client_that_brings_more_than_is_read_is_refused(wire: PolledWire) -> None:
    wire.bring(b"x" * MAX_BROUGHT_BYTES)
    with pytest.raises(TooManyRequests, match="sending too much at once"):
        wire.bring(b"x")
    assert len(wire.read(1)) == MAX_BROUGHT_BYTES
    wire.bring(b"x")


def test_a_flood_of_packets_ends_its_sender(
    serve: Callable[..., ThreadServer], polling: Maker, bob: Person
) -> None:
    one = polling(serve(MESSAGE_RATE="5").url)
    one.begin(bob.token)
    one.post(*['42["ping",{}]'] * 1000)
    one.until("1")
    assert one.get().status_code == 400


def test_a_connection_counts_as_a_live_one(
    serve: Callable[..., ThreadServer], polling: Maker
) -> None:
    url = serve(LIVE_PER_ADDRESS="1").url
    polling(url).begin()
    assert polling(url).get().status_code == 429


def test_polls_are_not_counted_as_requests_but_handshakes_are(
    serve: Callable[..., ThreadServer], polling: Maker, bob: Person
) -> None:
    url = serve(RATE_LIMIT="6 per minute").url
    one = polling(url)
    one.begin(bob.token)
    assert [one.ask("ping", {})["type"] for _ in range(9)] == ["pong"] * 9
    assert 429 in [polling(url).get().status_code for _ in range(9)]


def test_nothing_is_kept_of_connections_that_have_ended(
    polling: Maker, bob: Person, app: Flask
) -> None:
    for _ in range(3):
        one = polling()
        one.begin(bob.token)
        one.post("1")
    eventually(lambda: not SESSIONS.of(app) and not LIVE.of(app).wires)


def test_only_their_own_session_comes_back_and_once(app: Flask) -> None:
    with app.app_context():
        kept = Recovery()
        left = Left(session_id=1, sid="s", topics=["project:1"], at=10**9)
        kept.keep("p", left)
        assert kept.take("p", 2, 0) is None
        assert kept.take("p", 1, 0) is left
        assert kept.take("p", 1, 0) is None


def test_who_comes_back_after_what_was_pruned_is_not_recovered(app: Flask) -> None:
    with app.app_context():
        kept = Recovery()
        kept.keep("p", Left(session_id=1, sid="s", topics=["project:1"], at=10**9))
        assert kept.take("p", 1, 10**12) is None


def test_a_removed_member_gets_nothing_by_polling(
    polling: Maker, server: ThreadServer, alice: Person, bob: Person, project: int
) -> None:
    one = polling(projectId=str(project))
    if not any(packet.startswith('42["subscribed"') for packet in one.begin(bob.token)):
        one.until('42["subscribed"')
    ok(alice.delete(f"/projects/{project}/members/{bob.id}"))
    event = {"type": "activity", "project_id": project, "payload": {}}
    ok(alice.post("/events", json=event))
    server.drain()
    one.post('427["ping",{}]')
    told = one.until("437")
    assert any(packet.startswith('42["unsubscribed"') for packet in told)
    assert not any(packet.startswith('42["activity"') for packet in told)
