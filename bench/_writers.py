"""Writers of the long run, who know of each event how it ended.

Each event has a tag, and the tag is acknowledged (the log has it once), unknown (a crash
took the answer, and a socket's event cannot be repeated safely: once or not at all), or,
over REST, waiting (its Idempotency-Key is still leased to a request that died with the
server: asked again at the end).
"""

from __future__ import annotations

import json
import random
import threading
import time
from abc import abstractmethod
from http.client import HTTPException
from typing import Any

from bench._http import Api
from bench._wsclient import Client

PAUSE_SECONDS = 0.1
#: What a connection may raise when the server is killed under it.
GONE = (OSError, HTTPException, ValueError)


class Writer(threading.Thread):
    """Publishes `count` events, one after the other, whatever happens to the server."""

    def __init__(self, name: str, port: int, token: str, project: int, count: int) -> None:
        super().__init__(name=name, daemon=True)
        self.port, self.token, self.project, self.count = port, token, project, count
        self.random = random.Random(name)
        self.sent = 0
        #: Tag -> the log's id as the server told it; 0 where it could only say "done".
        self.acked: dict[str, int] = {}
        self.unknown: set[str] = set()
        self.failure = ""

    def run(self) -> None:
        """Publish all; note what must not happen, and end."""
        try:
            for number in range(self.count):
                self.publish(f"{self.name}-{number:05d}")
                self.sent += 1
        except Exception as error:
            self.failure = f"{self.name}: {error!r}"

    @abstractmethod
    def publish(self, tag: str) -> None:
        """Publish one event and note how it ended."""

    def data(self, tag: str) -> dict[str, Any]:
        """Return an event's data, of differing size."""
        return {"tag": tag, "pad": "x" * self.random.randrange(200)}


class RestWriter(Writer):
    """Posts with an Idempotency-Key, and repeats the request until there is an answer."""

    def __init__(self, name: str, port: int, token: str, project: int, count: int) -> None:
        super().__init__(name, port, token, project, count)
        self.api = Api(port, token)
        self.waiting: dict[str, dict[str, Any]] = {}

    def publish(self, tag: str) -> None:
        """Post one event until its end is known or its key turns out to be leased."""
        event = {"type": "file_changed", "project_id": self.project, "data": self.data(tag)}
        while not self._settled(tag, event):
            time.sleep(PAUSE_SECONDS)

    def _settled(self, tag: str, event: dict[str, Any]) -> bool:
        """Ask once. No answer and a 5xx say nothing; RuntimeError for another refusal."""
        try:
            status, answer = self.api.call("POST", "/api/v1/events", event, Idempotency_Key=tag)
        except GONE:
            self.api.close()
            return False
        if status == 201:
            self.acked[tag] = int(answer["id"])
        elif status == 409 and "Retry-After" in self.api.headers:
            self.waiting[tag] = event
        elif status == 409:
            self.acked[tag] = 0
        elif status < 500:
            raise RuntimeError(f"{tag}: {status} {answer}")
        return status < 500

    def finish(self, until: float) -> None:
        """Ask again for what waits, until its lease is over; `until` is monotonic time."""
        while self.waiting and time.monotonic() < until:
            waiting, self.waiting = self.waiting, {}
            for tag, event in waiting.items():
                if not self._settled(tag, event):
                    self.waiting[tag] = event
            time.sleep(1.0 if self.waiting else 0)


class SocketWriter(Writer):
    """Publishes over a socket, waits for each acknowledgement, and never repeats."""

    client: Client | None = None

    def publish(self, tag: str) -> None:
        """Send one event; without an acknowledgement its end stays unknown."""
        client = self._connected()
        message = {"type": "file_changed", "payload": self.data(tag), "ref": tag}
        try:
            client.send(json.dumps(message).encode())
            self.acked[tag] = self._acknowledged(client, tag)
        except GONE:
            self.unknown.add(tag)
            client.drop()
            self.client = None

    def _connected(self) -> Client:
        while self.client is None:
            path = f"/ws?token={self.token}&project_id={self.project}"
            try:
                self.client = Client(self.port, path)
            except GONE:
                time.sleep(PAUSE_SECONDS)
        return self.client

    def _acknowledged(self, client: Client, tag: str) -> int:
        """Return the id told for this tag; other traffic of the socket is passed over."""
        while True:
            answer = json.loads(client.receive())
            if answer.get("ref") == tag:
                if answer["type"] != "published":
                    raise RuntimeError(f"{tag}: {answer}")
                return int(answer["id"])
