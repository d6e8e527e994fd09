"""Redis, PostgreSQL and a consumer in Python: what many would build a pipeline of."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from bench._server import PEERS, SERVER_CORE, free_port

#: Who runs PostgreSQL, which refuses to be root's.
ACCOUNT = "nobody"
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
        stack.enter_context(_program(["redis-server", *options]))
        url = stack.enter_context(_postgres(folder / "pg"))
        consumer = [python, str(PEERS / "pipeline_consumer.py"), redis_url, url]
        process = stack.enter_context(_program(consumer, stdout=subprocess.PIPE))
        if process.stdout is None or process.stdout.readline() != b"ready\n":
            raise RuntimeError("the consumer does not begin")
        database = stack.enter_context(psycopg.connect(url, autocommit=True))

        def stored() -> int:
            row = database.execute("SELECT events FROM totals").fetchone()
            return int(row[0]) if row else 0

        yield redis_url, stored


@contextmanager
def _program(command: Sequence[str], **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL} | options
    process = subprocess.Popen(["taskset", "-c", str(SERVER_CORE), *command], **quiet)
    try:
        time.sleep(0.5)
        yield process
    finally:
        process.terminate()
        process.wait()


@contextmanager
def _postgres(folder: Path) -> Iterator[str]:
    """Run a cluster of its own, with its defaults: commits are synced."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not found or not shutil.which("runuser"):
        raise SystemExit("first: apt-get install postgresql redis-server")
    as_account = ["runuser", "-u", ACCOUNT, "--"] if os.geteuid() == 0 else []
    folder.mkdir()
    if as_account:
        shutil.chown(folder, ACCOUNT)
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    make = [f"{found[-1]}/initdb", "-D", str(folder), "-A", "trust", "-U", "bench"]
    subprocess.run([*as_account, *make], check=True, **quiet)
    port = free_port()
    serve = [f"{found[-1]}/postgres", "-D", str(folder), "-p", str(port), "-k", str(folder)]
    url = f"postgresql://bench@127.0.0.1:{port}/postgres"
    with _program([*as_account, *serve]):
        _wait(url)
        yield url


def _wait(url: str) -> None:
    import psycopg

    until = time.monotonic() + 20
    while time.monotonic() < until:
        with suppress(psycopg.OperationalError):
            psycopg.connect(url).close()
            return
        time.sleep(0.05)
    raise RuntimeError("PostgreSQL does not begin")


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
