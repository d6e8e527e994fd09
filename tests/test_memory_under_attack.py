"""What an ordinary person, or nobody at all, can send takes no more memory than is stated."""

from __future__ import annotations

import contextlib
import os
import sys
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from collab.core.json import dumps

from .support import databases
from .support.memory import CROWD, MIB
from .support.people import Person
from .support.raw import TEXT, RawSocket

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it reads /proc")

#: How far above rest the server may come, whatever is sent.
ROOM = 200 * MIB
EVENTS, AT_ONCE = 100, 4


@pytest.fixture
def attacked(process: Callable[..., Any]) -> Any:
    # What is accepted stays where it is: how much a worker of its own takes is not the server's.
    return process(MESSAGE_RATE="1000", INGEST_WORKER="off")


@pytest.fixture
def people(attacked: Any, alice: Person, ada: Person) -> Iterator[tuple[Person, Person]]:
    with httpx.Client(base_url=attacked.url, timeout=120) as client:
        yield alice.at(client), ada.at(client)


@pytest.fixture
def topic(attacked: Any, instance: Path, alice: Person, project: int) -> str:
    """Return a topic with 24 MB of events, which were 600 MB as objects."""
    topic = f"project:{project}"
    columns = "topic, type, actor, project_id, data, time"
    said, time = dumps(CROWD).decode(), "2026-01-01 00:00:00.000000"
    row = (topic, "crowd.came", alice.id, project, said, time)
    insert = f"INSERT INTO events ({columns}) VALUES (?, ?, ?, ?, ?, ?)"
    with (
        contextlib.closing(databases.opened(instance, timeout=30)) as database,
        database,
    ):
        database.executemany(insert, [row] * EVENTS)
    return topic


def status(worker: int, name: str) -> int:
    """Return a figure of /proc/PID/status, in bytes."""
    lines = Path(f"/proc/{worker}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))


def bomb() -> bytes:
    squeezer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return (squeezer.compress(b"x" * 16_000_000) + squeezer.flush(zlib.Z_SYNC_FLUSH))[:-4]


def attacks(server: Any, alice: Person, ada: Person, topic: str) -> list[Callable[[], object]]:
    """Return what is sent, all at once."""
    many = b'{"type":"x.y","payload":{"a":[' + b",".join([b"{}"] * 340_000) + b"]}}"
    wide = '{"type":"x.y","payload":{"a":"😀'.encode() + b"x" * 900_000 + b'"}}'
    json, file = {"Content-Type": "application/json"}, os.urandom(20 * MIB)
    headers = {"Authorization": f"Bearer {alice.token}"}
    asks = [
        lambda: alice.get("/events", params={"topic": topic, "limit": 100}),
        lambda: alice.get("/activity", params={"limit": 100}),
        lambda: ada.get("/audit", params={"limit": 100}),
        lambda: ada.get("/audit/export", params={"format": "jsonl"}),
        lambda: alice.request("POST", "/events", content=many, headers=json),
        lambda: alice.request("POST", "/events", content=wide, headers=json),
        lambda: alice.request(
            "POST", "/uploads", content=file, headers=headers | {"Idempotency-Key": "k"}
        ),
        lambda: alice.post("/auth/login", {"email": "a@b.example", "password": "wrong pass"}),
    ]
    return asks * AT_ONCE


def open_sockets(server: Any, alice: Person, topic: str) -> list[RawSocket]:
    """Open sockets that catch up and read nothing, and others that send bombs before `auth`."""
    followers = [RawSocket(server.url, token=alice.token, receive_buffer=4096) for _ in range(6)]
    for one in followers:
        one.send("subscribe", topic=topic, after=0)
    strangers = [RawSocket(server.url, extensions="permessage-deflate") for _ in range(20)]
    squeezed = bomb()
    for one in strangers:
        one.send_frame(TEXT, squeezed, rsv=4)
    return followers + strangers


@pytest.mark.timeout(180)
def test_all_attacks_on_memory_at_once_stay_within_200_mib_of_rest(
    attacked: Any, people: tuple[Person, Person], topic: str
) -> None:
    alice, ada = people
    worker = attacked.worker
    alice.get("/projects")
    rest = status(worker, "VmRSS")
    Path(f"/proc/{worker}/clear_refs").write_text("5")  # forgets the highest so far (man 5 proc)
    opened = open_sockets(attacked, alice, topic)
    with ThreadPoolExecutor(32) as pool:
        for asked in [pool.submit(attack) for attack in attacks(attacked, alice, ada, topic)]:
            asked.result()
    for one in opened:
        one.close()
    assert status(worker, "VmHWM") - rest < ROOM
    assert alice.get("/health").status_code == 200


@pytest.mark.timeout(180)
def test_many_large_bodies_of_events_at_once_stay_within_that_as_well(
    attacked: Any, people: tuple[Person, Person], project: int
) -> None:
    alice, _ = people
    worker = attacked.worker
    # As many values as a body may have, in as many bytes: it is the largest as objects.
    data = {f"k{one}": one for one in range(100)}
    body = dumps([{"event_type": "crowd", "data": data | {"t": "x" * 2000}}] * 1000)
    assert 2 * MIB < len(body) < 4 * MIB
    alice.post(f"/ingest?project_id={project}", [{"event_type": "crowd"}])
    rest = status(worker, "VmRSS")
    Path(f"/proc/{worker}/clear_refs").write_text("5")

    def send() -> int:
        path = f"/ingest?project_id={project}"
        headers = {"Content-Type": "application/json"}
        return alice.request("POST", path, content=body, headers=headers).status_code

    with ThreadPoolExecutor(24) as pool:
        answers = [one.result() for one in [pool.submit(send) for _ in range(24)]]
    assert set(answers) <= {202, 429, 503}
    assert 202 in answers
    assert status(worker, "VmHWM") - rest < ROOM
