"""PostgreSQL for a benchmark: a cluster of its own, with its defaults, so commits are synced."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from bench._server import SERVER_CORE, free_port

#: Who runs it where the benchmark runs as root, which it refuses.
ACCOUNT = "nobody"


@contextmanager
def program(command: Sequence[str], **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program on the servers' core within this block."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL} | options
    process = subprocess.Popen(["taskset", "-c", str(SERVER_CORE), *command], **quiet)
    try:
        time.sleep(0.5)
        yield process
    finally:
        process.terminate()
        process.wait()


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
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
    make += ["-E", "UTF8", "--locale=C.UTF-8"]
    subprocess.run([*as_account, *make], check=True, **quiet)
    port = free_port()
    serve = [f"{found[-1]}/postgres", "-D", str(folder), "-p", str(port), "-k", str(folder)]
    url = f"postgresql://bench@127.0.0.1:{port}/postgres"
    with program([*as_account, *serve]):
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
