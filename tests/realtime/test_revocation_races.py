"""Rights that are lost in the middle of something: a replay, a page, the entry in the hub."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from ..support import history
from ..support.people import Person
from ..support.raw import RawSocket
from .test_revocation_details import endings, removes

# -- while catching up ----------------------------------------------------------------------------


def test_a_member_removed_during_the_replay_gets_the_rest_of_neither_the_log_nor_what_is_live(
    alice: Person, bob: Person, project: int, app: Flask, server: Any
) -> None:
    start = history.ids(app)[-1]
    history.fill(app, project, 4000, size=1500)  # more than all buffers on the way hold
    server.drain()
    with RawSocket(
        server.url, token=bob.token, project_id=project, after=start, receive_buffer=4096
    ) as socket:
        assert socket.receive()["type"] == "subscribed"
        removes(alice, project, bob)
        alice.tells(project, secret=True)
        server.drain()
        socket.send("ping")
        frames = until_pong(socket)
    told = [int(one["id"]) for one in frames[:-1] if "signal" not in one]
    assert told == list(range(start + 1, start + 1 + len(told)))
    assert len(told) < 4000
    assert frames[-1]["reason"] == "member.removed"


def until_pong(socket: RawSocket) -> list[Any]:
    frames: list[Any] = []
    while not frames or frames[-1]["type"] != "pong":
        frames.append(socket.receive())
    return frames[:-1]


def test_a_member_removed_during_the_replay_of_a_stream_is_told_where_it_ended(
    alice: Person, bob: Person, project: int, app: Flask, follow: Any, server: Any
) -> None:
    start = history.ids(app)[-1]
    history.fill(app, project, 120, size=200_000)  # more than all buffers on the way hold
    server.drain()
    stream = follow(bob, project_id=project, after=start)
    stream.until("subscribed")
    removes(alice, project, bob)
    alice.tells(project, secret=True)
    server.drain()
    assert endings(stream) == ["unsubscribed", "closing"]
    told = [int(one["id"]) for one in stream.events()]
    assert told == list(range(start + 1, start + 1 + len(told)))
    assert len(told) < 120


def test_a_page_of_events_never_shows_what_came_after_a_removal_during_the_request(
    alice: Person, bob: Person, project: int, app: Flask, just_before: Any
) -> None:
    def removed_and_talked_about() -> None:
        removes(alice, project, bob)
        alice.tells(project, secret=True)

    just_before("FROM events", removed_and_talked_about)
    answer = bob.get("/events", params={"project_id": project, "limit": 100})
    assert '"secret"' not in answer.text


# -- while entering the hub -----------------------------------------------------------------------


@pytest.fixture
def removed_between(
    alice: Person, bob: Person, project: int, server: Any, just_before: Any
) -> Callable[[], None]:
    """Return a way to take the project from bob who subscribes with `after`.

    Bob has been found to be a member, then is removed, and that is published; then Bob enters the
    hub; somebody talks about Bob, which is published too; then the right is looked at again.
    """

    def talk() -> None:
        alice.tells(project, secret=True)
        server.drain()

    def remove() -> None:
        removes(alice, project, bob)
        server.drain()
        just_before("LEFT OUTER JOIN members", talk)

    return lambda: just_before("event_log_state", remove)


def test_who_is_removed_while_they_subscribe_is_refused_and_told_nothing(
    bob: Person, project: int, connect: Any, removed_between: Any
) -> None:
    socket = connect(bob)
    socket.flush()
    removed_between()
    answer = socket.ask("subscribe", project_id=project, after=1)
    socket.flush()
    assert (answer["type"], answer["status"]) == ("error", 404)
    assert [frame["type"] for frame in socket.seen if "specversion" in frame] == []


def test_who_is_removed_while_they_open_a_stream_is_told_nothing_but_its_end(
    bob: Person, project: int, follow: Any, removed_between: Any
) -> None:
    removed_between()
    stream = follow(bob, project_id=project, after=1)
    told = [(sent.name, sent.data.get("code")) for sent in stream.rest()]
    assert told == [("closing", 1000)]


def test_who_is_removed_while_they_subscribe_loses_nothing_of_another_topic(
    alice: Person,
    bob: Person,
    project: int,
    app: Flask,
    connect: Any,
    server: Any,
    just_before: Any,
) -> None:
    other = alice.makes_project("Other", bob="viewer")
    server.drain()
    socket = connect(bob, project_id=other)
    start = socket.expect("subscribed")["last_id"]

    def talk() -> None:
        alice.tells(project, secret=True)
        alice.tells(other, n=1)
        server.drain()

    def remove() -> None:
        removes(alice, project, bob)
        server.drain()
        just_before("LEFT OUTER JOIN members", talk)

    just_before("event_log_state", remove)
    socket.send("subscribe", project_id=project, after=start)
    assert socket.wait_closed().code == 4008
    again = connect(bob, project_id=other, after=start)
    told = again.expect("file.changed")
    assert [frame["topic"] for frame in socket.events()] == []
    assert told["data"] == {"n": 1}


def test_who_is_removed_while_they_subscribe_is_told_of_what_they_followed_before(
    alice: Person, bob: Person, project: int, connect: Any, server: Any, just_before: Any
) -> None:
    text = alice.makes_text(project, "abc")
    server.drain()
    socket = connect(bob, project_id=project)
    start = socket.expect("subscribed")["last_id"]

    def remove() -> None:
        removes(alice, project, bob)
        server.drain()

    # After the entry in the hub, and before the right is looked at again.
    just_before("event_log_state", lambda: just_before("LEFT OUTER JOIN members", remove))
    answer = socket.ask("subscribe", topic=f"file:{text}", after=start)
    socket.flush()
    assert (answer["type"], answer["status"]) == ("error", 404)
    told = [frame["topic"] for frame in socket.seen if frame["type"] == "unsubscribed"]
    assert sorted(told) == [f"file:{text}", f"project:{project}"]
