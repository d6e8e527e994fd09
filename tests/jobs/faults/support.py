"""What fault tests look at: jobs as people see them, and their history in the log."""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
from flask import Flask

from ...support import databases, history
from ...support.people import Person, ok
from ...support.served import Traces
from ...support.waiting import PATIENCE, eventually

#: The locks that workers hold in a database, each by a number of 64 bits.
WORKERS_LOCKS = """
SELECT classid || '-' || objid FROM pg_locks JOIN pg_database AS base ON base.oid = database
WHERE datname = '{}' AND locktype = 'advisory' AND objsubid = 1 AND granted"""

#: What may happen to a job that ends well, an initial for each event. Attempts that were cut off
#: are followed by a retry, or by the queue.
LEGAL = re.compile(r"Q(S[po]*[RQ])*S[po]*E")
INITIALS = {
    "job.queued": "Q",
    "job.started": "S",
    "job.progressed": "p",
    "job.output": "o",
    "job.retry_scheduled": "R",
    "job.succeeded": "E",
}


def locks(instance: Path) -> list[str]:
    """Return the names of the workers' locks; of the dead there may be files."""
    if there := databases.server():
        rows = there.ask("postgres", WORKERS_LOCKS.format(databases.name_of(instance)))
        return sorted(name for (name,) in rows)
    return sorted(path.stem for path in (instance / "workers").glob("*.lock"))


def job(person: Person, job_id: int) -> dict[str, Any]:
    """Return a job as its owner sees it."""
    return ok(person.get(f"/jobs/{job_id}"))


def attempts(person: Person, job_id: int) -> list[dict[str, Any]]:
    return ok(person.get(f"/jobs/{job_id}/attempts"))["items"]


def outcomes(person: Person, job_id: int) -> list[str]:
    """Return how a job's attempts ended, the first one first."""
    return [attempt["outcome"] for attempt in attempts(person, job_id)]


def becomes(person: Person, job_id: int, status: str, patience: float = PATIENCE) -> dict[str, Any]:
    """Wait until a job is in a state, and return it.

    Asking takes the processor from the server that is waited for: ten times a second are enough.
    """
    pause = threading.Event()
    found: dict[str, Any] = {}

    def is_so() -> bool:
        found.update(job(person, job_id))
        return found["status"] == status or pause.wait(0.1)

    eventually(is_so, patience)
    return found


def began(traces: Traces, times: int = 1) -> None:
    """Wait until jobs have begun so many runs."""
    eventually(lambda: len(traces.lines("begun")) >= times)


def kinds(app: Flask, job_id: int) -> list[str]:
    """Return the types of a job's events."""
    return [row.type for row in history.rows(app, f"job:{job_id}")]


def illegal(app: Flask, *job_ids: int) -> dict[int, str]:
    """Return the jobs whose events are not those of one that ended well, with the initials."""
    told = dict.fromkeys(job_ids, "")
    for row in history.rows(app, *(f"job:{job_id}" for job_id in job_ids)):
        told[row.data["job_id"]] += INITIALS.get(row.type, "?")
    return {job_id: initials for job_id, initials in told.items() if not LEGAL.fullmatch(initials)}


def count(instance: Path, table: str) -> int:
    """Return how many rows a table has."""
    with contextlib.closing(databases.opened(instance)) as connection:
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


@contextlib.contextmanager
def locked(instance: Path) -> Iterator[None]:
    """Hold the database's write lock within this block, as another process's long change does."""
    connection = databases.opened(instance, timeout=30)
    with contextlib.closing(connection):
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")


def submits(
    person: Person, key: str, value: str | None = None, kind: str = "served_line", **more: Any
) -> int:
    """Submit a job to a server that comes and goes, again and again under one key."""
    pause = threading.Event()
    while True:
        with contextlib.suppress(httpx.TransportError):
            made = person.submits(kind, value, idempotency_key=key, **more)
            return int(made["id"])
        pause.wait(0.02)  # whoever is refused at once would take the processor from the start


CODE = """
import time
print("hello", flush=True)
time.sleep(100)
"""


def runs_code(person: Person) -> int:
    """Submit code that runs long, and return the job when the code has begun."""
    order = {"type": "code_execution", "payload": {"language": "python", "code": CODE}}
    made = ok(person.post("/jobs", order))["id"]
    eventually(lambda: said(person, made, attempt=1) == "hello\n")
    return int(made)


def said(person: Person, job_id: int, attempt: int) -> str:
    """Return what a run wrote."""
    lines = ok(person.get(f"/jobs/{job_id}/log"))["items"]
    return "".join(line["text"] for line in lines if line["attempt"] == attempt)
