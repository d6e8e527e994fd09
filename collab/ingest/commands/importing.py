"""Rebuilding a store from the archive: the same events, the same numbers."""

from __future__ import annotations

import base64
import re
import shutil
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from ...core.json import dumps, loads
from ..pipeline.inbox import Request, put
from ..pipeline.loading import Loader
from ..pipeline.store import writing
from ..worker.loop import Options, make_loader, only_one

#: Bytes of a file that are read at once.
CHUNK_BYTES = 2**20
#: What a file's name in the archive says: its project, day, hour and writer.
FILE_PATTERN = re.compile(
    r"project-([1-9]\d*)/(\d{4}-\d\d-\d\d)/(\d\d)(?:\.([0-9a-f-]+))?\.jsonl\.gz"
)


class CanNotImport(Exception):
    """The archive can't be imported; the message says why."""


@dataclass
class Imported:
    """What was read, and which files ended in the middle."""

    files: int = 0
    events: int = 0
    broken: int = 0


def run(options: Options, folder: Path) -> Imported:
    """Load everything in an archive into an empty store; raises CanNotImport."""
    with only_one(options.store, lambda _: False) as is_ours:
        if not is_ours:
            raise CanNotImport("A worker runs on this store: stop the server first.")
        loader = make_loader(options)
        try:
            return import_all(loader, folder)
        finally:
            loader.close()


def _files(folder: Path) -> Iterator[tuple[int, int, Path]]:
    """Yield (hour, project, path) for the files of an archive."""
    for path in folder.glob("project-*/*/*.jsonl.gz"):
        match = FILE_PATTERN.fullmatch(path.relative_to(folder).as_posix())
        if match:
            day = datetime.strptime(match[2], "%Y-%m-%d").replace(tzinfo=UTC)
            yield int(day.timestamp()) // 3600 + int(match[3]), int(match[1]), path


def import_all(loader: Loader, folder: Path) -> Imported:
    """Load an archive into a loader's store; raises CanNotImport."""
    files = sorted(_files(folder))
    if not files:
        raise CanNotImport(f"There is no archive in {folder}.")
    if loader.connection.execute("SELECT 1 FROM totals LIMIT 1").fetchone():
        raise CanNotImport("The store is not empty: move ingest.db and the files beside it away.")
    done = Imported()
    for hour, project, path in files:
        length, events = _import_file(loader, project, path)
        _keep(loader, path, (project, hour), length, events)
        done.files += 1
        done.events += events
        done.broken += length < path.stat().st_size
    return done


def _import_file(loader: Loader, project: int, path: Path) -> tuple[int, int]:
    """Load a file; returns up to where it is intact, and how many events it has."""
    length = events = 0
    for piece, end in members(path):
        lines = [loads(line) for line in piece.splitlines()]
        _load(loader, project, lines)
        length = end
        events += len(lines)
    return length, events


def _load(loader: Loader, project: int, lines: list[dict[str, Any]]) -> None:
    with writing(loader.connection) as connection:
        numbered = list(requests(project, lines))
        put(connection, [request for _, request in numbered])
        # Request numbers are never given twice: events without an id are identified by them.
        connection.number_after(max((number for number, _ in numbered), default=0))
    loader.load_all()


def members(path: Path) -> Iterator[tuple[bytes, int]]:
    """Yield the contents of each gzip member (RFC 1952 §2.2) of a file, and where it ends.

    Each is what one load received; one that ends in the middle comes from a load that was cut
    short.
    """
    start, size = 0, path.stat().st_size
    with path.open("rb") as file:
        while start < size:
            file.seek(start)
            unpacker = zlib.decompressobj(wbits=31)
            found = []
            try:
                while not unpacker.eof and (chunk := file.read(CHUNK_BYTES)):
                    found.append(unpacker.decompress(chunk))
            except zlib.error:
                return
            if not unpacker.eof:
                return
            start = file.tell() - len(unpacker.unused_data)
            yield b"".join(found), start


def requests(project: int, lines: Iterable[dict[str, Any]]) -> Iterator[tuple[int, Request]]:
    """Reassemble the requests from which some lines came, each with its number."""
    for number, group in groupby(lines, key=lambda line: line["receipt"].partition(":")[0]):
        events = list(group)
        first = events[0]
        # One that came through a stream has an entry's id instead of a number.
        receipt = int(number) if number.isdigit() else number
        context = first["context"] | {"imported": True, "receipt": receipt}
        body = b"[" + b",".join(map(_as_sent, events)) + b"]"
        yield (
            receipt if isinstance(receipt, int) else 0,
            Request(
                project,
                first["source"],
                first["received"],
                first["format"],
                len(events),
                dumps(context).decode(),
                body,
            ),
        )


def _as_sent(line: dict[str, Any]) -> bytes:
    return base64.b64decode(line["payload"]) if "payload" in line else dumps(line["event"])


def _keep(loader: Loader, path: Path, slot: tuple[int, int], length: int, events: int) -> None:
    """Let the archive continue a file after its intact part."""
    archive = loader.archive
    match = FILE_PATTERN.fullmatch("/".join(path.parts[-3:]))
    writer = (match and match[4]) or ""
    kept = archive.path(*slot, writer)
    if kept.resolve() != path.resolve():
        writer = "-".join(one for one in (archive.writer, writer) if one)
        kept = archive.path(*slot, writer)
        kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.copyfile(path, kept)
        kept.chmod(0o600)
    loader.connection.execute(
        "INSERT INTO archives (project, hour, writer, bytes, events) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (project, hour, writer) DO UPDATE"
        " SET bytes = excluded.bytes, events = excluded.events",
        (*slot, writer, length, events),
    )
