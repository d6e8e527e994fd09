"""Whoever loses a right loses it at once, on every connection that is open."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from collab.events.close_codes import RIGHTS_CHANGED, TOKEN_ENDED
from collab.realtime.transport.live import LIVE

from ..support.readers import Poller
from ..support.sockets import Socket
from ..support.streams import Stream
from ..support.waiting import eventually
from .losing import PROJECT, SESSION, SESSION_ENDS, Scene, change_global_role, remove


def seen(events: list[Any]) -> list[int]:
    return [int(event["id"]) for event in events]


class Doors:
    """Bob's connections of each kind, which follow the project."""

    def __init__(self, socket: Socket, stream: Stream, poller: Poller) -> None:
        self.socket, self.stream, self.poller = socket, stream, poller
        socket.expect("subscribed")
        stream.until("subscribed")


@pytest.fixture
def doors(scene: Scene, connect: Any, follow: Any, over: Any, server: Any) -> Doors:
    poller = Poller(over(server, scene.bob), scene.project, scene.start)
    where = {"project_id": scene.project}
    return Doors(connect(scene.bob, **where), follow(scene.bob, **where), poller)


# -- a project ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("way", "_"), PROJECT)
def test_each_door_gets_all_of_a_project_up_to_the_row_that_ends_it_and_nothing_after(
    way: Any, _: str, scene: Scene, doors: Doors, server: Any
) -> None:
    with doors.poller:
        scene.loses(way)
    server.drain()
    doors.socket.flush()
    assert got(doors) == all_of(scene, doors)


@pytest.mark.parametrize(("way", "kind"), PROJECT)
def test_each_door_is_told_which_event_took_its_project(
    way: Any, kind: str, scene: Scene, doors: Doors
) -> None:
    with waiting(doors, scene):
        way(scene)
    told, closing = doors.stream.rest()[-2:]
    topic = f"project:{scene.project}"
    unsubscribed = {"type": "unsubscribed", "topic": topic, "reason": kind}
    assert doors.socket.expect("unsubscribed") == unsubscribed
    assert (told.name, told.data["reason"]) == ("unsubscribed", kind)
    assert (closing.name, closing.data["reason"]) == ("closing", kind)
    assert doors.poller.refused == 404


def got(doors: Doors) -> dict[str, list[int]]:
    """Return which rows came through each door; a stream is read to its end."""
    doors.stream.rest()
    streamed = seen(doors.stream.events())
    return {
        "socket": seen(doors.socket.events()),
        "stream": streamed,
        "polls": doors.poller.ids,
    }


def all_of(scene: Scene, doors: Doors) -> dict[str, list[int]]:
    """Return which should have come: of those that poll, as many as they have asked for."""
    due = scene.due()
    return {"socket": due, "stream": due, "polls": due[: len(doors.poller.ids)]}


@contextmanager
def waiting(doors: Doors, scene: Scene) -> Iterator[None]:
    """Let the long poll wait within, as the socket and the stream do."""
    with doors.poller:
        eventually(lambda: LIVE.of(scene.app).capacity.used == 3)
        yield


# -- a session ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("way", "_"), SESSION_ENDS)
def test_each_door_of_an_ended_session_gets_nothing_after_the_row_that_ends_it(
    way: Any, _: str, scene: Scene, doors: Doors
) -> None:
    with doors.poller:
        scene.loses(way)
    doors.socket.wait_closed()
    assert got(doors) == all_of(scene, doors)


@pytest.mark.parametrize(("way", "kind"), SESSION_ENDS)
def test_each_door_of_an_ended_session_is_closed_with_a_code_and_the_event(
    way: Any, kind: str, scene: Scene, doors: Doors
) -> None:
    with waiting(doors, scene):
        way(scene)
    closed, closing = doors.socket.wait_closed(), doors.stream.rest()[-1]
    assert (closed.code, closed.reason) == (TOKEN_ENDED, kind)
    assert (closing.name, closing.data) == ("closing", {"code": TOKEN_ENDED, "reason": kind})
    assert doors.poller.refused == 401


def test_another_role_in_the_whole_service_ends_connections_for_now(
    scene: Scene, doors: Doors
) -> None:
    """They are made anew with the token that they have; requests go on with it."""
    scene.loses(change_global_role)
    closed, closing = doors.socket.wait_closed(), doors.stream.rest()[-1]
    assert got(doors) == all_of(scene, doors)
    assert (closed.code, closed.reason) == (RIGHTS_CHANGED, "account.role_changed")
    assert (closing.name, closing.data["code"]) == ("closing", RIGHTS_CHANGED)
    assert closing.data["reason"] == "account.role_changed"


@pytest.mark.parametrize("way", [one.values[0] for one in SESSION[3:5]])
def test_the_session_that_ends_another_one_goes_on(way: Any, scene: Scene, connect: Any) -> None:
    socket = connect(scene.elsewhere)
    socket.flush()
    way(scene)
    assert socket.ask("ping")["type"] == "pong"


# -- one of two -----------------------------------------------------------------------------------


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
