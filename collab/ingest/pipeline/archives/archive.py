"""The raw archive: what was received, as compressed JSON lines, a file for each project and hour.

A line is one event: `receipt`, `source`, `received` (ms), `format`, `context` of its request, the
fields that were read (`type`, `event_id`, `user_id`, `session_id`, `ts` by our clock, and `day`,
within which its id is unique; null if it was rejected at the first stage), and `event` as it was
sent (`payload`: base64, if that is not JSON). Each load adds a gzip member (RFC 1952 §2.2: members
in a row are one file). The store remembers how long each file is; anything that an aborted load
left beyond that is cut off before the next one. Where several workers share a store, each writes
its own files (`writers.py`).
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import logging
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from ....core.storage.lasting import sync_folder
from ..engines.face import Store
from ..event import Event
from .writers import Writer

log = logging.getLogger(__name__)

HOUR_MS = 3_600_000
DAY_MS = 86_400_000
#: Hours are sealed with a checksum when they have been over for this many milliseconds.
SEAL_AFTER_MS = 60_000
#: Level 3 makes lines ten times smaller at 1.5 us an event; level 6, twelve times at 3.4 us.
GZIP_LEVEL = 3
#: Bytes that are read at a time for a checksum.
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
    """Return an event's line; `payload` has its bytes if JSON can't express its value."""
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
    # The common parts are made once for a request: they are half of the line.
    return b'{"receipt":"%b",%b,%b\n' % (receipt.encode(), head, orjson.dumps(said)[1:])


def pack(lines: Sequence[bytes]) -> bytes:
    """Return lines as a gzip member."""
    return gzip.compress(b"".join(lines), GZIP_LEVEL, mtime=0)


class Archive:
    """The files below a folder."""

    def __init__(self, folder: Path, writer: Writer | None = None) -> None:
        self.folder, self._writer = folder, writer
        #: The name in its new files.
        self.writer = writer.name if writer else ""
        #: A writer and a pattern: whose files are in this folder, if others share the store.
        self.our_writers = ("", f"{writer.node}-%" if writer else "%")

    def close(self) -> None:
        """Let another worker on this machine write under the name."""
        if self._writer:
            self._writer.close()

    def path(self, project: int, hour: int, writer: str | None = None) -> Path:
        """Return where an hour's file is: `project-3/2026-11-29/06.jsonl.gz`.

        A named writer's file has the name before the ending: `06.a1b2c3d4-0.jsonl.gz`.
        """
        moment = datetime.fromtimestamp(hour * 3600, UTC)
        name = self.writer if writer is None else writer
        file = f"{moment:%H}.{name}.jsonl.gz" if name else f"{moment:%H}.jsonl.gz"
        return self.folder / f"project-{project}" / f"{moment:%Y-%m-%d}" / file

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
            # Also its folder's parent, since the folder may be new as well.
            sync_folder(path.parent)
            sync_folder(path.parent.parent)
        return length

    def seal(self, connection: Store, border: int) -> int:
        """Give hours before one their checksum, and their day its manifest; returns how many."""
        open_ones = connection.execute(
            "SELECT project, hour, writer, bytes FROM archives WHERE sha256 IS NULL AND hour < ?"
            " AND (writer = ? OR writer LIKE ?) LIMIT 50",
            (border, *self.our_writers),
        ).fetchall()
        for project, hour, writer, length in open_ones:
            path = self.path(project, hour, writer)
            values = (checksum(path, length), project, hour, writer, length)
            self._seal_one(connection, path, values)
            self.write_manifest(connection, project, hour // 24)
        return len(open_ones)

    def _seal_one(self, connection: Store, path: Path, values: tuple[Any, ...]) -> None:
        """Note a checksum, and cut off what a worker left when it died before its commit."""
        with connection.writing():  # a load that adds to the file holds its row until its commit
            sealed = connection.execute(
                "UPDATE archives SET sha256 = ?"
                " WHERE project = ? AND hour = ? AND writer = ? AND bytes = ?",
                values,
            )
            if sealed.rowcount and path.exists() and path.stat().st_size > values[-1]:
                os.truncate(path, values[-1])

    def write_manifest(self, connection: Store, project: int, day: int) -> None:
        """Write a day's `manifest.json`: its files, with bytes, events and SHA-256."""
        rows = connection.execute(
            "SELECT hour, writer, bytes, events, sha256 FROM archives"
            " WHERE project = ? AND hour BETWEEN ? AND ? AND (writer = ? OR writer LIKE ?)"
            " ORDER BY hour, writer",
            (project, day * 24, day * 24 + 23, *self.our_writers),
        )
        files = [
            {
                "name": self.path(project, hour, writer).name,
                "bytes": size,
                "events": count,
                "sha256": sha,
            }
            for hour, writer, size, count, sha in rows
        ]
        path = self.path(project, day * 24).with_name("manifest.json")
        draft = path.with_suffix(".new")
        draft.write_bytes(orjson.dumps({"files": files}, option=orjson.OPT_INDENT_2))
        draft.replace(path)

    def delete(self, connection: Store, project: int, hour: int, writer: str) -> None:
        """Delete an hour's file, and with the last one the day's folder."""
        path = self.path(project, hour, writer)
        path.unlink(missing_ok=True)
        connection.execute(
            "DELETE FROM archives WHERE project = ? AND hour = ? AND writer = ?",
            (project, hour, writer),
        )
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
