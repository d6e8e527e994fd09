"""Friends: people who work as always, and note what they saw of it."""

from __future__ import annotations

import json
import threading
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from bench._http import Api
from bench._wsclient import BINARY, Client
from bench.siege.target import GONE, Account

#: Seconds between two requests of one friend: under RATE_LIMIT's 300 a minute.
EVERY_S = 0.25
PAUSE_S = 0.2
PATIENCE_S = 10.0


class Friend(threading.Thread):
    """Somebody at an address of their own."""

    def __init__(self, port: int, account: Account, source: str) -> None:
        super().__init__(daemon=True)
        self.port, self.account, self.source = port, account, source
        self.over = threading.Event()

    def run(self) -> None:
        """Work until it is over; what goes wrong is tried again, as people do."""
        while not self.over.is_set():
            with suppress(*GONE, KeyError):
                self.work()
            self.over.wait(PAUSE_S)

    def work(self) -> None:
        """Work until something goes wrong."""

    def api(self) -> Api:
        """Return a new connection."""
        return Api(self.port, self.account.token, PATIENCE_S, self.source)

    def socket(self, path: str) -> Client:
        """Open a socket at an address that ends in `?token=`."""
        return Client(self.port, path + self.account.token, PATIENCE_S, self.source)


class Requester(Friend):
    """Sends requests on fixed times; latency counts from the time at which one was due."""

    def __init__(self, port: int, account: Account, source: str) -> None:
        super().__init__(port, account, source)
        self.latencies: list[float] = []
        self.refused: Counter[str] = Counter()
        #: Tasks that were acknowledged.
        self.made: list[int] = []

    def run(self) -> None:
        """Go through reading and writing, over and over."""
        api, due, number = self.api(), time.monotonic(), 0
        while not self.over.is_set():
            due = max(due, time.monotonic() - PATIENCE_S) + EVERY_S
            self.over.wait(max(0.0, due - time.monotonic()))
            try:
                answer = self.ask(api, number)
            except GONE as error:
                api.close()
                answer = type(error).__name__
            if answer:
                self.refused[answer] += 1
            self.latencies.append(time.monotonic() - due)
            number += 1

    def ask(self, api: Api, number: int) -> str:
        """Make one request; returns what is wrong with its answer."""
        project = self.account.project
        match number % 4:
            case 0:
                status, _ = api.call("GET", "/health")
            case 1:
                status, _ = api.call("GET", f"/api/v1/tasks?project_id={project}")
            case 2:
                status, _ = api.call("GET", "/api/v1/auth/me")
            case _:
                body = {"title": f"friend {number}", "project_id": project}
                status, made = api.call("POST", "/api/v1/tasks", body)
                if status == 201:
                    self.made.append(made["id"])
        return "" if status < 400 else str(status)


class Follower(Friend):
    """Follows the project and what everybody may follow, and resumes after the last id."""

    def __init__(self, port: int, account: Account, source: str) -> None:
        super().__init__(port, account, source)
        self.ids: list[int] = []
        self.cuts = -1  # the first connection is none
        self.start_id = 0

    def work(self) -> None:
        """Follow until cut off."""
        client = self.socket("/ws?token=")
        self.cuts += 1
        try:
            last = self.ids[-1] if self.ids else self.start_id
            topic = f"project:{self.account.project}"
            client.send(json.dumps({"type": "subscribe", "topic": topic, "after": last}).encode())
            client.send(json.dumps({"type": "subscribe", "topic": "posts"}).encode())
            while not self.over.is_set():
                with suppress(TimeoutError):
                    message = json.loads(client.receive(0.5))
                    if "specversion" in message and message.get("topic") == topic:
                        self._take(message)
        finally:
            client.drop()

    def _take(self, message: dict[str, Any]) -> None:
        if not message.get("signal"):  # signals are told once and are not of the log
            self.ids.append(int(message["id"]))


