"""A socket that sends without waiting: what is committed together is answered as if it were not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from collab.realtime.json_door.group_commit import MAX_EVENTS_PER_COMMIT

from ..support import databases, history
from ..support.each import each
from ..support.people import Person, ok
from ..support.raw import TEXT, RawSocket, client_frame

#: More than are committed at once.
MANY = 2 * MAX_EVENTS_PER_COMMIT + 7


@pytest.fixture
def raw(serve: Any, bob: Person, project: int) -> Iterator[RawSocket]:
    """Return bob's socket, which follows nothing, so that what comes are answers."""
    server = serve(MESSAGE_RATE="1000")
    with RawSocket(server.url, token=bob.token) as made:
        yield made


def send_at_once(raw: RawSocket, *messages: dict[str, Any]) -> None:
    """Send several messages in one write, numbered by their refs."""
    frames = [
        client_frame(TEXT, json.dumps(message | {"ref": number}).encode())
        for number, message in enumerate(messages)
    ]
    raw.tcp.sendall(b"".join(frames))


def receive(raw: RawSocket, count: int) -> list[Any]:
    return [raw.receive() for _ in range(count)]


def activity(project: int, **payload: Any) -> dict[str, Any]:
    return {"type": "activity", "project_id": project, "payload": payload}


def test_every_event_is_acknowledged_in_the_order_in_which_they_were_sent(
    raw: RawSocket, project: int
) -> None:
    send_at_once(raw, *(activity(project, n=number) for number in range(MANY)))
    answers = receive(raw, MANY)
    assert [answer["ref"] for answer in answers] == list(range(MANY))
    assert {answer["type"] for answer in answers} == {"published"}


def test_every_acknowledged_event_is_in_the_log_under_its_id(
    raw: RawSocket, project: int, app: Flask
) -> None:
    send_at_once(raw, *(activity(project, n=number) for number in range(MANY)))
    told = {int(answer["id"]): {"n": answer["ref"]} for answer in receive(raw, MANY)}
    assert {row.id: row.data for row in history.rows(app) if row.type == "activity"} == told


def test_a_refused_event_leaves_those_around_it_as_they_are(
    raw: RawSocket, project: int, app: Flask
) -> None:
    send_at_once(raw, activity(project, n=0), activity(10**6), activity(project, n=2))
    answers = receive(raw, 3)
    assert [(answer["ref"], answer["type"]) for answer in answers] == [
        (0, "published"),
        (1, "error"),
        (2, "published"),
    ]
    assert [row.data for row in history.rows(app)[-2:]] == [{"n": 0}, {"n": 2}]


@each(
    [
        {"type": "ping"},
        {"type": "activity", "payload": 7},
        {"type": "subscribe", "topic": "nothing"},
        {"type": "unsubscribe", "topic": "nothing"},
        {"type": "typing", "project_id": 1, "payload": {}},
        {"type": "publish", "event": "member.removed", "project_id": 1},
    ]
)
def test_answers_come_in_the_order_of_their_requests(
    between: dict[str, Any], *, raw: RawSocket, project: int
) -> None:
    send_at_once(raw, activity(project), between, activity(project))
    assert [answer["ref"] for answer in receive(raw, 3)] == [0, 1, 2]


def test_what_is_no_message_is_answered_in_its_place(raw: RawSocket, project: int) -> None:
    event = client_frame(TEXT, json.dumps(activity(project)).encode())
    raw.tcp.sendall(event + client_frame(TEXT, b"nonsense") + event)
    assert [answer["type"] for answer in receive(raw, 3)] == ["published", "error", "published"]


def test_a_signal_is_told_after_the_event_that_was_sent_before_it(
    raw: RawSocket, alice: Person, project: int, connect: Any, app: Flask
) -> None:
    alices = connect(alice, url=url_of(raw), project_id=project)
    alices.expect("subscribed")
    send_at_once(raw, activity(project), {"type": "typing", "project_id": project, "payload": {}})
    alices.expect("typing")
    assert "activity" in [frame["type"] for frame in alices.seen]


def url_of(raw: RawSocket) -> str:
    return "http://{}:{}".format(*raw.tcp.getpeername())


def test_a_demotion_in_the_middle_refuses_all_that_comes_after_it(
    raw: RawSocket, alice: Person, bob: Person, project: int, over: Any
) -> None:
    send_at_once(raw, *(activity(project, n=number) for number in range(MANY)))
    receive(raw, 1)
    members = f"/projects/{project}/members/{bob.id}"
    ok(OverUrl(over, raw).at(alice).patch(members, {"role": "viewer"}))
    raw.send("activity", project_id=project, payload={}, ref="behind")
    last = receive(raw, MANY)[-1]
    assert (last["ref"], last["type"], last["status"]) == ("behind", "error", 403)


class OverUrl:
    """Lets somebody call the server of a socket."""

    def __init__(self, over: Any, raw: RawSocket) -> None:
        self._over, self.url = over, url_of(raw)

    def at(self, person: Person) -> Person:
        found: Person = self._over(self, person)
        return found


def test_events_that_were_sent_before_the_connection_broke_are_recorded_or_not_but_whole(
    raw: RawSocket, project: int, app: Flask
) -> None:
    send_at_once(raw, *(activity(project, n=number) for number in range(MANY)))
    raw.receive()
    raw.vanish()
    rows = [row.data["n"] for row in history.rows(app) if row.type == "activity"]
    assert rows == list(range(len(rows)))


def test_a_connection_that_broke_leaves_the_database_free_for_others(
    raw: RawSocket, alice: Person, project: int, over: Any
) -> None:
    send_at_once(raw, *(activity(project, n=number) for number in range(MANY)))
    other = OverUrl(over, raw).at(alice)
    raw.vanish()
    assert other.tells(project, n=1)


def test_when_the_commit_fails_every_event_of_it_is_refused_and_none_is_in_the_log(
    raw: RawSocket, project: int, instance: Path
) -> None:
    connection = databases.opened(instance)
    is_third = "CAST(json_extract(new.data, '$.n') AS text) = '2'"
    connection.executescript(
        databases.trigger("no_third", "BEFORE INSERT", "events", databases.REFUSE, is_third)
    )
    send_at_once(raw, *(activity(project, n=number) for number in range(5)))
    answers = receive(raw, 5)
    kept = {row[0] for row in connection.execute("SELECT id FROM events WHERE type = 'activity'")}
    connection.close()
    published = {int(answer["id"]) for answer in answers if answer["type"] == "published"}
    assert sorted(answer["ref"] for answer in answers) == list(range(5))
    assert published == kept
