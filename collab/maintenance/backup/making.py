"""Making a backup: it appears in its place once it is complete and verified, or never."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from ...core.database import register_functions
from ...core.storage.blobs import Blobs
from ...core.storage.lasting import sync_folder
from ...core.text import times
from ...frozen import frozen
from ...ingest.pipeline.archives.archive import Archive
from .manifest import Manifest
from .moment import ARCHIVE_NAME, STORE_NAME, Moment, pinned, sweep_links
from .sealing import Opener, Sealer, SealingWriter, opened
from .tape import Piece, TapeWriter, read_tape

#: What the main database is called in a backup, wherever it is.
DATABASE_NAME = "collab.db"
BLOBS_NAME = "blobs"
#: Folders and files that are not in a backup: what can be remade, or is only temporary.
LEFT_OUT = ("log", BLOBS_NAME, ARCHIVE_NAME)
LEFT_OUT_ENDINGS = (".lock", ".sock", ".log", "-wal", "-shm", "-journal", ".new")
LEFT_OUT_BEGINNINGS = (".", "tmp", "receiving-")
#: Seconds to wait for writers to finish.
PATIENCE_S = 60.0


class CanNotBackUp(Exception):
    """No backup can be made; the message says why."""


@frozen
class Sources:
    """What is backed up."""

    instance: Path
    database: Path
    blobs: Blobs
    #: Columns of the main database that hold digests of kept files: (table, column).
    digests: tuple[tuple[str, str], ...]
    manifest: Manifest


@frozen
class Made:
    """A backup that was made."""

    manifest: Manifest
    bytes: int
    held_s: float


def make(sources: Sources, place: Path, seal: tuple[Sealer, Opener | None] | None = None) -> Made:
    """Make a backup; raises CanNotBackUp, OSError (a full disk), sqlite3.Error.

    `seal` encrypts it, and opens it for the verification where that is possible here.
    """
    # Checked first, so that nobody waits for a copy only to be told; and again at the end.
    if place.exists():
        raise CanNotBackUp(f"{place} already exists.")
    place.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{place.name}-", dir=place.parent))
    try:
        with sources.blobs.held(PATIENCE_S):  # and so no other backup is running
            sweep_links(sources.instance)
            with pinned(sources.database, sources.instance, PATIENCE_S) as moment:
                draft = _write(sources, moment, staging, seal[0] if seal else None)
        if not seal or seal[1]:
            _read_again(draft, seal[1] if seal else None)
        size = draft.stat().st_size
        _put(draft, place)
        return Made(sources.manifest, size, moment.held_s)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _write(sources: Sources, moment: Moment, staging: Path, sealer: Sealer | None) -> Path:
    sources.manifest.moment = times.write(moment.at)
    draft = staging / "draft"
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        sealed = SealingWriter(file, sealer) if sealer else None
        with TapeWriter(sealed or file, sources.manifest) as tape:  # type: ignore[arg-type]
            _add_all(sources, moment, staging, tape)
            tape.finish()
        if sealed:
            sealed.finish()
        file.flush()
        os.fsync(file.fileno())
    return draft


def _add_all(sources: Sources, moment: Moment, staging: Path, tape: TapeWriter) -> None:
    with _copied(moment.main, staging / DATABASE_NAME) as copy:
        tape.add(DATABASE_NAME, staging / DATABASE_NAME)
        _add_blobs(sources, copy, tape)
    (staging / DATABASE_NAME).unlink()
    if moment.store is not None:
        with _copied(moment.store, staging / STORE_NAME) as copy:
            tape.add(STORE_NAME, staging / STORE_NAME)
            sources.manifest.missing += _add_archive(moment, copy, tape)
        (staging / STORE_NAME).unlink()
    for path in _others(sources.instance, {sources.database}):
        with contextlib.suppress(FileNotFoundError):  # deleted meanwhile: it is not a row's
            tape.add(str(path.relative_to(sources.instance)), path)


@contextlib.contextmanager
def _copied(pinned_reader: sqlite3.Connection, path: Path) -> Iterator[sqlite3.Connection]:
    """Copy a database as a pinned reader sees it, check the copy, and lend it."""
    copy = sqlite3.connect(path, isolation_level=None)
    try:
        pinned_reader.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")  # one file, with nothing beside it
        look_through(copy, path.name)
        yield copy
    finally:
        copy.close()


def look_through(connection: sqlite3.Connection, name: str) -> None:
    """Raise CanNotBackUp unless a database is intact, and no row refers to a missing one."""
    register_functions(connection)
    found = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if found != "ok":
        raise CanNotBackUp(f"{name} is damaged: {found}.")
    if lost := connection.execute("PRAGMA foreign_key_check").fetchone():
        raise CanNotBackUp(f"{name}: row {lost[1]} of {lost[0]} names a row that is not there.")


def _add_blobs(sources: Sources, copy: sqlite3.Connection, tape: TapeWriter) -> None:
    parts = (
        f"SELECT {column} FROM {table} WHERE {column} IS NOT NULL"  # noqa: S608 (names of ours)
        for table, column in sources.digests
    )
    for (digest,) in copy.execute(f"{' UNION '.join(parts)} ORDER BY 1"):
        path = sources.blobs.path(digest)
        try:
            entry = tape.add(f"{BLOBS_NAME}/{digest[:2]}/{digest}", path)
        except FileNotFoundError:
            sources.manifest.missing.append(digest)
            continue
        # A file's name is its checksum: a disk that has lost a bit is found here, not when
        # restoring.
        if entry.sha256 != digest:
            raise CanNotBackUp(f"{path} is damaged: it is not what its name says.")


def _add_archive(moment: Moment, copy: sqlite3.Connection, tape: TapeWriter) -> list[str]:
    """Add the archive's files, each as long as the store says; returns those that are missing."""
    missing: list[str] = []
    archive = Archive(moment.archive)
    hours = copy.execute("SELECT project, hour, bytes FROM archives ORDER BY project, hour")
    for project, hour, size in hours:
        path = archive.path(project, hour)
        name = f"{ARCHIVE_NAME}/{path.relative_to(moment.archive)}"
        try:
            tape.add(name, path, size)
        except FileNotFoundError:
            missing.append(name)
    for path in sorted(moment.archive.rglob("manifest.json")):
        tape.add(f"{ARCHIVE_NAME}/{path.relative_to(moment.archive)}", path)
    return missing


