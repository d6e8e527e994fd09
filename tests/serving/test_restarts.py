"""Machines that are restarted one by one, or killed: every request is answered, nothing is lost."""

from __future__ import annotations

import os
import random
import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from ..realtime.test_no_loss import (
    THE_END,
    RestWriter,
    SocketReader,
    SocketWriter,
    StreamReader,
    Writer,
    stop,
    wait_for,
)
from ..realtime.test_stock_clients import IN_NODE, InNode
from ..support.machines import Machines
from ..support.npm import skip_without_node
from ..support.people import Person
from ..support.servers import PLAIN
from ..support.waiting import PATIENCE, eventually

#: Acknowledged writes in the test of kills, the kills, and how often each reader disconnects.
EVENTS, KILLS, CUTS = 120, 2, 3
#: Seconds between two rounds of requests of one caller: when a machine is told to leave, and
#: otherwise.
BUSY_PAUSE_S, PAUSE_S = 0.005, 0.4
#: Requests that are answered at least before and after it is told, without it, and at the end.
BUSY_REQUESTS, REQUESTS = 20, 8
#: What follows the project as people's programs do, in Node: none of them is told to come back.
STOCK = ("eventsource, token", "ws")


class Caller(threading.Thread):
    """Calls nginx again and again over one connection that is kept alive, and repeats nothing."""

    def __init__(self, machines: Machines, project: int) -> None:
        super().__init__(daemon=True)
        self._machines, self._project = machines, project
        self.over, self.pause_s = threading.Event(), PAUSE_S
        #: How many requests were answered, and what was answered otherwise than it should be.
        self.answered, self.failures = 0, list[str]()
        #: What was acknowledged: events by their ids.
        self.told: list[int] = []

    def run(self) -> None:
        with httpx.Client(base_url=self._machines.url, **PLAIN) as http:
            person = self._machines.alice.at(http)
            while not self.over.wait(self.pause_s):
                self.work(person)

    def work(self, person: Person) -> None:
        """Publish, make a thing, change it, look at it, delete it."""
        about = {"project_id": self._project}
        event = {"type": "file_changed", "payload": {"n": self.answered}} | about
        if told := self.ask(201, person.post, "/events", event):
            self.told.append(int(told["id"]))
        if task := self.ask(201, person.post, "/tasks", {"title": "A task"} | about):
            path = f"/tasks/{task['id']}"
            self.ask(200, person.patch, path, {"title": "Another title"})
            self.ask(200, person.get, f"/tasks?project_id={self._project}")
            self.ask(204, person.delete, path)

    def ask(self, status: int, send: Callable[..., httpx.Response], *how: Any) -> Any:
        """Send a request; returns what was answered, if it is as it should be."""
        try:
            answer = send(*how)
        except httpx.TransportError as error:
            self.failures.append(f"{how[0]}: {error!r}")
            return None
        self.answered += 1
        if answer.status_code != status:
            self.failures.append(f"{how[0]}: {answer.status_code} {answer.text[:200]}")
            return None
        return answer.json() if answer.content else None


class LongPoller(Caller):
    """Follows a project by long polls."""

    last = 0

    def work(self, person: Person) -> None:
        query = f"project_id={self._project}&after={self.last}&wait=5&limit=100"
        if page := self.ask(200, person.get, f"/events?{query}"):
            self.told += [int(one["id"]) for one in page["items"]]
            self.last = page["last_id"]


@pytest.fixture
def stock(machines: Machines) -> Iterator[Callable[[int], InNode]]:
    """Return a starter of stock clients that follow a project behind nginx."""
    skip_without_node(*IN_NODE)
    made: list[InNode] = []

    def start(project: int) -> InNode:
        made.append(InNode(machines.url, project))
        made[-1]("renew", machines.bob.token)
        for kind in STOCK:
            made[-1]("open", kind)
        eventually(lambda: all(one["open"] and one["recovered"] for one in look(made[-1])))
        return made[-1]

    yield start
    for one in made:
        one.close()


def look(node: InNode) -> list[dict[str, Any]]:
    """Return what each stock client has seen."""
    return list(node("look").values())


