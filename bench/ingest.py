"""How many events a second are taken in and stored, how soon, and what it costs everybody else.

`rates`: batches of several sizes through HTTP until the inbox is empty again, beside the floor of
the machine: the same rows into the same tables with the same indexes by `executemany`, one commit a
batch, nothing else done. `beside`: a list of tasks while events come. `curve`: the pipeline alone,
from an empty store on. `peer`: the same events through a Redis stream (`appendfsync always`) and a
Python consumer into PostgreSQL, in turns with ours.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import sqlite3
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from bench import _peer_pipeline as peer
from bench import _plot
from bench._http import Api, register
from bench._httpload import HttpLoad
from bench._ingest_store import Grower, events
from bench._machine import describe
from bench._server import begin, free_port, ours, temp_folder, wait_health
from bench._stats import markdown, median, percentile
from bench.whole.book import Book
from bench.whole.plan import Plan
from collab.ingest.pipeline.engines.sqlite import INSERT_EVENT
from collab.ingest.pipeline.engines.sqlite_schema import VERSIONS

SIZES = (1, 100, 500, 1000)
CONNECTIONS = 4
BATCH = 500


class Sender(threading.Thread):
    """Sends bodies one after the other on a connection, at most so many a second."""

    def __init__(self, port: int, key: str, bodies: Sequence[bytes], pause_s: float = 0.0) -> None:
        super().__init__(daemon=True)
        self.port, self.bodies, self.pause_s = port, bodies, pause_s
        self.headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        self.refused = 0

    def run(self) -> None:
        """Send all of them; one that is refused comes again."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        due = time.perf_counter()
        for body in self.bodies:
            due += self.pause_s
            time.sleep(max(0.0, due - time.perf_counter()))
            while not self._sent(connection, body):
                self.refused += 1
                time.sleep(0.05)
        connection.close()

    def _sent(self, connection: http.client.HTTPConnection, body: bytes) -> bool:
        connection.request("POST", "/api/v1/ingest", body, self.headers)
        answer = connection.getresponse()
        answer.read()
        if answer.status not in (202, 429):
            raise RuntimeError(f"{answer.status} for a batch")
        return answer.status == 202


@contextmanager
def server(python: str) -> Iterator[tuple[int, Api, str, int, Path]]:
    """Run our server; yields its port, an account, a write key, the project and its store."""
    with temp_folder() as folder:
        port = free_port()
        started = ours(python, port, folder, INGEST_QUEUE_MB="1000", INGEST_QUOTA_MB="100000")
        started.start()
        try:
            wait_health(started, port)
            api = register(port)
            project = api.want(201, "POST", "/api/v1/projects", {"name": "Bench"})["id"]
            body = {"project_id": project, "name": "Load"}
            key = api.want(201, "POST", "/api/v1/ingest/sources", body)["write_key"]
            yield port, api, key, project, folder / "ingest.db"
        finally:
            started.stop()


def stored(path: Path) -> int:
    """Return how many events have been stored, or known, or rejected."""
    if not path.exists():
        return 0
    with sqlite3.connect(path) as store:
        row = store.execute("SELECT sum(stored + duplicate + rejected) FROM totals").fetchone()
    return int(row[0] or 0)


def send_all(port: int, key: str, path: Path, batches: Sequence[bytes], count: int) -> float:
    """Send batches by some connections; returns events a second, until the last is stored."""
    before = stored(path)
    senders = [Sender(port, key, batches[at::CONNECTIONS]) for at in range(CONNECTIONS)]
    start = time.perf_counter()
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    while stored(path) < before + count:
        time.sleep(0.01)
    return count / (time.perf_counter() - start)