class Editor(Friend, ABC):
    """Writes words into the friends' text, one after the other, each until it is acknowledged."""

    letter = "?"

    def __init__(self, port: int, account: Account, source: str) -> None:
        super().__init__(port, account, source)
        self.acked: list[str] = []
        self.cuts = -1

    def word(self) -> str:
        """Return the word that is next."""
        return f"{self.letter}{len(self.acked):05d};"

    def work(self) -> None:
        """Write until cut off."""
        client = self.open()
        self.cuts += 1
        try:
            while not self.over.is_set():
                self.write(client, self.word())
                self.acked.append(self.word())
                self.over.wait(0.05)
        finally:
            client.drop()

    @abstractmethod
    def open(self) -> Client:
        """Open the text."""

    @abstractmethod
    def write(self, client: Client, word: str) -> None:
        """Write a word, and wait for its acknowledgement."""


class JsonEditor(Editor):
    """Edits by `file.edit`; an edit that got no answer is repeated under its id."""

    letter = "j"
    version = 0

    def open(self) -> Client:
        """Open the text, and learn its version."""
        client = self.socket("/ws?token=")
        wish = {"type": "file.open", "file_id": self.account.file, "ref": "open"}
        client.send(json.dumps(wish).encode())
        self.version = self._answer(client, "open")["version"]
        return client

    def write(self, client: Client, word: str) -> None:
        """Insert a word at the beginning."""
        edit = {
            "type": "file.edit",
            "file_id": self.account.file,
            "base_version": self.version,
            "edit_id": word,
            "edits": [{"insert": word}],
            "ref": word,
        }
        client.send(json.dumps(edit).encode())
        answer = self._answer(client, word)
        if answer["type"] != "file.accepted":
            raise ConnectionError(str(answer))
        self.version = answer["version"]

    def _answer(self, client: Client, ref: str) -> Any:
        until = time.monotonic() + PATIENCE_S
        while True:
            message = json.loads(client.receive(max(0.01, until - time.monotonic())))
            if message.get("ref") == ref:
                return message


class YjsEditor(Editor):
    """Edits as Yjs does; its own update that comes back is the acknowledgement."""

    letter = "y"

    def __init__(self, port: int, account: Account, source: str, client_id: int) -> None:
        super().__init__(port, account, source)
        self.client_id = client_id

    def open(self) -> Client:
        """Connect, and answer what the server asks for: nothing is missing."""
        client = self.socket(f"/yjs/{self.account.file}?token=")
        client.send(b"\x00\x00\x01\x00", BINARY)
        return client

    def write(self, client: Client, word: str) -> None:
        """Append a word to the ones before it."""
        data = word.encode()
        clock = len(self.acked) * len(data)
        place = (
            b"\x84" + lib0(self.client_id) + lib0(clock - 1) if clock else b"\x04\x01\x07content"
        )
        head = b"\x01\x01" + lib0(self.client_id) + lib0(clock)
        update = head + place + lib0(len(data)) + data + b"\x00"
        client.send(b"\x00\x02" + lib0(len(update)) + update, BINARY)
        until = time.monotonic() + PATIENCE_S
        while data not in client.receive(max(0.01, until - time.monotonic())):
            pass


def lib0(value: int) -> bytes:
    """Write a number as lib0 does."""
    written = bytearray()
    while value > 127:
        written.append(value & 127 | 128)
        value >>= 7
    return bytes((*written, value))


Lost = tuple[int, int]


def compared(follower: Follower, log: list[int]) -> Lost:
    """Return how many events a follower lost, and got twice."""
    wanted = [number for number in log if number > follower.start_id]
    return len(set(wanted) - set(follower.ids)), len(follower.ids) - len(set(follower.ids))


def stop(friends: list[Any]) -> None:
    """Let everybody finish."""
    for friend in friends:
        friend.over.set()
    for friend in friends:
        friend.join(PATIENCE_S + 2)


Wait = Callable[[], bool]


def waited(condition: Wait, seconds: float) -> bool:
    """Wait until something is so; tells whether it came to be."""
    until = time.monotonic() + seconds
    while not (done := condition()) and time.monotonic() < until:
        time.sleep(0.05)
    return done
