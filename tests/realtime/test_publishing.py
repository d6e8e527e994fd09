"""What members publish: over REST and sockets, recorded or told and forgotten."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from flask import Flask

from collab.events.catalogue import catalogue
from collab.events.types import PRESENCE_TYPES

from ..support import history
from ..support.people import Person, ok
from ..support.problems import pointers
from ..support.sockets import Socket


@pytest.fixture
def socket(bob: Person, project: int, connect: Any) -> Socket:
    """Return bob's socket, following the project."""
    made: Socket = connect(bob, project_id=project)
    made.expect("subscribed")
    return made


@pytest.fixture
def alices(alice: Person, project: int, connect: Any) -> Socket:
    """Return alice's socket, following the project."""
    made: Socket = connect(alice, project_id=project)
    made.expect("subscribed")
    return made


# -- over the socket ------------------------------------------------------------------------------


def test_the_sender_is_told_the_id_under_which_an_event_was_recorded(
    socket: Socket, app: Flask
) -> None:
    answer = socket.ask("publish", event="file_changed", payload={"n": 1})
    assert answer["type"] == "published"
    assert int(answer["id"]) == history.ids(app)[-1]


def test_a_message_may_be_an_event_by_its_type(socket: Socket, alices: Socket) -> None:
    socket.send("file_changed", payload={"fileName": "index.js"})
    assert alices.expect("file.changed")["data"] == {"fileName": "index.js"}


@pytest.mark.parametrize("name", ["payload", "data"])
def test_the_payload_may_be_called_data(name: str, socket: Socket, alices: Socket) -> None:
    socket.send("activity", **{name: {"n": 1}})
    assert alices.expect("activity")["data"] == {"n": 1}


@pytest.mark.parametrize("name", ["event", "event_type"])
def test_publish_names_the_event_in_either_way(name: str, socket: Socket, alices: Socket) -> None:
    socket.send("publish", **{name: "activity"}, payload={"n": 1})
    assert alices.expect("activity")["data"] == {"n": 1}


@pytest.mark.parametrize("spelling", ["file_changed", "file.changed"])
def test_an_underscore_and_a_dot_are_the_same(spelling: str, socket: Socket, app: Flask) -> None:
    socket.ask(spelling, payload={})
    assert history.rows(app)[-1].type == "file.changed"


def test_a_type_of_the_members_own_is_recorded(socket: Socket, app: Flask) -> None:
    socket.ask("publish", event="sketch.line_drawn", payload={"n": 1})
    assert history.rows(app)[-1].type == "sketch.line.drawn"


def test_the_sender_gets_the_own_event_too(socket: Socket) -> None:
    answer = socket.ask("file_changed", payload={"n": 1})
    found = [one for one in socket.events() if one["id"] == answer["id"]]
    assert found or socket.expect("file.changed")["id"] == answer["id"]


def test_an_event_says_who_published_it(socket: Socket, alices: Socket, bob: Person) -> None:
    socket.send("activity", payload={})
    assert alices.expect("activity")["actor"] == bob.id


def test_nobody_publishes_in_anothers_name(socket: Socket, alices: Socket, bob: Person) -> None:
    socket.send("activity", payload={}, actor=1, user_id=1)
    assert alices.expect("activity")["actor"] == bob.id


def test_a_socket_that_follows_two_topics_must_name_one(
    socket: Socket, alice: Person, project: int
) -> None:
    workspace = alice.makes_workspace(project)
    socket.ask("subscribe", topic=f"workspace:{workspace}")
    assert socket.ask("activity", payload={})["errors"][0]["pointer"] == "#/topic"


def test_a_socket_that_follows_nothing_must_name_a_topic(bob: Person, connect: Any) -> None:
    assert connect(bob).ask("activity", payload={})["errors"][0]["pointer"] == "#/topic"


def test_one_may_publish_where_one_does_not_follow(
    bob: Person, project: int, alices: Socket, connect: Any
) -> None:
    connect(bob).ask("activity", project_id=project, payload={"n": 1})
    assert alices.expect("activity")["data"] == {"n": 1}


def test_an_event_in_a_workspace_is_told_to_the_workspace_only(
    socket: Socket, alices: Socket, alice: Person, project: int, server: Any
) -> None:
    workspace = alice.makes_workspace(project)
    socket.ask("subscribe", topic=f"workspace:{workspace}")
    alices.ask("file_changed", topic=f"workspace:{workspace}", payload={"n": 1})
    assert socket.expect("file.changed")["topic"] == f"workspace:{workspace}"
    server.drain()
    alices.flush()
    assert "file.changed" not in [one["type"] for one in alices.events()]


# -- types of the server's own --------------------------------------------------------------------


def test_a_type_that_only_the_server_records_is_refused(alice: Person, project: int) -> None:
    bodies = [{"type": kind, "project_id": project} for kind in [*catalogue(), *PRESENCE_TYPES]]
    taken = [one for one in bodies if alice.post("/events", one).status_code != 403]
    assert (taken, len(bodies) > 100) == ([], True)


def test_such_a_type_is_refused_in_every_spelling_and_with_more_words(socket: Socket) -> None:
    kinds = ["member_removed", "member.removed", "member.sighed", "project_x", "session.a_b"]
    answers = [socket.ask("publish", event=kind, payload={}) for kind in kinds]
    assert {answer["status"] for answer in answers} == {403}


