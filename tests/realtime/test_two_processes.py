"""A real server with two web processes: whichever one a client comes to, it sees the same."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from ..support.people import Person, ok
from ..support.servers import PLAIN, ProcessServer
from ..support.sockets import Socket
from ..support.waiting import eventually

#: A state in /proc/net/tcp.
ESTABLISHED = "01"


class Pair:
    """The server, and who is connected to which of its processes."""

    def __init__(self, server: ProcessServer) -> None:
        self.server = server
        self._open = ExitStack()

    @property
    def workers(self) -> list[int]:
        """Return the numbers of the web processes."""
        return sorted(self.server.workers)

    def worker_of(self, socket: Socket) -> int:
        """Return which process has a socket's other end."""
        theirs, ours = self.server.port, socket.ws.sock.getsockname()[1]
        ends = [f"0100007F:{port:04X}" for port in (theirs, ours)]
        rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        (inode,) = [row[9] for row in rows if row[1:3] == ends and row[3] == ESTABLISHED]
        (found,) = [pid for pid in self.workers if f"socket:[{inode}]" in descriptors(pid)]
        return found

    def sockets(self, *people: Person, **query: Any) -> list[Socket]:
        """Connect people, the first to one process and the second to the other."""
        found: dict[int, Socket] = {}
        for person in people:
            while True:
                socket = Socket(self.server.url, token=person.token, **query)
                self._open.callback(socket.close)
                worker = self.worker_of(socket)
                if worker not in found:
                    found[worker] = socket
                    break
                socket.close()
        return list(found.values())

    def close(self) -> None:
        """Let go of all sockets."""
        self._open.close()


def descriptors(pid: int) -> set[str]:
    """Return what a process has open."""
    found = set()
    for one in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            found.add(str(one.readlink()))
    return found


@pytest.fixture
def pair(standing: Callable[..., ProcessServer]) -> Iterator[Pair]:
    """Return a server with two processes: in the place of one that is killed comes another."""
    made = Pair(standing(WEB_PROCESSES="2", SQLITE_SYNCHRONOUS="normal"))
    eventually(lambda: len(made.workers) == 2)
    yield made
    made.close()


@pytest.fixture
def project(pair: Pair, alice: Person, over: Any) -> int:
    """Return a project of this test alone, in which bob is a collaborator."""
    return int(over(pair.server, alice).makes_project(bob="collaborator"))


def test_each_event_comes_once_in_the_logs_order_and_rights_and_presence_hold_across(
    pair: Pair, alice: Person, bob: Person, project: int, over: Any
) -> None:
    owner = over(pair.server, alice)
    here, there = pair.sockets(alice, bob)
    for socket in (here, there):
        socket.ask("subscribe", topic=f"project:{project}")

    # Written through both, by several at once.
    def write(number: int) -> None:
        ok(owner.post("/tasks", {"title": f"task {number}", "project_id": project}))

    writers = [threading.Thread(target=write, args=(number,)) for number in range(12)]
    for one in writers:
        one.start()
    for one in writers:
        one.join()
    for socket in (here, there):
        socket.until(lambda _: count(socket, "task.created") == 12)  # noqa: B023
        ids = [int(event["id"]) for event in socket.events()]
        assert ids == sorted(set(ids))
    assert here.events()[-12:] == there.events()[-12:]

    # A signal that one sends the other hears; and a person is present once.
    here.send("typing", project_id=project, payload={"in": "title"})
    assert there.expect("typing")["data"] == {"in": "title"}
    present = ok(owner.get("/presence", params={"project_id": project}))["items"]
    assert sorted(one["name"] for one in present) == ["Alice", "Bob"]

    # A right that is taken away through one process is gone in the other before the next event.
    ok(owner.delete(f"/projects/{project}/members/{bob.id}"))
    write(13)
    there.flush()
    assert there.ask("typing", project_id=project, payload={})["type"] == "error"
    assert count(there, "task.created") == 12
    assert there.events()[-1]["type"] == "member.removed"


def test_the_people_of_a_killed_process_are_gone_and_nothing_is_lost(
    pair: Pair, alice: Person, bob: Person, project: int
) -> None:
    here, there = pair.sockets(alice, bob)
    for socket in (here, there):
        socket.ask("subscribe", topic=f"project:{project}")
    here.expect("user.joined", actor=bob.id)
    killed = pair.worker_of(there)
    os.kill(killed, signal.SIGKILL)
    assert here.expect("user.left")["data"]["name"] == "Bob"
    # Another one takes its place, and tells and hears what happens from there on.
    eventually(lambda: len(set(pair.workers) - {killed}) == 2)
    again = pair.sockets(alice, bob, project_id=project)[1]
    assert pair.worker_of(again) != killed
    here.expect("user.joined", actor=bob.id)


def count(socket: Socket, kind: str) -> int:
    return sum(event["type"] == kind for event in socket.events())


def test_a_client_that_polls_is_answered_by_its_process_wherever_it_comes_in(
    pair: Pair, alice: Person, project: int
) -> None:
    """Each request comes on a connection of its own, so to either process."""
    address = f"{pair.server.url}/socket.io/"
    query = {"EIO": "4", "transport": "polling"}

    def fetch(**more: str) -> str:
        return httpx.get(address, params=query | more, **PLAIN).raise_for_status().text

    def bring(packet: str, sid: str) -> None:
        found = httpx.post(address, params=query | {"sid": sid}, content=packet, **PLAIN)
        assert found.raise_for_status().text == "ok"

    sids = [json.loads(fetch()[1:])["sid"] for _ in range(4)]
    for sid in sids:
        bring("40" + json.dumps({"token": alice.token}), sid)
        assert fetch(sid=sid).startswith("40{")
    text = "ä" * 20_000  # as JSON longer than what stays in memory
    for sid in sids:
        told = ["activity", {"project_id": project, "payload": {"text": text}}]
        bring("427" + json.dumps(told), sid)
        while "437[" not in (answer := fetch(sid=sid)):
            assert answer
        assert "error" not in answer
