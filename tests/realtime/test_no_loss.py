"""No event is lost and none comes twice, across disconnects and crashes of the server."""

from __future__ import annotations

import contextlib
import os
import random
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any

import httpx
from flask import Flask

from ..support import history
from ..support.people import Person
from ..support.raw import RawSocket
from ..support.servers import PLAIN, ProcessServer
from ..support.sockets import Closed
from ..support.streams import Stream
from ..support.waiting import eventually

EVENTS, KILLS, PATIENCE = 200, 2, 60.0
#: 15 for each kind of reader.
DISCONNECTS = 30

THE_END = "the end"

BROKEN = (ConnectionError, EOFError, TimeoutError, Closed, httpx.TransportError)


class Worker(threading.Thread, ABC):
    """Works on a server that comes and goes, again and again, until it has done its work."""

    def __init__(self, server: ProcessServer, person: Person, project: int) -> None:
        super().__init__(daemon=True)
        self.server, self.person, self.project = server, person, project
        self.over = threading.Event()

    def run(self) -> None:
        while not self.over.is_set():
            with contextlib.suppress(*BROKEN):
                self.work()
            time.sleep(0.05)  # the server may be starting

    @abstractmethod
    def work(self) -> None: ...


# -- writers --------------------------------------------------------------------------------------


class Writer(Worker):
    """Publishes, and keeps what was acknowledged: the payload by the id."""

    def __init__(self, name: str, *where: Any) -> None:
        super().__init__(*where)
        self.label, self.number = name, 0
        self.acknowledged: dict[int, str] = {}

    def next(self) -> dict[str, str]:
        """Return a payload that nobody else has: what is not acknowledged is not sent again."""
        self.number += 1
        return {"text": f"{self.label} {self.number}"}


class RestWriter(Writer):
    def work(self) -> None:
        with httpx.Client(base_url=self.server.url, **PLAIN) as http:
            person = self.person.at(http)
            while not self.over.is_set():
                payload = self.next()
                told = person.tells(self.project, **payload)
                self.acknowledged[told] = payload["text"]


class SocketWriter(Writer):
    def work(self) -> None:
        with RawSocket(self.server.url, token=self.person.token) as socket:
            while not self.over.is_set():
                payload = self.next()
                socket.send("file_changed", project_id=self.project, payload=payload)
                told = socket.receive()
                self.acknowledged[int(told["id"])] = payload["text"]


# -- readers --------------------------------------------------------------------------------------


class Reader(Worker):
    """Reads, disconnects at random places, and resumes after the last id it saw."""

    def __init__(self, start: int, cuts: list[int], seed: int, *where: Any) -> None:
        super().__init__(*where)
        self.ids: list[int] = []
        self.start_id, self.cuts, self.random = start, sorted(cuts), random.Random(seed)

    @property
    def last(self) -> int:
        return self.ids[-1] if self.ids else self.start_id

    def work(self) -> None:
        with contextlib.closing(self.events()) as events:
            for event in events:
                self.ids.append(int(event["id"]))
                if event["data"]["text"] == THE_END:
                    self.over.set()
                    return
                if self.cuts and len(self.ids) >= self.cuts[0]:
                    self.cuts.pop(0)
                    return

    @abstractmethod
    def events(self) -> Iterator[Any]: ...


class SocketReader(Reader):
    def events(self) -> Iterator[Any]:
        token = self.person.token
        socket = RawSocket(self.server.url, token=token, project_id=self.project, after=self.last)
        try:
            assert socket.receive()["recovered"]
            while True:
                frame = socket.receive()
                if "signal" not in frame:
                    yield frame
        finally:
            self.random.choice([socket.vanish, socket.close])()


class StreamReader(Reader):
    def events(self) -> Iterator[Any]:
        token = self.person.token
        with Stream(self.server.url, token, self.last, project_id=self.project) as stream:
            for sent in stream:
                assert sent.data.get("recovered", True)
                if sent.id and sent.name == "message":
                    yield sent.data


def planned(random_: random.Random, count: int) -> list[int]:
    """Return after how many events a reader disconnects."""
    return random_.sample(range(1, EVENTS * 9 // 10), count)


def test_readers_end_with_exactly_the_log_and_every_acknowledged_write_is_in_it(
    process: Any, app: Flask, alice: Person, bob: Person, vera: Person, project: int
) -> None:
    seed = int(os.environ.get("SEED", random.randrange(2**32)))
    print(f"SEED={seed}")
    random_, start = random.Random(seed), history.ids(app)[-1]
    server = process(MESSAGE_RATE="100000")
    writers: list[Writer] = [
        RestWriter("alice", server, alice, project),
        RestWriter("bob", server, bob, project),
        SocketWriter("bob's socket", server, bob, project),
    ]
    each = DISCONNECTS // 6
    readers: list[Reader] = [
        kind(start, planned(random_, each), random_.random(), server, vera, project)
        for kind in (SocketReader, StreamReader)
        for _ in range(3)
    ]
    for worker in (*writers, *readers):
        worker.start()
    for kill in range(KILLS):
        wait_for(writers, random_.randint(EVENTS * kill, EVENTS * (kill + 1)) // KILLS)
        server.kill()
        server.start()
    wait_for(writers, EVENTS)
    stop(writers)
    alice.tells(project, text=THE_END)
    for reader in readers:
        reader.join(PATIENCE)
    rows = history.rows(app, f"project:{project}", after=start)
    assert [reader.ids for reader in readers] == [[row.id for row in rows]] * len(readers)
    assert [reader.cuts for reader in readers] == [[]] * len(readers)
    told = {row.id: row.data["text"] for row in rows}
    assert len(set(told.values())) == len(told)
    for writer in writers:
        assert writer.acknowledged.items() <= told.items()


def wait_for(writers: list[Writer], count: int) -> None:
    """Wait until so many writes have been acknowledged."""
    eventually(lambda: sum(len(one.acknowledged) for one in writers) >= count, PATIENCE)


def stop(writers: list[Writer]) -> None:
    for writer in writers:
        writer.over.set()
    for writer in writers:
        writer.join(PATIENCE)
        assert not writer.is_alive()
