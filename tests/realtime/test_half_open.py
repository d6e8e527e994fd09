"""Who is gone without a word is noticed; who is there is there once."""

from __future__ import annotations

from typing import Any

import pytest

from collab.realtime.transport.live import LIVE

from ..support.people import Person, ok
from ..support.raw import PING, PONG, RawSocket
from ..support.readers import Poller
from ..support.waiting import eventually


def present(person: Person, project: int) -> list[int]:
    """Return whom somebody sees in a project."""
    items = ok(person.get("/presence", params={"project_id": project}))["items"]
    return [one["user_id"] for one in items]


@pytest.fixture
def pinging(serve: Any) -> Any:
    """Return a server that pings every second."""
    return serve(PING_SECONDS="1")


@pytest.fixture
def watching(pinging: Any, alice: Person, project: int, connect: Any) -> Any:
    """Return alice's socket; the library answers the pings."""
    socket = connect(alice, url=pinging.url, project_id=project)
    socket.expect("user.joined")
    return socket


def silent_socket(url: str, person: Person, project: int) -> RawSocket:
    """Return somebody's socket, which follows a project and answers no ping."""
    socket = RawSocket(url, token=person.token, project_id=project)
    assert socket.receive()["type"] == "subscribed"
    return socket


# -- half-open ------------------------------------------------------------------------------------


def test_a_client_that_answers_no_ping_is_closed_and_present_no_longer(
    watching: Any, pinging: Any, bob: Person, project: int
) -> None:
    with silent_socket(pinging.url, bob, project) as socket:
        watching.expect("user.joined", actor=bob.id)
        watching.expect("user.left", actor=bob.id)
        assert socket.until_closed()[1] == 4508


def test_a_client_that_answers_pings_stays(pinging: Any, bob: Person, project: int) -> None:
    with silent_socket(pinging.url, bob, project) as socket:
        for _ in range(3):
            opcode, payload = socket.read_frame()
            while opcode != PING:
                opcode, payload = socket.read_frame()
            socket.send_frame(PONG, payload)
        socket.send("ping", ref="still here")
        assert socket.receive().get("ref") == "still here"


def test_a_socket_that_has_not_signed_in_is_pinged_too(pinging: Any) -> None:
    with RawSocket(pinging.url) as socket:
        assert socket.read_frame()[0] == PING


# -- killed ---------------------------------------------------------------------------------------


def test_a_killed_tab_leaves_no_ghost(
    watching: Any, pinging: Any, bob: Person, project: int, over: Any
) -> None:
    silent_socket(pinging.url, bob, project).vanish()
    watching.expect("user.left", actor=bob.id)
    assert bob.id not in present(over(pinging, bob), project)


def test_a_tab_whose_connection_ends_without_a_close_frame_leaves_no_ghost(
    watching: Any, pinging: Any, bob: Person, project: int
) -> None:
    silent_socket(pinging.url, bob, project).close()
    assert watching.expect("user.left", actor=bob.id)["actor"] == bob.id


def test_a_stream_whose_reader_was_killed_leaves_no_ghost(
    watching: Any, pinging: Any, bob: Person, project: int, follow: Any
) -> None:
    stream = follow(bob, url=pinging.url, project_id=project)
    stream.until("subscribed")
    stream.close()
    assert watching.expect("user.left", actor=bob.id)["actor"] == bob.id


# -- three tabs -----------------------------------------------------------------------------------


@pytest.fixture
def tabs(bob: Person, project: int, connect: Any) -> list[Any]:
    """Return three sockets of bob's in one project."""
    made = [connect(bob, project_id=project) for _ in range(3)]
    for socket in made:
        socket.expect("subscribed")
    return made


def test_a_person_with_three_tabs_is_present_once(
    tabs: list[Any], bob: Person, project: int
) -> None:
    assert present(bob, project) == [bob.id]


def test_a_person_with_a_socket_and_a_stream_is_present_once(
    bob: Person, project: int, connect: Any, follow: Any
) -> None:
    connect(bob, project_id=project).expect("subscribed")
    follow(bob, project_id=project).until("subscribed")
    assert present(bob, project) == [bob.id]


def test_a_person_with_two_sessions_is_present_once(
    bob: Person, project: int, connect: Any
) -> None:
    for person in (bob, bob.logs_in()):
        connect(person, project_id=project).expect("subscribed")
    assert present(bob, project) == [bob.id]


def test_a_person_who_closes_one_of_three_tabs_is_still_present(
    tabs: list[Any], alice: Person, bob: Person, project: int, app: Any
) -> None:
    tabs[0].close()
    eventually(lambda: LIVE.of(app).capacity.used == 2)
    assert present(alice, project) == [bob.id]


def test_three_tabs_are_told_as_one_joining_and_one_leaving(
    alice: Person, bob: Person, project: int, connect: Any
) -> None:
    watching = connect(alice, project_id=project)
    watching.expect("subscribed")
    made = [connect(bob, project_id=project) for _ in range(3)]
    for socket in made:
        socket.expect("subscribed")
    for socket in made:
        socket.close()
    watching.expect("user.left", actor=bob.id)
    told = [frame["type"] for frame in watching.seen if frame.get("actor") == bob.id]
    assert told == ["user.joined", "user.left"]


def test_a_long_poll_is_not_present(
    alice: Person, bob: Person, project: int, over: Any, server: Any
) -> None:
    with Poller(over(server, bob), project, after=10**6):
        eventually(lambda: LIVE.of(server.app).capacity.used)
        seen = present(alice, project)
        ok(alice.delete(f"/projects/{project}"))
    assert seen == []