def floor(batches: Sequence[Sequence[dict[str, Any]]]) -> float:
    """Return rows a second of a bare `executemany` into the same tables, one commit a batch."""
    with tempfile.TemporaryDirectory() as folder:
        store = sqlite3.connect(Path(folder) / "floor.db", isolation_level=None)
        store.execute("PRAGMA journal_mode=WAL")
        store.execute("PRAGMA synchronous=FULL")
        store.executescript(VERSIONS[0])
        rows = [[_row(one) for one in batch] for batch in batches]
        start = time.perf_counter()
        for batch in rows:
            store.execute("BEGIN IMMEDIATE")
            store.executemany("INSERT OR IGNORE INTO seen VALUES (1, 1, ?)", [r[:1] for r in batch])
            store.executemany(INSERT_EVENT, [row[1:] for row in batch])
            store.execute("COMMIT")
        took = time.perf_counter() - start
        store.close()
    return sum(map(len, batches)) / took


def _row(one: dict[str, Any]) -> tuple[Any, ...]:
    data = json.dumps({"data": one["data"], "metadata": one["metadata"]})
    key = uuid.UUID(one["event_id"]).bytes
    return (key, 1, 1, 1, 1, one["event_type"], one["event_id"], one["user_id"], "s", 0, data)


def record(book: Book, plan: Plan) -> None:
    """Note how many events in batches of 500 are stored a second: ours, the floor and the peer."""
    draw, count = random.Random(5), max(2, int(20_000 * 2 * plan.seconds) // BATCH)
    with ExitStack() as stack:
        port, _, key, _, path = stack.enter_context(server(plan.python))
        redis, stored_by_peer = stack.enter_context(peer.running(plan.peer_python))
        send_all(port, key, path, [json.dumps(events(BATCH, draw)).encode()], BATCH)
        for _ in plan.rounds():
            batches = [events(BATCH, draw) for _ in range(count)]
            bodies = [json.dumps(one).encode() for one in batches]
            for name, rate in (
                ("ours", send_all(port, key, path, bodies, count * BATCH)),
                ("Redis + PostgreSQL", peer.send_all(redis, stored_by_peer, bodies, count * BATCH)),
                ("the floor", floor(batches[: max(1, count // 2)])),
            ):
                book.note("ingest, batches of 500", name, rate, "events/s")


def rates(python: str, seconds: float, rounds: int) -> None:
    """Print events a second by batch size, beside the floor."""
    draw, rows = random.Random(1), []
    guess = {1: 900, 100: 15_000, 500: 22_000, 1000: 22_000}
    with server(python) as (port, _, key, _, path):
        for size in SIZES:
            for twice in (0.0, 0.2) if size > 1 else (0.0,):
                found, floors = [], []
                for _ in range(rounds):
                    count = max(1, int(guess[size] * seconds) // size)
                    batches = [events(size, draw, twice) for _ in range(count)]
                    floors.append(floor(batches[: max(1, count // 2)]))
                    bodies = [json.dumps(one).encode() for one in batches]
                    found.append(send_all(port, key, path, bodies, count * size))
                rate, under = median(found), median(floors)
                shown = (f"{size}", f"{twice:.0%}", f"{rate:,.0f}", f"{under:,.0f}")
                rows.append([*shown, f"{under / rate:.1f}"])
    head = ["batch", "known ids", "stored a second", "floor", "floor / ours"]
    print(markdown(head, rows), flush=True)


def beside(python: str, seconds: float) -> None:
    """Print what a list of tasks takes at rest and while events come, and the way of an event."""
    draw, rows = random.Random(2), []
    with server(python) as (port, api, key, project, path):
        for number in range(50):
            task = {"title": f"Task {number}", "project_id": project}
            api.want(201, "POST", "/api/v1/tasks", task)
        where = f"/api/v1/tasks?project_id={project}&limit=20"
        for rate in (0, 10_000, 12_500, 20_000):
            count = int(rate * seconds) // 500
            bodies = [json.dumps(events(500, draw)).encode() for _ in range(count)]
            pause = CONNECTIONS * 500 / rate if rate else 0.0
            senders = [
                Sender(port, key, bodies[at::CONNECTIONS], pause) for at in range(CONNECTIONS)
            ]
            before = latencies(path)
            for sender in senders:
                sender.start()
            load = HttpLoad(port, where, api.token, 4)
            result = load.paced(50, seconds)
            load.close()
            for sender in senders:
                sender.join()
            took = sorted(result.latencies)
            way = spent(before, latencies(path))
            shown = [f"{percentile(took, share) * 1000:.1f}" for share in (0.5, 0.99)]
            rows.append([f"{rate:,}", *shown, *way])
    head = ["events/s", "list p50 ms", "list p99 ms", "stored p50 ms", "stored p99 ms"]
    print(markdown(head, rows), flush=True)


def latencies(path: Path) -> dict[int, int]:
    """Return how many events took up to how many milliseconds from receipt to store."""
    if not path.exists():
        return {}
    with sqlite3.connect(path) as store:
        rows = store.execute("SELECT bucket, sum(events) FROM latencies GROUP BY bucket")
        return {int(bucket): int(count) for bucket, count in rows}


def spent(before: dict[int, int], after: dict[int, int]) -> list[str]:
    """Return the p50 and p99 of what came in between, as upper bounds of classes."""
    counts = {key: after[key] - before.get(key, 0) for key in sorted(after)}
    total, shown = sum(counts.values()), []
    for share in (0.5, 0.99):
        seen, found = 0, "-"
        for bucket, count in counts.items():
            seen += count
            if total and seen >= share * total:
                found = f"≤ {bucket}"
                break
        shown.append(found)
    return shown


#: Sizes of the store at which the curve has a point.
BORDERS = (10**4, 10**5, 3 * 10**5, 10**6, 3 * 10**6, 10**7)
#: Before a border the last so many are measured.
MEASURED = 100_000


def curve(most: int, svg: str | None) -> None:
    """Print how the pipeline alone goes on as its store grows; `svg` is the name of a picture."""
    rows, points = [], []
    with temp_folder() as place:
        grower = Grower(place)
        for border in (one for one in BORDERS if one <= most):
            grower.until(border - min(MEASURED, border - grower.total))
            rate, cpu = grower.until(border)
            size = (place / "ingest.db").stat().st_size / 2**20
            rows.append([f"{border:,}", f"{rate:,.0f}", f"{cpu:.1f}", f"{size:,.0f}"])
            points.append((border, rate))
        grower.close()
    print(markdown(["stored", "loaded a second", "CPU µs an event", "MiB"], rows), flush=True)
    if svg and points:
        Path(svg).write_text(_plot.curve("Events loaded a second", points, "by events stored"))


def against_peer(python: str, seconds: float, rounds: int) -> None:
    """Print ours and the peer in turns, batches of 500."""
    draw, ours_found, peers_found = random.Random(4), [], []
    count = int(20_000 * seconds) // 500
    with server(python) as (port, _, key, _, path), peer.running() as (redis, stored_by_peer):
        for _ in range(rounds):
            batches = [events(500, draw) for _ in range(count)]
            bodies = [json.dumps(one).encode() for one in batches]
            ours_found.append(send_all(port, key, path, bodies, count * 500))
            peers_found.append(peer.send_all(redis, stored_by_peer, bodies, count * 500))
    rate, other = median(ours_found), median(peers_found)
    rows = [["ours", f"{rate:,.0f}", "1"], ["Redis + PostgreSQL", f"{other:,.0f}", "-"]]
    rows[0][2] = f"{rate / other:.2f}"
    print(markdown(["system", "stored a second", "ratio"], rows), flush=True)


def main() -> None:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("what", nargs="*", default=["rates", "beside", "curve", "peer"])
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rows", type=int, default=10**7, help="how far the curve goes")
    parser.add_argument("--svg", help="a file for the picture of the curve")
    arguments = parser.parse_args()
    begin()
    print(describe(), f"load {os.getloadavg()[0]:.1f}", sep="; ", flush=True)
    if "rates" in arguments.what:
        rates(arguments.python, arguments.seconds, arguments.rounds)
    if "beside" in arguments.what:
        beside(arguments.python, 2 * arguments.seconds)
    if "peer" in arguments.what:
        against_peer(arguments.python, arguments.seconds, arguments.rounds)
    if "curve" in arguments.what:
        curve(arguments.rows, arguments.svg)


if __name__ == "__main__":
    main()
