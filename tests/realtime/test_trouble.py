"""When something fails inside, whoever asked is told, and nobody else notices."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from collab.events.close_codes import UNREADABLE_MESSAGE
from collab.realtime.transport.live import LIVE

from ..support import databases, history
from ..support.each import each
from ..support.people import Person
from ..support.raw import CLOSE, TEXT, RawSocket
from ..support.waiting import eventually


@pytest.fixture
def database(instance: Path, server: Any) -> Iterator[Callable[[str], None]]:
    """Return a way to change the database behind the server's back."""
    connection = databases.opened(instance)

    def run(script: str) -> None:
        connection.executescript(script)
        connection.commit()

    yield run
    connection.close()


NO_EVENTS = "ALTER TABLE events RENAME TO lost"
NO_SESSIONS = "ALTER TABLE sessions RENAME TO lost"


def test_a_write_that_the_database_does_not_take_is_answered_and_the_socket_goes_on(
    bob: Person, project: int, connect: Any, database: Any
) -> None:
    socket = connect(bob, project_id=project)
    socket.expect("subscribed")
    database(NO_EVENTS)
    answer = socket.ask("activity", payload={})
    assert (answer["type"], answer["status"]) == ("error", 503)
    assert socket.ask("ping")["type"] == "pong"


def test_a_write_whose_commit_fails_is_answered_and_is_not_in_the_log(
    bob: Person, project: int, app: Flask, connect: Any, database: Any
) -> None:
    socket = connect(bob, project_id=project)
    socket.expect("subscribed")
    before = history.ids(app)
    database(databases.break_commits("events"))
    answer = socket.ask("activity", payload={})
    assert (answer["type"], answer["status"], history.ids(app)) == ("error", 500, before)


def test_the_next_write_after_a_failed_commit_succeeds(
    bob: Person, project: int, connect: Any, database: Any
) -> None:
    socket = connect(bob, project_id=project)
    socket.expect("subscribed")
    database(databases.break_commits("events"))
    socket.ask("activity", payload={})
    database(databases.mend_commits())
    assert socket.ask("activity", payload={})["type"] == "published"


def test_a_socket_that_can_not_be_served_is_told_and_closed_with_1011(
    bob: Person, connect: Any, database: Any
) -> None:
    database(NO_SESSIONS)
    socket = connect(bob)
    closed = socket.wait_closed()
    assert (socket.seen[0]["status"], closed.code) == (503, 1011)


def test_a_socket_that_could_not_be_served_gives_its_place_back(
    bob: Person, app: Flask, connect: Any, database: Any
) -> None:
    database(NO_SESSIONS)
    connect(bob).wait_closed()
    eventually(lambda: not LIVE.of(app).capacity.used)


def test_a_reader_who_leaves_during_the_replay_ends_it(
    bob: Person, project: int, app: Flask, server: Any
) -> None:
    start = history.ids(app)[-1]
    history.fill(app, project, 300, size=60_000)
    server.drain()
    with RawSocket(
        server.url, token=bob.token, project_id=project, after=start, receive_buffer=4096
    ) as reader:
        assert reader.receive()["type"] == "subscribed"
    eventually(lambda: not LIVE.of(app).capacity.used)


@each(["", "null", "4x", "42[]"])
def test_what_a_client_of_socketio_begins_wrong_with_is_not_called_our_fault(
    sent: str, *, server: Any
) -> None:
    with RawSocket(server.url, "/socket.io/?EIO=4&transport=websocket") as one:
        one.send_frame(TEXT, sent.encode())
        while (frame := one.read_frame())[0] != CLOSE:
            pass
        assert int.from_bytes(frame[1][:2]) == UNREADABLE_MESSAGE