def _others(instance: Path, besides: set[Path]) -> Iterator[Path]:
    """Yield the other files of the instance: keys, mails, whatever packages keep there."""
    own = {instance / DATABASE_NAME, instance / STORE_NAME, *besides}
    for path in sorted(instance.rglob("*")):
        parts = path.relative_to(instance).parts
        name = path.name
        if (
            path not in own
            and parts[0] not in LEFT_OUT
            and not name.endswith(LEFT_OUT_ENDINGS)
            and not any(part.startswith(LEFT_OUT_BEGINNINGS) for part in parts)
            and path.is_file()
            and not path.is_symlink()
        ):
            yield path


def _read_again(draft: Path, opener: Opener | None) -> None:
    """Read the whole file as restoring does; raises NotABackup, CanNotOpen."""
    with draft.open("rb") as file:
        source: IO[bytes] = opened(file, lambda: opener) if opener else file
        for piece in read_tape(source, []):
            if isinstance(piece, Piece):
                while piece.content.read(1024 * 1024):
                    pass


def _put(draft: Path, place: Path) -> None:
    """Let the file appear in its place, complete, replacing nothing."""
    try:
        # A link, not a rename, which would silently replace what is there.
        os.link(draft, place)
    except FileExistsError:
        raise CanNotBackUp(f"{place} already exists.") from None
    sync_folder(place.parent)
