"""Redis, PostgreSQL and a consumer in Python: what many would build a pipeline of."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench._postgres import postgres, program
from bench._server import PEERS

CONNECTIONS = 4


@contextmanager
def running(python: str = sys.executable) -> Iterator[tuple[str, Callable[[], int]]]:
    """Run all three on the servers' core; yields Redis' address and how many events are stored."""
    import psycopg

    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.chmod(0o777)
        redis_url = f"unix://{folder}/redis.sock"
        options = ["--port", "0", "--unixsocket", f"{folder}/redis.sock", "--dir", str(folder)]
        options += ["--appendonly", "yes", "--appendfsync", "always", "--save", ""]
        stack.enter_context(program(["redis-server", *options]))
        url = stack.enter_context(postgres(folder / "pg"))
        consumer = [python, str(PEERS / "pipeline_consumer.py"), redis_url, url]
        process = stack.enter_context(program(consumer, stdout=subprocess.PIPE))
        if process.stdout is None or process.stdout.readline() != b"ready\n":
            raise RuntimeError("the consumer does not begin")
        database = stack.enter_context(psycopg.connect(url, autocommit=True))

        def stored() -> int:
            row = database.execute("SELECT events FROM totals").fetchone()
            return int(row[0]) if row else 0

        yield redis_url, stored


def send_all(url: str, stored: Callable[[], int], bodies: Sequence[bytes], count: int) -> float:
    """Append the bodies by some connections; returns events a second, until the last is stored."""
    import redis

    before = stored()

    def append(some: Sequence[bytes]) -> None:
        client = redis.Redis.from_url(url)
        for body in some:
            client.xadd("peer", {"body": body})

    senders = [
        threading.Thread(target=append, args=(bodies[at::CONNECTIONS],))
        for at in range(CONNECTIONS)
    ]
    start = time.perf_counter()
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    while stored() < before + count:
        time.sleep(0.01)
    return count / (time.perf_counter() - start)
