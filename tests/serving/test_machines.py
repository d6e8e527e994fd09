"""Two machines are one service: what happens on one is seen on the other, once and in order."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from collab.files.yjs.protocol import State

from ..support.machines import Machines
from ..support.people import Person, ok
from ..support.problems import problem
from ..support.servers import PLAIN
from ..support.sockets import Socket
from ..support.streams import Stream
from ..support.waiting import eventually
from ..support.writers import Writer
from ..support.yjs import YjsEditor

#: Events that each of two writers on each machine publishes.
EVENTS_EACH = 15


@pytest.fixture
def opened() -> Iterator[contextlib.ExitStack]:
    """Return what closes all that a test has opened."""
    with contextlib.ExitStack() as stack:
        yield stack


@pytest.fixture
def project(machines: Machines) -> int:
    return machines.project()


def socket_at(
    stack: contextlib.ExitStack, machines: Machines, person: Person, number: int, project: int
) -> Socket:
    """Follow a project by a socket on one of the machines."""
    url = machines.both[number].url
    made = stack.enter_context(Socket(url, token=person.token, project_id=project))
    made.expect("subscribed")
    return made


def stream_at(
    stack: contextlib.ExitStack, machines: Machines, person: Person, number: int, project: int
) -> Stream:
    """Follow a project by a stream on one of the machines."""
    url = machines.both[number].url
    made = stack.enter_context(Stream(url, person.token, project_id=project))
    made.until("subscribed")
    return made


def ids(events: list[dict[str, str]]) -> list[int]:
    return [int(one["id"]) for one in events]


def after(last: int, events: list[dict[str, str]]) -> list[int]:
    """Return what came after an id, which may be told a moment later on another machine."""
    return [one for one in ids(events) if one > last]


def hears(socket: Socket, last: int) -> None:
    """Read on until an event comes."""
    socket.until(lambda frame: frame.get("id") == str(last))


def test_each_event_comes_once_and_in_the_logs_order_to_everybody_on_either(
    machines: Machines, project: int, opened: contextlib.ExitStack
) -> None:
    sockets = [socket_at(opened, machines, machines.bob, number, project) for number in (0, 1)]
    streams = [stream_at(opened, machines, machines.bob, number, project) for number in (0, 1)]
    before = ids(machines.log(project))

    def writes(number: int) -> list[int]:
        with httpx.Client(base_url=machines.both[number].url, **PLAIN) as http:
            person = machines.alice.at(http)
            return [person.tells(project, n=n) for n in range(EVENTS_EACH)]

    with ThreadPoolExecutor(4) as pool:
        told = [one for found in pool.map(writes, (0, 1, 0, 1)) for one in found]
    whole = ids(machines.log(project))
    assert whole == before + sorted(set(told))
    for socket in sockets:
        hears(socket, whole[-1])
        assert after(before[-1], socket.events()) == sorted(told)
    for stream in streams:
        next(sent for sent in stream if sent.id and int(sent.id) == whole[-1])
        assert after(before[-1], stream.events()) == sorted(told)


def test_a_right_taken_away_on_one_is_gone_on_the_other_before_the_next_event(
    machines: Machines, project: int, opened: contextlib.ExitStack
) -> None:
    socket = socket_at(opened, machines, machines.bob, 1, project)
    stream = stream_at(opened, machines, machines.bob, 1, project)
    before = ids(machines.log(project))[-1]
    with Writer(machines.at(machines.alice, 0), project) as writer:
        writer.writes(5)
        ok(machines.at(machines.alice, 0).delete(f"/projects/{project}/members/{machines.bob.id}"))
        writer.writes(10)
    log = machines.log(project)
    (border,) = [int(one["id"]) for one in log if one["type"] == "member.removed"]
    due = [one for one in ids(log) if before < one <= border]
    assert len(due) > 5, "something was written before"
    assert ids(log)[-1] > border, "and after it"
    socket.expect("unsubscribed")
    socket.flush()
    stream.rest()
    assert (after(before, socket.events()), after(before, stream.events())) == (due, due)
    problem(machines.at(machines.bob, 1).get(f"/projects/{project}"), 404)


def test_whoever_was_on_a_machine_that_is_killed_is_soon_gone_on_the_other(
    machines: Machines, project: int, opened: contextlib.ExitStack
) -> None:
    """Their presence, and what their editor said of itself."""
    text = machines.alice.makes_text(project, "hello")
    here = socket_at(opened, machines, machines.alice, 0, project)
    socket_at(opened, machines, machines.bob, 1, project)
    here.expect("user.joined", actor=machines.bob.id)
    near, far = (
        YjsEditor(one.url, text, token=person.token).sync()
        for one, person in zip(machines.both, (machines.alice, machines.bob), strict=True)
    )
    opened.callback(near.close)
    opened.callback(far.close)
    client = far.doc.client_id
    far.tell(State(client, 1, b'{"at": 3}'))
    near.until_states({client: 3})
    machines.both[1].kill()
    assert here.expect("user.left")["data"]["name"] == "Bob"
    while not near.states[client].gone:
        near.read()
    present = ok(machines.at(machines.alice, 0).get("/presence", params={"project_id": project}))
    assert [one["name"] for one in present["items"]] == ["Alice"]


def test_without_redis_events_come_by_the_log_and_signals_again_when_it_is_back(
    machines: Machines, project: int, opened: contextlib.ExitStack
) -> None:
    there = socket_at(opened, machines, machines.bob, 1, project)
    owner = machines.at(machines.alice, 0)
    before = ids(machines.log(project))[-1]
    machines.redis.kill()
    told = [owner.tells(project, n=n) for n in range(3)]
    hears(there, told[-1])
    eventually(lambda: machines.status() == ["degraded", "degraded"])
    machines.redis.start()
    eventually(lambda: machines.status() == ["ok", "ok"])
    typing = {"type": "typing", "project_id": project, "payload": {"again": 1}}

    def heard() -> bool:
        ok(owner.post("/events", typing))
        there.flush()
        return any(frame["type"] == "typing" for frame in there.seen)

    eventually(heard)
    assert after(before, there.events()) == told


def test_while_postgresql_restarts_everybody_is_told_to_come_again_and_nothing_is_lost(
    machines: Machines, project: int, opened: contextlib.ExitStack
) -> None:
    here, there = (socket_at(opened, machines, machines.bob, n, project) for n in (0, 1))
    owners = [machines.at(machines.alice, number) for number in (0, 1)]
    with Writer(owners[0], project) as one, Writer(owners[1], project) as other:
        for writer in (one, other):
            writer.writes(5)
        machines.cluster.stop()
        try:
            for writer in (one, other):
                eventually(lambda: writer.refused)  # noqa: B023
            away = [
                answer
                for owner in owners
                for answer in (
                    owner.get(f"/projects/{project}"),
                    owner.post("/events", {"type": "file_changed", "project_id": project}),
                )
            ]
            eventually(lambda: machines.status() == ["unavailable", "unavailable"])
        finally:
            machines.cluster.start()
    for answer in away:
        problem(answer, 503)
        assert int(answer.headers["Retry-After"]) > 0
    assert (one.refused, other.refused) == (503, 503)
    eventually(lambda: machines.status() == ["ok", "ok"])
    last = owners[0].tells(project, text="after it")
    log = ids(machines.log(project))
    assert {*one.ids, *other.ids, last} <= {*log}
    for socket in (here, there):
        hears(socket, last)
        seen = ids(socket.events())
        assert seen == log[-len(seen) :]
        assert {*one.ids, *other.ids} <= {*seen}
