"""Signals can't be a weapon: where they go, how big they are, and whom a flood of them concerns."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from collab.files.json_door import described as texts
from collab.realtime.json_door.described import OWN_MESSAGES, UNASKED_MESSAGES
from collab.realtime.json_door.protocol import PROTOCOL_TYPES
from collab.realtime.publishing import MAX_SIGNAL_BYTES
from collab.realtime.transport.follower import HINTS_LIMIT

from ..support import history
from ..support.each import each
from ..support.people import Person, ok
from ..support.raw import RawSocket
from ..support.sockets import Socket

READ_ONLY_TOPICS = ("posts", "flags", "audit")
SIGNALS = ("cursor_moved", "cursor.moved", "typing")


@pytest.fixture
def socket(bob: Person, connect: Any) -> Socket:
    """Return bob's socket, which follows nothing."""
    made: Socket = connect(bob)
    return made


# -- where they go --------------------------------------------------------------------------------


@each([*itertools.product(READ_ONLY_TOPICS, SIGNALS)])
def test_nobody_signals_on_a_topic_that_is_only_read(
    topic: str, kind: str, *, ada: Person, connect: Callable[..., Socket]
) -> None:
    admins = connect(ada)
    assert admins.ask(kind, topic=topic, payload={"a": 1})["status"] == 403
    assert admins.ask("publish", event=kind, topic=topic, payload={})["status"] == 403
    assert ada.post("/events", {"type": kind, "topic": topic}).status_code == 403


@pytest.mark.parametrize("topic", READ_ONLY_TOPICS)
def test_nobody_is_present_on_a_topic_that_is_only_read(
    topic: str, ada: Person, connect: Callable[..., Socket]
) -> None:
    first, second = (connect(ada, topic=topic) for _ in range(2))
    assert [one.expect("subscribed")["present"] for one in (first, second)] == [[], []]
    assert ok(ada.get("/presence", params={"topic": topic}))["items"] == []
    first.close()
    second.flush()
    assert not [one for one in second.seen if one["type"].startswith("user.")]


# -- how big they are -----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", SIGNALS)
def test_a_signal_has_at_most_4_kib_on_every_door(
    kind: str, socket: Socket, bob: Person, project: int
) -> None:
    fits, over = ({"a": "x" * (MAX_SIGNAL_BYTES - 8 + more)} for more in (0, 1))
    where = {"project_id": project}
    assert socket.ask(kind, payload=fits, **where)["type"] == "published"
    assert socket.ask(kind, payload=over, **where)["status"] == 422
    assert socket.ask("publish", event=kind, payload=over, **where)["status"] == 422
    bodies = [{"type": kind, "payload": one, **where} for one in (fits, over)]
    assert [bob.post("/events", one).status_code for one in bodies] == [202, 422]


