"""Whoever loses a right loses it at once, on every connection that is open."""

from __future__ import annotations

from typing import Any

import pytest

from collab.realtime.transport.live import LIVE

from ..support.readers import Poller
from ..support.waiting import eventually
from .losing import PROJECT, SESSION, SESSION_ENDS, Scene, remove

#: How a connection ends that may come back with the token it has; all others are 4401.
CODES = {"account.role_changed": 4503}


def seen(events: list[Any]) -> list[int]:
    return [int(event["id"]) for event in events]


# -- sockets --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("way", "kind"), PROJECT)
def test_a_socket_gets_all_of_a_project_up_to_the_row_that_ends_it_and_nothing_after(
    way: Any, kind: str, scene: Scene, connect: Any, server: Any
) -> None:
    socket = connect(scene.bob, project_id=scene.project)
    socket.expect("subscribed")
    scene.loses(way)
    server.drain()
    socket.flush()
    assert seen(socket.events()) == scene.due()


@pytest.mark.parametrize(("way", "kind"), PROJECT)
def test_a_socket_is_told_which_event_took_its_topic(
    way: Any, kind: str, scene: Scene, connect: Any
) -> None:
    socket = connect(scene.bob, project_id=scene.project)
    socket.expect("subscribed")
    scene.loses(way)
    told = socket.expect("unsubscribed")
    assert told == {
        "type": "unsubscribed",
        "topic": f"project:{scene.project}",
        "reason": kind,
    }


@pytest.mark.parametrize(("way", "kind"), SESSION)
def test_a_socket_of_an_ended_session_gets_nothing_after_the_row_that_ends_it(
    way: Any, kind: str, scene: Scene, connect: Any
) -> None:
    socket = connect(scene.bob, project_id=scene.project)
    socket.expect("subscribed")
    scene.loses(way)
    socket.wait_closed()
    assert seen(socket.events()) == scene.due()


@pytest.mark.parametrize(("way", "kind"), SESSION)
def test_a_socket_of_an_ended_session_is_closed_with_a_code_and_the_event(
    way: Any, kind: str, scene: Scene, connect: Any
) -> None:
    socket = connect(scene.bob)
    socket.flush()
    way(scene)
    closed = socket.wait_closed()
    assert (closed.code, closed.reason) == (CODES.get(kind, 4401), kind)


@pytest.mark.parametrize("way", [one.values[0] for one in SESSION[3:5]])
def test_the_session_that_ends_another_one_goes_on(way: Any, scene: Scene, connect: Any) -> None:
    socket = connect(scene.elsewhere)
    socket.flush()
    way(scene)
    assert socket.ask("ping")["type"] == "pong"


# -- streams --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("way", "kind"), [*PROJECT, *SESSION])
def test_a_stream_gets_all_of_a_project_up_to_the_row_that_ends_it_and_nothing_after(
    way: Any, kind: str, scene: Scene, follow: Any
) -> None:
    stream = follow(scene.bob, project_id=scene.project)
    stream.until("subscribed")
    scene.loses(way)
    stream.rest()
    assert seen(stream.events()) == scene.due()


@pytest.mark.parametrize(("way", "kind"), PROJECT)
def test_a_stream_is_told_which_event_took_its_topic_and_ends(
    way: Any, kind: str, scene: Scene, follow: Any
) -> None:
    stream = follow(scene.bob, project_id=scene.project)
    stream.until("subscribed")
    way(scene)
    told, closing = stream.rest()[-2:]
    assert (told.name, told.data["reason"]) == ("unsubscribed", kind)
    assert (closing.name, closing.data["reason"]) == ("closing", kind)


@pytest.mark.parametrize(("way", "kind"), SESSION)
def test_a_stream_of_an_ended_session_is_told_a_code_and_the_event_and_ends(
    way: Any, kind: str, scene: Scene, follow: Any
) -> None:
    stream = follow(scene.bob, project_id=scene.project)
    stream.until("subscribed")
    way(scene)
    closing = stream.rest()[-1]
    assert (closing.name, closing.data) == (
        "closing",
        {"code": CODES.get(kind, 4401), "reason": kind},
    )


def test_a_stream_that_loses_one_of_two_projects_goes_on_with_the_other(
    scene: Scene, follow: Any
) -> None:
    other = scene.alice.makes_project("Other", bob="viewer")
    stream = follow(scene.bob, topic=[f"project:{scene.project}", f"project:{other}"])
    stream.until("subscribed")
    remove(scene)
    stream.until("unsubscribed")
    told = scene.alice.tells(other, n=1)
    assert stream.until("file.changed").id == str(told)


# -- long polls -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("way", "kind"), [*PROJECT, *SESSION_ENDS])
def test_a_long_poller_gets_nothing_after_the_row_that_ends_it(
    way: Any, kind: str, scene: Scene, over: Any, server: Any
) -> None:
    poller = Poller(over(server, scene.bob), scene.project, scene.start)
    with poller:
        scene.loses(way)
    assert poller.ids == scene.due()[: len(poller.ids)]


@pytest.mark.parametrize(("way", "kind"), [*PROJECT, *SESSION_ENDS])
def test_a_long_poll_that_waits_is_refused_when_the_right_is_lost(
    way: Any, kind: str, scene: Scene, over: Any, server: Any
) -> None:
    with Poller(over(server, scene.bob), scene.project, scene.start) as poller:
        eventually(lambda: LIVE.of(scene.app).capacity.used)
        way(scene)
    assert poller.refused == (404 if (way, kind) in [one.values for one in PROJECT] else 401)