# -- signals --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["typing", "cursor_moved"])
def test_a_signal_is_told_and_not_kept(
    kind: str, socket: Socket, alices: Socket, app: Flask
) -> None:
    before = history.ids(app)
    socket.send(kind, payload={"n": 1})
    told = alices.expect(kind.replace("_", "."))
    assert (told["signal"], told["data"], history.ids(app)) == (True, {"n": 1}, before)


def test_a_signals_id_is_not_one_to_resume_after(socket: Socket, alices: Socket) -> None:
    socket.send("typing", payload={})
    assert not alices.expect("typing")["id"].isdigit()


def test_signals_have_ids_of_their_own(socket: Socket, alices: Socket) -> None:
    for _ in range(5):
        socket.send("typing", payload={})
    assert len({alices.expect("typing")["id"] for _ in range(5)}) == 5


def test_a_signal_without_a_ref_is_not_answered(socket: Socket) -> None:
    socket.send("typing", payload={})
    socket.flush()
    assert "published" not in [frame["type"] for frame in socket.seen]


def test_a_signal_with_a_ref_is_answered_without_an_id(socket: Socket) -> None:
    answer = socket.ask("typing", payload={})
    assert (answer["type"], answer["id"]) == ("published", None)


def test_a_signal_over_rest_is_accepted_and_told(alices: Socket, bob: Person, project: int) -> None:
    body = {"type": "typing", "project_id": project, "payload": {"n": 1}}
    assert bob.post("/events", body).status_code == 202
    assert alices.expect("typing")["data"] == {"n": 1}


def test_a_signal_is_told_after_the_row_that_was_committed_before_it(
    socket: Socket, alices: Socket
) -> None:
    for number in range(20):
        socket.ask("activity", payload={"n": number})
        socket.send("typing", payload={"n": number})
    alices.until(lambda frame: frame["type"] == "typing" and frame["data"] == {"n": 19})
    seen = [frame for frame in alices.seen if frame["type"] in ("activity", "typing")]
    rows_before = [
        len([one for one in seen[:index] if one["type"] == "activity"])
        for index, frame in enumerate(seen)
        if frame["type"] == "typing"
    ]
    assert all(rows > number for number, rows in enumerate(rows_before))


# -- over REST ------------------------------------------------------------------------------------


def test_an_event_over_rest_is_answered_with_its_envelope(alice: Person, project: int) -> None:
    body = {"type": "file_changed", "project_id": project, "payload": {"n": 1}}
    answer = alice.post("/events", body)
    assert answer.status_code == 201
    assert (answer.json()["type"], answer.json()["data"]) == ("file.changed", {"n": 1})


def test_an_event_over_rest_arrives_as_it_was_answered(
    alice: Person, project: int, socket: Socket
) -> None:
    body = {"type": "file_changed", "project_id": project, "payload": {"n": 1}}
    assert socket.seen is not None
    answer = ok(alice.post("/events", body))
    assert socket.expect("file.changed") == answer


def test_an_event_without_a_topic_is_for_oneself(bob: Person) -> None:
    assert ok(bob.post("/events", {"type": "activity"}))["topic"] == f"user:{bob.id}"


def test_an_event_for_somebody_else_is_refused(alice: Person, bob: Person) -> None:
    body = {"type": "activity", "topic": f"user:{alice.id}"}
    assert bob.post("/events", body).status_code == 404


def test_a_repeated_event_with_the_same_key_is_recorded_once(
    alice: Person, project: int, app: Flask
) -> None:
    body = {"type": "activity", "project_id": project}
    headers = {"Idempotency-Key": "once"}
    first, second = (ok(alice.post("/events", body, headers=headers)) for _ in range(2))
    assert first == second
    assert [row.type for row in history.rows(app)].count("activity") == 1


# -- order ----------------------------------------------------------------------------------------


def test_everybody_gets_the_logs_order_whoever_writes(
    alice: Person, bob: Person, vera: Person, project: int, app: Flask, connect: Any
) -> None:
    readers = [connect(one, project_id=project) for one in (alice, bob, vera)]
    for reader in readers:
        start = reader.expect("subscribed")["last_id"]
    writers = [
        threading.Thread(target=lambda one=one: [one.tells(project, n=n) for n in range(20)])
        for one in (alice, bob, alice)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    wanted = history.ids(app, f"project:{project}", after=start)
    for reader in readers:
        reader.expect("file.changed", id=str(wanted[-1]))
    assert [[int(one["id"]) for one in reader.events()] for reader in readers] == [wanted] * 3


def test_two_topics_on_one_socket_come_in_the_logs_order(
    alice: Person, bob: Person, project: int, connect: Any
) -> None:
    other = alice.makes_project("Other", bob="viewer")
    reader = connect(bob, topic=f"project:{other}", project_id=project)
    for _ in range(2):
        reader.expect("subscribed")
    told = [alice.tells(one, n=n) for n in range(20) for one in (project, other)]
    reader.expect("file.changed", id=str(told[-1]))
    assert [int(one["id"]) for one in reader.events()] == told


def test_an_event_has_at_most_10_000_values(alice: Person) -> None:
    fits = {"type": "x.y", "payload": {"a": [0] * 9_990}}
    assert ok(alice.post("/events", fits))["data"] == fits["payload"]
    refused = alice.post("/events", {"type": "x.y", "payload": {"a": [0] * 10_001}})
    assert pointers(refused) == ["#/payload"]