def test_a_signals_bytes_are_counted_as_they_are_told(
    socket: Socket, bob: Person, project: int
) -> None:
    over = {"a": "\u00e9" * (MAX_SIGNAL_BYTES // 2)}
    assert socket.ask("typing", project_id=project, payload=over)["status"] == 422


# -- in which order they come ----------------------------------------------------------------------

SENT_KINDS = ("typing", "activity", "cursor.moved")


def test_a_sockets_signals_keep_their_order_and_follow_the_events_sent_before_them(
    alice: Person, bob: Person, project: int, connect: Callable[..., Socket]
) -> None:
    reader, writer = (connect(one, project_id=project) for one in (alice, bob))
    for one in (reader, writer):
        one.expect("subscribed")
    kinds = ["typing", "typing", "activity", "typing", "cursor_moved", "typing", "activity"]
    for turn in range(3):
        for number, kind in enumerate(kinds):
            writer.send(kind, project_id=project, payload={"n": [turn, number]})
        too_big = {"a": "x" * MAX_SIGNAL_BYTES}
        assert writer.ask("typing", project_id=project, payload=too_big)["status"] == 422
        assert writer.ask("typing", project_id=project, payload={"last": 1})["type"] == "published"
        told = [reader.until(lambda one: one["type"] in SENT_KINDS)]
        while "last" not in told[-1]["data"]:
            told.append(reader.until(lambda one: one["type"] in SENT_KINDS))
        sent = [(one["type"] == "activity", one["data"]["n"]) for one in told[:-1]]
        for is_kept in (False, True):
            expected = [n for n, kind in enumerate(kinds) if (kind == "activity") is is_kept]
            assert [n for kept, n in sent if kept is is_kept] == [[turn, n] for n in expected]
        for at, (is_kept, n) in enumerate(sent):
            assert is_kept or not any(kept and m < n for kept, m in sent[at:])


# -- whom a flood concerns ------------------------------------------------------------------------


def refused(bob: Person, sockets: list[Socket], kind: str, topic: str, size: int) -> list[int]:
    """Send over two sockets in turn and then over REST; return the statuses of refusals."""
    payload = {"a": "x" * size}
    answers = [
        sockets[turn % 2].ask("publish", event=kind, topic=topic, payload=payload)
        for turn in range(8)
    ]
    last = bob.post("/events", {"type": kind, "topic": topic, "payload": payload})
    return [*(one["status"] for one in answers if one["type"] == "error"), last.status_code]


@pytest.mark.parametrize(
    ("kind", "size", "settings"),
    [
        ("typing", 600, {"SIGNAL_RATE_KB": "1"}),
        ("activity", 600, {"PUBLISH_RATE_KB": "1"}),
    ],
)
def test_who_floods_is_refused_themselves_on_all_doors_together(
    kind: str,
    size: int,
    settings: dict[str, str],
    alice: Person,
    bob: Person,
    project: int,
    serve: Any,
    connect: Callable[..., Socket],
    over: Callable[..., Person],
) -> None:
    server = serve(**settings)
    sockets = [connect(bob, server.url) for _ in range(2)]
    there, topic = over(server, bob), f"project:{project}"
    statuses = refused(there, sockets, kind, topic, size)
    assert len(statuses) > 1
    assert set(statuses) == {429}
    alices = connect(alice, server.url)
    assert alices.ask("publish", event=kind, topic=topic, payload={})["type"] == "published"


def test_a_flood_of_edits_over_the_socket_is_refused_itself(
    alice: Person, bob: Person, project: int, serve: Any, connect: Callable[..., Socket]
) -> None:
    text = alice.makes_text(project, "abc")
    socket = connect(bob, serve(PUBLISH_RATE_KB="1").url)
    edit = {"file_id": text, "base_version": 1, "edits": [{"insert": "x" * 60_000}]}
    # All at once, and many: a slow machine may take as long for some as pays for the next.
    refs = [str(number) for number in range(12)]
    for ref in refs:
        socket.send("file.edit", ref=ref, **edit)
    answers = [socket.until(lambda frame: "ref" in frame) for _ in refs]
    statuses = {one["ref"]: one.get("status", 200) for one in answers}
    assert statuses["0"] == 200
    assert set(statuses.values()) == {200, 429}
    taken = list(statuses.values()).count(200)
    assert len(socket.ask("file.open", file_id=text)["content"]) == 3 + 60_000 * taken


def test_a_refusal_says_when_to_come_back(
    bob: Person, project: int, serve: Any, over: Callable[..., Person]
) -> None:
    there = over(serve(SIGNAL_RATE_KB="1"), bob)
    body = {"type": "typing", "project_id": project, "payload": {"a": "x" * 3000}}
    answers = [there.post("/events", body) for _ in range(2)]
    assert [one.status_code for one in answers] == [202, 429]
    assert 1 <= int(answers[1].headers["Retry-After"]) <= 4


def test_coming_and_going_counts_as_signals_do(
    bob: Person, project: int, serve: Any, connect: Callable[..., Socket], over: Any
) -> None:
    server = serve(SIGNAL_RATE_KB="1")
    socket, topic = connect(bob, server.url), f"project:{project}"
    answers = []
    for _ in range(8):
        answers.append(socket.ask("subscribe", topic=topic))
        socket.ask("unsubscribe", topic=topic)
    assert [one["type"] for one in answers[:4]] == ["subscribed"] * 4
    assert {one["status"] for one in answers if one["type"] == "error"} == {429}
    streamed = over(server, bob).get("/events/stream", params={"topic": topic})
    assert streamed.status_code == 429


def test_a_reader_who_stops_reading_is_not_cut_off_by_signals(
    alice: Person,
    bob: Person,
    vera: Person,
    project: int,
    serve: Any,
    connect: Callable[..., Socket],
) -> None:
    """Far more than a socket may have unsent: the reader misses signals, and no event."""
    server = serve(SIGNAL_RATE_KB="1000000", MESSAGE_RATE="1000000")
    who = {"token": alice.token, "project_id": project}
    with RawSocket(server.url, receive_buffer=4096, **who) as reader:
        assert reader.receive()["type"] == "subscribed"
        flood = connect(vera, server.url)
        for _ in range(1000):
            flood.send("cursor_moved", project_id=project, payload={"a": "x" * 4000})
        flood.flush()
        server.drain()
        assert connect(bob, server.url).ask("activity", project_id=project, payload={"n": 1})
        told = reader.receive()
        missed = 1000
        while told["type"] != "activity":
            missed -= told["type"] == "cursor.moved"
            told = reader.receive()
    assert missed > 0
    assert (1000 - missed) * 4000 < HINTS_LIMIT + 8 * 2**20


# -- types of the socket's own --------------------------------------------------------------------

#: Every message of the socket's own but events that members may publish.
TAKEN = OWN_MESSAGES | {
    "file.open": texts.OPEN_MESSAGE,
    "file.edit": texts.EDIT_MESSAGE,
    "file.close": texts.CLOSE_MESSAGE,
}
ANSWERS = {answer for one in TAKEN.values() for answer in one.answers}
OWN = sorted({*TAKEN, *ANSWERS, *UNASKED_MESSAGES, *PROTOCOL_TYPES})


def spellings(name: str) -> set[str]:
    return {name, name.replace(".", "_"), name.replace("_", "."), name.upper(), f" {name}"}


def test_what_the_socket_itself_says_is_published_by_nobody(
    bob: Person, project: int, serve: Any, connect: Callable[..., Socket], app: Any
) -> None:
    socket = connect(bob, serve(MESSAGE_RATE="1000").url)
    topic = f"project:{project}"
    before = history.ids(app, topic)
    for kind in sorted(set().union(*map(spellings, OWN))):
        answer = socket.ask("publish", event=kind, topic=topic, payload={})
        assert (kind, answer.get("status")) in {(kind, 403), (kind, 422)}
        assert bob.post("/events", {"type": kind, "topic": topic}).status_code in (403, 422)
    assert history.ids(app, topic) == before
