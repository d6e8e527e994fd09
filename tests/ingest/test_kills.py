"""Server and worker are killed again and again while events come: each is stored exactly once."""

from __future__ import annotations

import os
import signal
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import httpx

from ..support.people import Person, ok
from ..support.pipeline import conserved
from ..support.servers import PLAIN, ProcessServer
from ..support.waiting import eventually

#: Half of them are the server's, half the worker's.
KILLS = 20
EVENTS_PER_REQUEST = 20
SENDERS = 2


class Sender(threading.Thread):
    """Sends requests, each again and again until it is acknowledged, as a good client does."""

    def __init__(self, url: str, key: str, name: str) -> None:
        super().__init__(daemon=True)
        self._url, self._key, self._name = url, key, name
        self.ended = threading.Event()
        self.acknowledged = 0

    def run(self) -> None:
        """Send until told to end; what was begun is brought to its end."""
        headers = {"Authorization": f"Bearer {self._key}"}
        with httpx.Client(base_url=f"{self._url}/api/v1", headers=headers, **PLAIN) as http:
            while not self.ended.is_set():
                self._send(http)

    def _send(self, http: httpx.Client) -> None:
        first = self.acknowledged * EVENTS_PER_REQUEST
        numbers = range(first, first + EVENTS_PER_REQUEST)
        events = [
            {
                "event_id": f"{self._name}-{number}",
                "event_type": "click",
                "timestamp": "2026-01-31T09:30:00Z",
            }
            for number in numbers
        ]
        while True:
            try:
                if http.post("/ingest", json=events).status_code == 202:
                    break
            except httpx.TransportError:
                self.ended.wait(0.01)
        self.acknowledged += 1


def worker_of(instance: Path) -> int | None:
    """Return the process that works on this folder's store."""
    lock = f"{instance / 'ingest.db'}.lock"
    inode = Path(lock).stat().st_ino if Path(lock).exists() else None
    for line in Path("/proc/locks").read_text().splitlines():
        words = line.split()
        if words[1] == "FLOCK" and words[3] == "WRITE" and words[5].endswith(f":{inode}"):
            return int(words[4])
    return None


def stored(instance: Path) -> int:
    """Return how many events are in the store."""
    path = f"file:{instance / 'ingest.db'}?mode=ro"
    try:
        with closing(sqlite3.connect(path, uri=True)) as store:
            return int(store.execute("SELECT count(*) FROM events").fetchone()[0])
    except sqlite3.OperationalError:  # it is made with the first events
        return 0


def test_twenty_kills_of_server_and_worker_lose_and_double_nothing(
    quiet: Callable[..., ProcessServer],
    over: Callable[..., Person],
    alice: Person,
    project: int,
    instance: Path,
) -> None:
    server = quiet(INGEST_WORKER="process")
    body = {"project_id": project, "name": "Under fire"}
    key = ok(over(server, alice).post("/ingest/sources", body))["write_key"]
    senders = [Sender(server.url, key, f"s{number}") for number in range(SENDERS)]
    for sender in senders:
        sender.start()
    before = 0
    for number in range(KILLS):
        # A request with which worker after worker dies is given up; here none is at fault.
        before = eventually(lambda before=before: (now := stored(instance)) > before and now)
        seen = [sender.acknowledged for sender in senders]
        eventually(
            lambda seen=seen: all(
                now.acknowledged > before for now, before in zip(senders, seen, strict=True)
            )
        )
        if number % 2:
            server.kill()
            server.start()
        else:
            os.kill(eventually(lambda: worker_of(instance)), signal.SIGKILL)
    for sender in senders:
        sender.ended.set()
        sender.join()
    sent = sum(sender.acknowledged for sender in senders) * EVENTS_PER_REQUEST
    with closing(sqlite3.connect(instance / "ingest.db")) as store:
        count = "SELECT count(*), count(DISTINCT event_id) FROM events"
        eventually(lambda: store.execute(count).fetchone()[0] >= sent)
        assert store.execute(count).fetchone() == (sent, sent)
        assert conserved(store)
