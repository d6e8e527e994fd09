"""The raw archive: what was received, as JSON lines, compressed, a file for each project and hour.

A line is one event: `receipt`, `source`, `received` (ms), `format`, `context` of its request, the
fields that were read (`type`, `event_id`, `user_id`, `session_id`, `ts` by our clock, and `day`, in
which its id is one; null if it was rejected at the first stage), and `event` as it was sent
(`payload`: base64, where that is not JSON).
Each load adds a gzip member (RFC 1952 §2.2: members in a row are one file). The store remembers how
long each file is; what a broken-off load left beyond that is cut off before the next one.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import logging
import os
import shutil
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from .event import Event

log = logging.getLogger(__name__)

HOUR_MS = 3_600_000
DAY_MS = 86_400_000
#: Hours are sealed with a checksum when they have been over for so many milliseconds.
SEAL_AFTER_MS = 60_000
#: Level 3 makes lines ten times smaller at 1.5 us an event; 6, twelve times at 3.4 us.
GZIP_LEVEL = 3
#: Bytes that a checksum reads at a time.
CHUNK_BYTES = 2**20

#: A project and an hour since 1970.
Slot = tuple[int, int]


def head(source: int, received: int, format: str, context: Mapping[str, Any]) -> bytes:
    """Return what the lines of a request have in common."""
    said = {"source": source, "received": received, "format": format, "context": context}
    return orjson.dumps(said)[1:-1]


def line(
    head: bytes, receipt: str, value: object, event: Event | None, ts: int, payload: bytes | None
) -> bytes:
    """Return an event's line; `payload` are its bytes where JSON can't say its value."""
    said = {
        "type": event and event.type,
        "event_id": event and event.event_id,
        "user_id": event and event.user_id,
        "session_id": event and event.session_id,
        "ts": ts if event else None,
        "day": event.ts // DAY_MS if event else None,
    }
    if payload is None:
        said["event"] = value  # type: ignore[assignment]
    else:
        said["payload"] = base64.b64encode(payload).decode()
    # The parts in common are made once for a request: they are half of the line.
    return b'{"receipt":"%b",%b,%b\n' % (receipt.encode(), head, orjson.dumps(said)[1:])


def pack(lines: Sequence[bytes]) -> bytes:
    """Return lines as a gzip member."""
    return gzip.compress(b"".join(lines), GZIP_LEVEL, mtime=0)


class Archive:
    """The files below a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, project: int, hour: int) -> Path:
        """Return where an hour's file is: `project-3/2026-11-29/06.jsonl.gz`."""
        moment = datetime.fromtimestamp(hour * 3600, UTC)
        return self.folder / f"project-{project}" / f"{moment:%Y-%m-%d}" / f"{moment:%H}.jsonl.gz"

    def append(self, slot: Slot, member: bytes, length: int) -> int:
        """Add packed lines to a file that is `length` bytes long; returns its new length, on disk.

        Only one worker may do so at a time: within a load's transaction.
        """
        path = self.path(*slot)
        is_new = not path.exists()
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as file:
            found = file.seek(0, os.SEEK_END)
            if found < length:
                log.error("archive file %s is %d bytes long, not %d", path, found, length)
                length = found
            file.truncate(length)
            file.seek(length)
            file.write(member)
            length = file.tell()
            file.flush()
            os.fsync(file.fileno())
        if is_new:
            _sync_folder(path.parent)
        return length

    def seal(self, connection: sqlite3.Connection, now: int) -> int:
        """Give hours that are over their checksum, and their day its manifest; returns how many."""
        border = (now - SEAL_AFTER_MS) // HOUR_MS
        open_ones = connection.execute(
            "SELECT project, hour, bytes FROM archives WHERE sha256 IS NULL AND hour < ? LIMIT 50",
            (border,),
        ).fetchall()
        for project, hour, length in open_ones:
            connection.execute(
                "UPDATE archives SET sha256 = ? WHERE project = ? AND hour = ?",
                (checksum(self.path(project, hour), length), project, hour),
            )
            self.write_manifest(connection, project, hour // 24)
        return len(open_ones)

    def write_manifest(self, connection: sqlite3.Connection, project: int, day: int) -> None:
        """Write a day's `manifest.json`: its files, with bytes, events and SHA-256."""
        rows = connection.execute(
            "SELECT hour, bytes, events, sha256 FROM archives"
            " WHERE project = ? AND hour BETWEEN ? AND ? ORDER BY hour",
            (project, day * 24, day * 24 + 23),
        )
        files = [
            {"name": self.path(project, hour).name, "bytes": size, "events": count, "sha256": sha}
            for hour, size, count, sha in rows
        ]
        path = self.path(project, day * 24).with_name("manifest.json")
        draft = path.with_suffix(".new")
        draft.write_bytes(orjson.dumps({"files": files}, option=orjson.OPT_INDENT_2))
        draft.replace(path)

    def delete(self, connection: sqlite3.Connection, project: int, hour: int) -> None:
        """Delete an hour's file, and the day's folder with the last."""
        path = self.path(project, hour)
        path.unlink(missing_ok=True)
        connection.execute("DELETE FROM archives WHERE project = ? AND hour = ?", (project, hour))
        if any(path.parent.glob("*.gz")):
            self.write_manifest(connection, project, hour // 24)
        else:
            shutil.rmtree(path.parent, ignore_errors=True)

    def delete_project(self, project: int) -> None:
        """Delete all of a project's files."""
        shutil.rmtree(self.folder / f"project-{project}", ignore_errors=True)


def checksum(path: Path, length: int) -> str:
    """Return the SHA-256 of a file's first `length` bytes."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while length > 0 and (chunk := file.read(min(CHUNK_BYTES, length))):
            digest.update(chunk)
            length -= len(chunk)
    return digest.hexdigest()


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the lines of a file of the archive."""
    with gzip.open(path) as file:
        for text in file:
            yield orjson.loads(text)


def _sync_folder(folder: Path) -> None:
    """Have the names in a folder, and its own in the one above, on disk."""
    for one in (folder, folder.parent):
        descriptor = os.open(one, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
