"""Restoring a backup: unpacked and checked beside its place, then moved there in one step."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from ...core.security.keys import KEY_NAMES
from .making import DATABASE_NAME, CanNotBackUp, look_through
from .manifest import Entry, Manifest, NotABackup
from .moment import STORE_NAME
from .sealing import Opener, opened
from .tape import PIECE_BYTES, Piece, read_tape

#: The pattern of a backup's name in a folder of many.
BACKUP_PATTERN = "*"
#: The name of the folder that holds files until they have been checked.
STAGING_PREFIX = ".restoring-"
#: The folder of the log, which this very command may have created.
LOG_NAME = "log"


class CanNotRestore(Exception):
    """The backup can't be restored; the message says why."""


def check(path: Path, ask: Callable[[], Opener]) -> Manifest:
    """Read a whole backup and check its databases; nothing is changed.

    Raises NotABackup, CanNotOpen, OSError.
    """
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".looking-") as folder:
        return _unpack(path, ask, Path(folder), {DATABASE_NAME, STORE_NAME})


def restore(
    path: Path, ask: Callable[[], Opener], instance: Path, database: Path | None, made: set[Path]
) -> Manifest:
    """Restore a backup into an empty instance folder; `made` may be there.

    `database` is where the main database goes, if it is not in that folder. Raises CanNotRestore,
    NotABackup, CanNotOpen, OSError; then everything is as it was.
    """
    for left in instance.glob(f"{STAGING_PREFIX}*"):
        shutil.rmtree(left, ignore_errors=True)
    _require_empty(instance, database, made)
    instance.mkdir(mode=0o700, parents=True, exist_ok=True)
    # In the folder itself, which may be a volume of its own.
    staging = Path(tempfile.mkdtemp(prefix=STAGING_PREFIX, dir=instance))
    try:
        manifest = _unpack(path, ask, staging, None)
        if database is not None:
            database.parent.mkdir(parents=True, exist_ok=True)
            _move_new(staging / DATABASE_NAME, database)
        # Again: a server may have been started in the folder meanwhile.
        _require_empty(instance, None, made | {staging})
        for one in made:
            one.unlink(missing_ok=True)
        # The database last: without it no server would use the folder.
        for one in sorted(staging.iterdir(), key=lambda path: path.name == DATABASE_NAME):
            one.rename(instance / one.name)
        return manifest
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def take_back(instance: Path, made: set[Path]) -> None:
    """Delete the keys that were `made` by a command that restored nothing.

    Not if anything else is there by now: a server that was started meanwhile may use them.
    """
    if made and not _beside(instance, made):
        for one in made:
            one.unlink(missing_ok=True)


def _beside(instance: Path, made: set[Path]) -> list[str]:
    """Return the names of what is in a folder besides the log and what was just made."""
    known = {*made, instance / LOG_NAME}
    there = instance.iterdir() if instance.exists() else iter(())
    return sorted(one.name for one in there if one not in known)


def _require_empty(instance: Path, database: Path | None, made: set[Path]) -> None:
    if there := _beside(instance, made):
        names = ", ".join(there[:5])
        raise CanNotRestore(
            f"{instance} is not empty ({names}). Stop the server and move the folder away first."
        )
    if database is not None and database.exists():
        raise CanNotRestore(f"{database} already exists.")


def _move_new(source: Path, target: Path) -> None:
    draft = target.with_name(f".{target.name}.restoring")
    shutil.copyfile(source, draft)
    draft.chmod(0o600)
    try:
        os.link(draft, target)
    except FileExistsError:
        raise CanNotRestore(f"{target} already exists.") from None
    finally:
        draft.unlink()
    source.unlink()


def _unpack(path: Path, ask: Callable[[], Opener], folder: Path, only: set[str] | None) -> Manifest:
    """Write the files of a backup below a folder, and check its databases."""
    found: list[Entry] = []
    with path.open("rb") as file:
        for one in read_tape(opened(file, ask), found):
            if isinstance(one, Manifest):
                _look_through(folder)
                return one
            if only is None or one.name in only:
                _write(folder / one.name, one)
    raise NotABackup("It has no manifest: it was never finished.")


def _write(place: Path, piece: Piece) -> None:
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        _copy(piece.content, file)
        file.flush()
        os.fsync(file.fileno())


def _copy(source: IO[bytes], target: IO[bytes]) -> None:
    while data := source.read(PIECE_BYTES):
        target.write(data)


def _look_through(folder: Path) -> None:
    for name in (DATABASE_NAME, STORE_NAME):
        path = folder / name
        if not path.exists():
            if name == DATABASE_NAME:
                raise NotABackup("It has no database.")
            continue
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
            try:
                look_through(connection, name)
            except (CanNotBackUp, sqlite3.DatabaseError) as error:
                raise NotABackup(str(error)) from None


def newest_before(folder: Path, at: datetime, ask: Callable[[], Opener]) -> Path:
    """Return the newest backup in a folder whose moment is not after a time.

    Raises CanNotRestore if there is none. Anything else in the folder is skipped.
    """
    found: dict[datetime, Path] = {}
    for path in folder.glob(BACKUP_PATTERN):
        if path.is_file() and not path.name.startswith("."):
            with contextlib.suppress(NotABackup):
                found[moment_of(path, ask)] = path
    fitting = [moment for moment in found if moment <= at]
    if not fitting:
        raise CanNotRestore(f"{folder} has no backup of a moment up to {at.isoformat()}.")
    return found[max(fitting)]


def moment_of(path: Path, ask: Callable[[], Opener]) -> datetime:
    """Return the moment of a backup; raises NotABackup."""
    found: list[Entry] = []
    with path.open("rb") as file:
        for one in read_tape(opened(file, ask), found):
            if isinstance(one, Manifest):
                return datetime.fromisoformat(one.moment).astimezone(UTC)
    raise NotABackup("It has no manifest: it was never finished.")


def fitting_keys(manifest: Manifest, present: dict[str, list[str]]) -> list[str]:
    """Return the key settings that the backup was made with and that are not given here."""
    return [
        name
        for name in KEY_NAMES
        if name in manifest.given and not {*manifest.keys[name]} <= {*present.get(name, [])}
    ]
