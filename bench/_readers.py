"""Readers of the long run: they lose their connection at random and resume by id."""

from __future__ import annotations

import json
import random
import threading
import time
from abc import abstractmethod
from collections.abc import Generator
from contextlib import closing
from http.client import HTTPConnection
from typing import Any

from bench._writers import GONE, PAUSE_SECONDS
from bench._wsclient import Client

QUIET_SECONDS = 40.0
Envelopes = Generator[dict[str, Any], None, None]


class Reader(threading.Thread):
    """Follows one project from the start of its log, and keeps the ids in order of arrival."""

    def __init__(self, name: str, port: int, token: str, project: int, seed: int) -> None:
        super().__init__(name=name, daemon=True)
        self.port, self.token, self.topic = port, token, f"project:{project}"
        self.project = project
        self.random = random.Random(f"{seed} {name}")
        self.ids: list[int] = []
        self.drops = self.losses = 0
        #: The id to stop at, once the writers have ended.
        self.target: int | None = None
        self.ending = threading.Event()
        self.failure = ""

    @property
    def last(self) -> int:
        """The id to resume after; 0 at the start."""
        return self.ids[-1] if self.ids else 0

    def done(self) -> bool:
        """Say whether all has been read, or nobody waits any longer."""
        return self.ending.is_set() or (self.target is not None and self.last >= self.target)

    def run(self) -> None:
        """Connect again and again; note what must not happen, and end."""
        try:
            while not self.done():
                self._connection()
        except Exception as error:
            self.failure = f"{self.name}: {error!r}"

    def _connection(self) -> None:
        """Follow until a random point, or until the server goes."""
        events_left = self.random.randrange(1, 600)
        try:
            with closing(self.follow()) as envelopes:
                for envelope in envelopes:
                    self._take(envelope)
                    events_left -= 1
                    if self.done() or not events_left:
                        self.drops += 1
                        return
        except GONE:
            self.losses += 1
            time.sleep(PAUSE_SECONDS)

    def _take(self, envelope: dict[str, Any]) -> None:
        """Keep a row's id. Signals are told once and are not of the log."""
        if not envelope.get("signal"):
            self.ids.append(int(envelope["id"]))

    @abstractmethod
    def follow(self) -> Envelopes:
        """Yield what comes after `last`, over one connection, closed at the end."""


class SocketReader(Reader):
    """Resumes with a `subscribe` message, or, every other one, with the URL."""

    by_url = False

    def follow(self) -> Envelopes:
        """Yield envelopes from a WebSocket."""
        path = f"/ws?token={self.token}"
        if self.by_url:
            path += f"&project_id={self.project}&after={self.last}"
        client = Client(self.port, path)
        try:
            if not self.by_url:
                wish = {"type": "subscribe", "topic": self.topic, "after": self.last}
                client.send(json.dumps(wish).encode())
            yield from self._envelopes(client)
        finally:
            client.drop()

    def _envelopes(self, client: Client) -> Envelopes:
        while True:
            message = json.loads(client.receive(QUIET_SECONDS))
            if "specversion" in message:
                yield message
            elif message["type"] == "error" or message.get("recovered") is False:
                raise RuntimeError(f"{self.name} after {self.last}: {message}")


class UrlReader(SocketReader):
    """Resumes with `?after=`."""

    by_url = True


class StreamReader(Reader):
    """Follows server-sent events and resumes with Last-Event-ID."""

    def follow(self) -> Envelopes:
        """Yield envelopes from a stream."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=QUIET_SECONDS)
        headers = {"Authorization": f"Bearer {self.token}", "Last-Event-ID": str(self.last)}
        try:
            connection.request("GET", f"/api/v1/events/stream?topic={self.topic}", headers=headers)
            answer = connection.getresponse()
            if answer.status >= 500:
                raise ConnectionError(f"status {answer.status}")
            if answer.status != 200:
                raise RuntimeError(f"{self.name}: {answer.status} {answer.read()!r}")
            for line in iter(answer.readline, b""):
                if line.startswith(b"data:") and b'"specversion"' in line:
                    yield json.loads(line[5:])
            raise ConnectionError("the stream ended")
        finally:
            connection.close()
