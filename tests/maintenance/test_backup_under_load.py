"""A backup taken while everybody writes has all that was acknowledged before it, and no halves."""

from __future__ import annotations

import gzip
import hashlib
import json
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from flask import Flask

from ..support.people import Person, ok
from ..support.pipeline import conserved
from ..support.servers import PLAIN
from ..support.waiting import eventually
from .conftest import Command

pytestmark = pytest.mark.sqlite("backup")

#: Changes of each kind that are acknowledged before the backup begins.
BEFORE = 8
#: Tables whose rows are never changed: what is restored has to be what is there now, up to an id.
UNCHANGING = ("events", "comments", "file_changes")


class Load:
    """Goes on doing one thing, and notes what was acknowledged."""

    def __init__(self, act: Callable[[int], Any]) -> None:
        self._act, self._stopping = act, threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.done: list[Any] = []

    def _run(self) -> None:
        while not self._stopping.is_set():
            self.done.append(self._act(len(self.done)))

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()


@pytest.fixture
def served(serve: Callable[..., Any]) -> Any:
    return serve(INGEST_WORKER="thread", HOUSEKEEPING="on", INGEST_RATE_LIMIT="off")


@pytest.fixture
def loads(served: Any, alice: Person, project: int) -> Iterator[dict[str, Load]]:
    """Write of every kind, each from a thread of its own."""
    http = httpx.Client(base_url=served.url, **PLAIN)
    alice = alice.at(http)
    desk = alice.makes_workspace(project)
    task = ok(alice.post("/tasks", {"title": "T", "project_id": project}))["id"]
    text = alice.makes_file(desk, "live.txt", "")["id"]
    key = ok(alice.post("/ingest/sources", {"project_id": project, "name": "Web"}))["write_key"]

    def sends(number: int) -> str:
        body = {"type": "visit", "event_id": f"e{number}", "data": {"n": number}}
        ok(http.post("/api/v1/ingest", json=body, headers={"Authorization": f"Bearer {key}"}))
        return f"e{number}"

    def edits(number: int) -> int:
        ok(alice.request("PUT", f"/files/{text}/content", content=f"version {number}".encode()))
        return number + 1

    def comes_and_goes(number: int) -> int:
        gone = alice.uploads(f"short-lived {number}".encode())["id"]
        assert alice.delete(f"/uploads/{gone}").status_code == 204
        return int(gone)

    kinds: dict[str, Callable[[int], Any]] = {
        "tasks": lambda number: ok(alice.post("/tasks", {"title": f"Task {number}"}))["id"],
        "posts": lambda number: alice.writes(f"Post {number}")["id"],
        "comments": lambda number: alice.comments(task, f"Comment {number}")["id"],
        "uploads": lambda number: alice.uploads(f"upload {number}".encode() * 999)["id"],
        "files": lambda number: alice.sends_file(desk, f"{number}.bin", b"%d" % number)["id"],
        "jobs": lambda number: alice.submits(value=number)["id"],
        "events": lambda number: alice.tells(project, n=number),
        "edits": edits,
        "gone": comes_and_goes,
        "sent": sends,
    }
    running = {name: Load(act) for name, act in kinds.items()}
    for one in running.values():
        one.start()
    yield running
    for one in running.values():
        one.stop()
    http.close()


def rows(database: Path, query: str, *values: object) -> list[Any]:
    with closing(sqlite3.connect(database)) as connection:
        return connection.execute(query, values).fetchall()


def test_all_that_was_acknowledged_is_in_it_and_nothing_half(
    served: Any,
    loads: dict[str, Load],
    command: Command,
    make_app: Callable[..., Flask],
    instance: Path,
    tmp_path: Path,
) -> None:
    eventually(lambda: all(len(one.done) >= BEFORE for one in loads.values()))
    acknowledged = {name: list(one.done) for name, one in loads.items()}

    done = command(make_app(), "backup", tmp_path / "x.tar")
    assert done.exit_code == 0, done.output
    at_the_end = {name: len(one.done) for name, one in loads.items()}
    eventually(lambda: all(len(loads[name].done) > at_the_end[name] for name in loads))
    for one in loads.values():
        one.stop()

    target = tmp_path / "restored"
    restored = command(make_app(INSTANCE_PATH=str(target)), "restore", tmp_path / "x.tar")
    assert restored.exit_code == 0, restored.output
    main, store = target / "collab.db", target / "ingest.db"

    _has_all(main, store, acknowledged)
    _is_what_is_there_now(instance / "collab.db", main)
    _every_change_has_its_event(main)
    _every_file_is_there(main, target)
    _the_store_agrees_with_its_archive(store, target, main)


def _has_all(main: Path, store: Path, acknowledged: dict[str, list[Any]]) -> None:
    for table in ("tasks", "posts", "comments", "uploads", "files", "jobs", "events"):
        there = {key for (key,) in rows(main, f"SELECT id FROM {table}")}
        assert set(acknowledged[table]) <= there, table
    uploads = {key for (key,) in rows(main, "SELECT id FROM uploads")}
    assert not uploads & {*acknowledged["gone"]}
    versions = rows(main, "SELECT max(content_version) FROM files WHERE path = 'live.txt'")
    assert versions[0][0] >= max(acknowledged["edits"])
    stored = {key for (key,) in rows(store, "SELECT event_id FROM events")}
    waiting = b"".join(body for (body,) in rows(store, "SELECT body FROM inbox")).decode()
    sent = {*acknowledged["sent"]} - stored
    assert [one for one in sent if f'"{one}"' not in waiting] == []


def _is_what_is_there_now(live: Path, main: Path) -> None:
    """Row by row: what never changes, up to the newest that was restored."""
    for table in UNCHANGING:
        (newest,) = rows(main, f"SELECT max(rowid) FROM {table}")[0]
        query = f"SELECT * FROM {table} WHERE rowid <= ?"
        theirs = {*rows(main, query, newest)}
        assert theirs, table
        assert theirs == {*rows(live, query, newest)}, table


def _every_change_has_its_event(main: Path) -> None:
    """A change and its event are one transaction: the backup has both or neither."""
    for table, kind, name in (
        ("tasks", "task.created", "task_id"),
        ("comments", "task.commented", "comment_id"),
        ("posts", "post.created", "post_id"),
        ("files", "file.created", "file_id"),
        ("jobs", "job.queued", "job_id"),
    ):
        there = {key for (key,) in rows(main, f"SELECT id FROM {table}")}
        told = {
            key
            for (key,) in rows(
                main, f"SELECT json_extract(data, '$.{name}') FROM events WHERE type = ?", kind
            )
        }
        assert there == told, table


def _every_file_is_there(main: Path, target: Path) -> None:
    named = rows(
        main, "SELECT sha256 FROM uploads UNION SELECT sha256 FROM files WHERE sha256 > ''"
    )
    assert named
    for (digest,) in named:
        content = (target / "blobs" / digest[:2] / digest).read_bytes()
        assert hashlib.sha256(content).hexdigest() == digest


def _the_store_agrees_with_its_archive(store: Path, target: Path, main: Path) -> None:
    with closing(sqlite3.connect(store)) as connection:
        assert conserved(connection)
    archived = set()
    for path in (target / "archive").rglob("*.gz"):
        with gzip.open(path) as lines:  # a half member would raise
            archived |= {json.loads(line)["event_id"] for line in lines}
    assert archived == {key for (key,) in rows(store, "SELECT event_id FROM events")}
    sources = {key for (key,) in rows(main, "SELECT id FROM ingest_sources")}
    assert {key for (key,) in rows(store, "SELECT DISTINCT source FROM events")} <= sources