def test_a_rolling_restart_fails_no_request_and_loses_no_event(
    machines: Machines, stock: Callable[[int], InNode]
) -> None:
    project = machines.project()
    followers = stock(project)
    before = [int(one["id"]) for one in machines.log(project)]
    poller = LongPoller(machines, project)
    poller.last = before[-1]
    callers = [Caller(machines, project) for _ in range(3)]
    for one in (poller, *callers):
        one.start()
    for machine in machines.both:
        pause(callers, BUSY_PAUSE_S)
        writes(callers, BUSY_REQUESTS)
        machine.signal(signal.SIGTERM)
        writes(callers, BUSY_REQUESTS)
        pause(callers, PAUSE_S)
        assert machine.process.wait(PATIENCE) == 0
        writes(callers, REQUESTS)
        machine.start()
        eventually(lambda: machines.status() == ["ok", "ok"])
    writes(callers, REQUESTS)
    for one in callers:
        one.over.set()
        one.join(PATIENCE)
    log = [int(one["id"]) for one in machines.log(project)][len(before) :]
    eventually(lambda: poller.last >= log[-1])
    poller.over.set()
    poller.join(PATIENCE)
    assert [one.failures for one in (poller, *callers)] == [[]] * 4
    told = [key for one in callers for key in one.told]
    assert len(told) == len({*told})
    assert {*told} <= {*log}
    assert poller.told == log
    eventually(lambda: all(log[-1] in one["ids"] for one in look(followers)))
    assert [one["ids"] for one in look(followers)] == [log] * len(STOCK)
    assert [one["over"] for one in look(followers)] == [False] * len(STOCK)


def pause(callers: list[Caller], seconds: float) -> None:
    """Let callers pause for so long between their rounds from now on."""
    for one in callers:
        one.pause_s = seconds


def writes(callers: list[Caller], more: int) -> None:
    """Wait until so many more requests have been answered, or one was not."""
    wanted = sum(one.answered for one in callers) + more
    eventually(
        lambda: (
            sum(one.answered for one in callers) >= wanted or any(one.failures for one in callers)
        )
    )


class Either:
    """Whoever connects comes to one of the machines, whether it lives or not."""

    def __init__(self, machines: Machines, random_: random.Random) -> None:
        self._machines, self._random = machines, random_
        #: Whether a machine starts, which takes the processor.
        self.starting = False

    @property
    def url(self) -> str:
        return self._random.choice(self._machines.both).url

    def restart(self, number: int) -> None:
        """Kill one of them, and start it again."""
        self._machines.both[number].kill()
        self.starting = True
        self._machines.both[number].start()
        self.starting = False


class Calm(Writer):
    """Writes one event right after the other, but while a machine starts."""

    def next(self) -> dict[str, str]:
        if self.server.starting:
            self.over.wait(PAUSE_S)
        return super().next()


class CalmRestWriter(Calm, RestWriter):
    """Does so by requests."""


class CalmSocketWriter(Calm, SocketWriter):
    """Does so over a socket."""


def test_whichever_machine_is_killed_no_event_is_lost_or_doubled(machines: Machines) -> None:
    seed = int(os.environ.get("SEED", random.randrange(2**32)))
    print(f"SEED={seed}")
    random_ = random.Random(seed)
    project = machines.project()
    before = [int(one["id"]) for one in machines.log(project)]
    either: Any = Either(machines, random_)
    writers: list[Writer] = [
        CalmRestWriter("alice", either, machines.alice, project),
        CalmRestWriter("bob", either, machines.bob, project),
        CalmSocketWriter("bob's socket", either, machines.bob, project),
    ]
    readers = [
        kind(
            before[-1],
            random_.sample(range(1, EVENTS * 9 // 10), CUTS),
            random_.random(),
            either,
            machines.bob,
            project,
        )
        for kind in (SocketReader, StreamReader)
        for _ in range(2)
    ]
    for worker in (*writers, *readers):
        worker.start()
    for kill in range(KILLS):
        wait_for(writers, random_.randint(EVENTS * kill, EVENTS * (kill + 1)) // KILLS)
        either.restart(kill % 2)
    wait_for(writers, EVENTS)
    stop(writers)
    machines.alice.tells(project, text=THE_END)
    for reader in readers:
        reader.join(PATIENCE)
    rows = {int(one["id"]): one["data"]["text"] for one in machines.log(project)[len(before) :]}
    assert [reader.ids for reader in readers] == [list(rows)] * len(readers)
    assert [reader.cuts for reader in readers] == [[]] * len(readers)
    assert len(set(rows.values())) == len(rows)
    for writer in writers:
        assert writer.acknowledged.items() <= rows.items()
