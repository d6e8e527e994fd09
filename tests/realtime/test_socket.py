"""The socket: following topics, from after an id and live, without a gap and without a double."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event

from collab.core.models import utcnow
from collab.events import log
from collab.extensions import db
from collab.realtime.transport.follower import ROWS_PER_READ

from ..support import history
from ..support.each import each
from ..support.people import Person, ok
from ..support.sockets import Socket
from ..support.waiting import PATIENCE
from ..support.writers import Writer


def ids(socket: Socket) -> list[int]:
    return [int(one["id"]) for one in socket.events()]


def read_through(socket: Socket, last: int) -> list[int]:
    """Read until a row arrives and return the ids of all rows."""
    while last not in ids(socket):
        socket.receive()
    return ids(socket)


# -- subscribing ----------------------------------------------------------------------------------


def test_subscribing_says_the_last_id_and_who_is_present(
    alice: Person, project: int, app: Flask, connect: Any
) -> None:
    answer = connect(alice).ask("subscribe", topic=f"project:{project}")
    assert answer | {"ref": 0} == {
        "type": "subscribed",
        "topic": f"project:{project}",
        "last_id": history.ids(app)[-1],
        "recovered": True,
        "present": [{"user_id": alice.id, "name": "Alice"}],
        "ref": 0,
    }


@each(["project_id", "projectId"])
def test_a_project_in_the_address_is_followed_at_once(
    name: str, *, bob: Person, project: int, connect: Any
) -> None:
    assert connect(bob, **{name: project}).receive()["topic"] == f"project:{project}"


@each(["project_id", "projectId"])
def test_a_message_may_name_a_project_instead_of_a_topic(
    name: str, *, bob: Person, project: int, connect: Any
) -> None:
    assert connect(bob).ask("subscribe", **{name: project})["topic"] == f"project:{project}"


def test_several_topics_in_the_address_are_followed(
    alice: Person, project: int, connect: Any
) -> None:
    workspace = alice.makes_workspace(project)
    socket = connect(alice, topic=f"workspace:{workspace}", project_id=project)
    followed = [socket.expect("subscribed")["topic"] for _ in range(2)]
    assert followed == [f"workspace:{workspace}", f"project:{project}"]


def test_a_topic_in_the_address_that_may_not_be_followed_is_refused(
    charlie: Person, project: int, connect: Any
) -> None:
    assert connect(charlie, project_id=project).receive()["status"] == 404


def test_a_topic_in_the_address_may_start_after_an_id(
    alice: Person, bob: Person, project: int, connect: Any
) -> None:
    first, second = alice.tells(project, n=1), alice.tells(project, n=2)
    socket = connect(bob, project_id=project, after=first)
    assert read_through(socket, second) == [second]


def test_nothing_from_before_is_told_without_after(
    alice: Person, bob: Person, project: int, connect: Any, server: Any
) -> None:
    alice.tells(project, n=1)
    server.drain()
    socket = connect(bob, project_id=project)
    socket.expect("subscribed")
    later = alice.tells(project, n=2)
    assert read_through(socket, later) == [later]


def test_the_address_of_notifications_follows_oneself_and_the_posts(
    bob: Person, connect: Any
) -> None:
    socket = connect(bob, path="/ws/notifications")
    followed = [socket.expect("subscribed")["topic"] for _ in range(2)]
    assert followed == [f"user:{bob.id}", "posts"]


def test_a_persons_own_topic_tells_about_the_account(bob: Person, connect: Any) -> None:
    socket = connect(bob, topic=f"user:{bob.id}")
    socket.expect("subscribed")
    ok(bob.patch("/auth/me", {"name": "Robert"}))
    assert socket.expect("account.updated")["data"]["name"] == "Robert"


def test_anothers_own_topic_is_not_there(alice: Person, bob: Person, connect: Any) -> None:
    assert connect(bob).ask("subscribe", topic=f"user:{alice.id}")["status"] == 404


def test_unsubscribing_ends_the_topic(
    alice: Person, bob: Person, project: int, connect: Any, server: Any
) -> None:
    socket = connect(bob, project_id=project)
    socket.expect("subscribed")
    answer = socket.ask("unsubscribe", topic=f"project:{project}")
    alice.tells(project, n=1)
    server.drain()
    socket.flush()
    assert (answer["type"], ids(socket)) == ("unsubscribed", [])


@pytest.fixture
def told(alice: Person, project: int, server: Any) -> list[int]:
    """Return the ids of six events of the project."""
    ids = [alice.tells(project, n=n) for n in range(6)]
    server.drain()
    return ids


def test_a_topic_that_the_address_names_twice_comes_once(
    bob: Person, project: int, connect: Any, told: list[int]
) -> None:
    topics = [f"project:{project}"] * 2
    socket = connect(bob, project_id=project, topic=topics, after=told[0])
    socket.flush()
    assert ids(socket) == told[1:]
    assert [one["type"] for one in socket.seen].count("subscribed") == 1


def test_subscribing_again_brings_nothing_twice(
    bob: Person, project: int, connect: Any, told: list[int]
) -> None:
    socket = connect(bob)
    for _ in range(2):
        answer = socket.ask("subscribe", project_id=project, after=told[0])
        assert (answer["last_id"], answer["recovered"]) == (told[-1], True)
    socket.flush()
    assert ids(socket) == told[1:]


def test_subscribing_again_brings_what_is_older_than_what_came(
    bob: Person, project: int, connect: Any, told: list[int], alice: Person
) -> None:
    socket = connect(bob)
    socket.ask("subscribe", project_id=project, after=told[3])
    later = alice.tells(project, n=7)
    assert read_through(socket, later) == [*told[4:], later]
    socket.ask("subscribe", project_id=project, after=told[0])
    socket.ask("subscribe", project_id=project, after=told[2])
    socket.flush()
    assert ids(socket) == [*told[4:], later, *told[1:4]]


def test_subscribing_with_after_to_what_is_live_brings_what_was_before(
    bob: Person, project: int, connect: Any, told: list[int]
) -> None:
    socket = connect(bob, project_id=project)
    socket.ask("subscribe", project_id=project, after=told[0])
    socket.flush()
    assert ids(socket) == told[1:]


def test_a_new_topic_is_merged_with_what_one_that_is_followed_lacks(
    alice: Person, bob: Person, project: int, connect: Any, told: list[int], server: Any
) -> None:
    other = alice.makes_project("Other", bob="viewer")
    more = [alice.tells(one, n=n) for n, one in enumerate((other, project, other))]
    server.drain()
    socket = connect(bob)
    socket.ask("subscribe", project_id=project, after=told[-1])
    topics = [f"project:{one}" for one in (project, other, other)]
    socket.send("subscribe", topics=topics, after=told[3])
    socket.flush()
    assert ids(socket) == [more[1], *told[4:], *ids_of(socket, other)]
    assert ids_of(socket, other)[-2:] == [more[0], more[2]]


def ids_of(socket: Socket, project: int) -> list[int]:
    return [int(one["id"]) for one in socket.events() if one["topic"] == f"project:{project}"]


def test_of_several_topics_those_that_may_not_be_followed_are_refused(
    alice: Person, bob: Person, project: int, connect: Any
) -> None:
    hidden = f"project:{alice.makes_project('Hidden')}"
    socket = connect(bob)
    socket.send("subscribe", topics=[hidden, "no:1", f"project:{project}"], ref="a")
    socket.flush()
    told = [(one["type"], one["topic"], one["ref"]) for one in socket.seen[:3]]
    assert told == [
        ("error", hidden, "a"),
        ("error", "no:1", "a"),
        ("subscribed", f"project:{project}", "a"),
    ]


@each(
    [
        {"topics": []},
        {"topics": "project:1"},
        {"topics": [1]},
        {"topics": [None]},
        {"topics": {}},
        {"topics": [f"project:{n}" for n in range(101)]},
        {"topics": ["posts"], "topic": "posts"},
        {"topics": ["posts"], "project_id": 1},
    ]
)
def test_odd_topics_are_refused(body: Any, *, bob: Person, connect: Any) -> None:
    assert connect(bob).ask("subscribe", **body)["status"] == 422


def test_a_topic_may_be_followed_again_after_unsubscribing(
    alice: Person, bob: Person, project: int, connect: Any
) -> None:
    socket = connect(bob, project_id=project)
    socket.ask("unsubscribe", topic=f"project:{project}")
    missed = alice.tells(project, n=1)
    socket.ask("subscribe", topic=f"project:{project}", after=missed - 1)
    assert read_through(socket, missed) == [missed]


# -- catching up ----------------------------------------------------------------------------------

#: Events that a replay takes in three reads of the log, or more.
SOME_READS_ROWS = 2 * ROWS_PER_READ + 1


def test_a_reader_catches_up_from_the_beginning(
    bob: Person, project: int, app: Flask, connect: Any, server: Any
) -> None:
    history.fill(app, project, SOME_READS_ROWS)
    wanted = history.ids(app, f"project:{project}")
    assert read_through(connect(bob, project_id=project, after=0), wanted[-1]) == wanted


def test_a_reader_catches_up_while_a_writer_goes_on_without_a_gap_or_a_double(
    alice: Person, bob: Person, project: int, app: Flask, connect: Any
) -> None:
    history.fill(app, project, SOME_READS_ROWS)
    with Writer(alice, project) as writer:
        writer.writes(5)
        sockets = [connect(bob, project_id=project, after=0) for _ in range(3)]
        writer.writes(30)
    wanted = history.ids(app, f"project:{project}")
    assert [read_through(socket, wanted[-1]) for socket in sockets] == [wanted] * 3


def test_live_rows_follow_the_replay_in_order_however_often_one_subscribes(
    alice: Person, bob: Person, project: int, app: Flask, connect: Any
) -> None:
    start = history.ids(app)[-1]
    socket = connect(bob)
    with Writer(alice, project) as writer:
        for _ in range(10):
            writer.writes(3)
            last = (ids(socket) or [start])[-1]
            socket.ask("subscribe", project_id=project, after=last)
            socket.flush()
            socket.ask("unsubscribe", topic=f"project:{project}")
    last = (ids(socket) or [start])[-1]
    socket.ask("subscribe", project_id=project, after=last)
    wanted = history.ids(app, f"project:{project}", after=start)
    assert read_through(socket, wanted[-1]) == wanted


@pytest.fixture
def stalled(app: Flask, server: Any) -> Iterator[threading.Event]:
    """Keep the broadcaster from reading until this event is set."""
    free = threading.Event()

    def wait(*_: Any) -> None:
        if threading.current_thread().name == "broadcaster":
            free.wait(PATIENCE)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", wait)
    yield free
    free.set()
    event.remove(engine, "before_cursor_execute", wait)


def test_what_was_read_elsewhere_before_it_was_published_does_not_come_again(
    alice: Person, bob: Person, project: int, connect: Any, stalled: threading.Event
) -> None:
    seen = alice.tells(project, n=1)
    socket = connect(bob)
    socket.send("subscribe", project_id=project, after=seen)
    threading.Timer(0.3, stalled.set).start()  # the server waits for it; nothing here does
    later = alice.tells(project, n=2)
    assert read_through(socket, later) == [later]


def test_a_reader_who_resumes_after_what_was_pruned_is_told_so(
    alice: Person, bob: Person, project: int, app: Flask, connect: Any
) -> None:
    first = alice.tells(project, n=1)
    prune_all(app)
    assert connect(bob).ask("subscribe", project_id=project, after=first - 1)["recovered"] is False


def prune_all(app: Flask) -> None:
    with app.app_context():
        log.prune(timedelta(0), utcnow() + timedelta(seconds=1))


def test_a_reader_who_has_seen_all_that_was_pruned_has_missed_nothing(
    alice: Person, bob: Person, project: int, app: Flask, connect: Any
) -> None:
    last = alice.tells(project, n=1)
    prune_all(app)
    assert connect(bob).ask("subscribe", project_id=project, after=last)["recovered"] is True


def test_a_reader_who_missed_what_was_pruned_gets_what_is_still_there(
    alice: Person, bob: Person, project: int, app: Flask, connect: Any
) -> None:
    alice.tells(project, n=1)
    prune_all(app)
    left = alice.tells(project, n=2)
    assert read_through(connect(bob, project_id=project, after=0), left) == [left]


def test_an_id_from_the_future_is_not_recovered(
    bob: Person, project: int, app: Flask, connect: Any
) -> None:
    future = history.ids(app)[-1] + 1
    assert connect(bob).ask("subscribe", project_id=project, after=future)["recovered"] is False


def test_after_may_be_text_as_the_ids_are(
    alice: Person, bob: Person, project: int, connect: Any
) -> None:
    told = alice.tells(project, n=1)
    socket = connect(bob)
    socket.ask("subscribe", project_id=project, after=str(told - 1))
    assert read_through(socket, told) == [told]


def test_a_reader_whose_rows_are_pruned_while_they_catch_up_is_cut_off_and_then_told(
    alice: Person, bob: Person, project: int, app: Flask, connect: Any, just_before: Any
) -> None:
    start = alice.tells(project, n=1)
    alice.tells(project, n=2)
    just_before("events.topic IN", lambda: prune_all(app))
    socket = connect(bob)
    assert socket.ask("subscribe", project_id=project, after=start)["recovered"] is True
    closed = socket.wait_closed()
    assert (closed.code, closed.reason) == (4008, f"You read too slowly. Resume after {start}.")
    again = connect(bob)
    assert again.ask("subscribe", project_id=project, after=start)["recovered"] is False
