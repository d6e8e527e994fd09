"""Files kept under the SHA-256 of their content, so that the same bytes are kept once."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

from ...frozen import frozen
from ..errors import ApiError
from .file_lock import FileLock
from .lasting import sync_folder

PIECE_BYTES = 64 * 1024
#: How the names of files begin that have not arrived completely.
RECEIVING_PREFIX = "receiving-"
#: Where the files' owner is noted.
OWNER_FILE = ".database"
#: Its lock says that no file may be deleted now, as they are being copied.
HELD_FILE = ".held"
#: Seconds between two checks whether somebody else still holds them.
HELD_LOOK_S = 0.05


class TooLarge(ApiError):
    """The file is too large."""

    status = 413


class ByteSource(Protocol):
    """What bytes are read from."""

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes, none at the end."""
        ...


@frozen
class Received:
    """A file that has arrived and is on disk, but not yet kept."""

    path: Path
    digest: str
    size: int

    def discard(self) -> None:
        """Delete it, unless it has been kept."""
        self.path.unlink(missing_ok=True)


class Blobs:
    """The files below one folder.

    `keep` and `remove` belong in a transaction that holds the writer's lock: two people may send
    and delete the same bytes at once. `database` is the one whose rows tell what is in use:
    according to the rows of another, nothing would be, so a folder belongs to one database alone.
    """

    def __init__(
        self, folder: Path, database: str, require_free: Callable[[int], None] = lambda _: None
    ) -> None:
        self._folder, self._database, self._require_free = folder, database, require_free

    def receive(self, source: ByteSource, limit: int) -> Received:
        """Write a stream to disk, with an fsync.

        Raises TooLarge past `limit` bytes, and what `require_free` raises for the next piece.
        """
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=RECEIVING_PREFIX, dir=self._folder)
        # In the same folder, and so on the same disk: only there is a rename atomic.
        path, tag, size = Path(name), hashlib.sha256(), 0
        try:
            with os.fdopen(descriptor, "wb") as file:
                while piece := source.read(PIECE_BYTES):
                    size += len(piece)
                    if size > limit:
                        raise TooLarge(f"A file has at most {limit // 2**20} MiB.")
                    # For each piece, as others write as well: a full disk would stop everybody.
                    self._require_free(limit)
                    tag.update(piece)
                    file.write(piece)
                file.flush()
                os.fsync(file.fileno())
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return Received(path, tag.hexdigest(), size)

    def path(self, digest: str) -> Path:
        """Return where a file is, or would be."""
        return self._folder / digest[:2] / digest

    def keep(self, received: Received) -> None:
        """Move a received file to its place, over an identical one if that is there already."""
        place = self.path(received.digest)
        is_new = not place.parent.exists()
        place.parent.mkdir(mode=0o700, exist_ok=True)
        # Atomic: nobody ever finds half of a file under its digest.
        received.path.replace(place)
        sync_folder(place.parent)
        if is_new:
            sync_folder(self._folder)
        with contextlib.suppress(FileExistsError):
            descriptor = os.open(
                self._folder / OWNER_FILE, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600
            )
            with os.fdopen(descriptor, "w") as note:
                note.write(self._database)

    def remove(self, digest: str) -> bool:
        """Delete a file, if it exists and is ours; returns False while all of them are held."""
        if self.are_ours() and self._folder.is_dir():
            # Shared: deletions do not block each other; only a backup blocks them all.
            with self._locked(shared=True) as free:
                if not free:
                    return False
                self.path(digest).unlink(missing_ok=True)
        return True

    @contextlib.contextmanager
    def held(self, patience_s: float) -> Iterator[None]:
        """Keep every file during this block, whichever process deletes its last row.

        Raises TimeoutError if another one holds them for too long.
        """
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        until = time.monotonic() + patience_s
        while True:
            with self._locked(shared=False) as free:
                if free:
                    yield
                    return
            if time.monotonic() > until:
                raise TimeoutError("another backup is running")
            time.sleep(HELD_LOOK_S)

    @contextlib.contextmanager
    def _locked(self, *, shared: bool) -> Iterator[bool]:
        """Lock the file that says whether files may be deleted, if it is free."""
        with FileLock(self._folder / HELD_FILE) as lock:
            yield lock.try_take(shared=shared)

    def are_ours(self) -> bool:
        """Return whether the files belong to this database, or none is noted."""
        note = self._folder / OWNER_FILE
        return not note.exists() or note.read_text() == self._database

    def older_than(self, moment: float) -> Iterator[str]:
        """Find files that were kept before a moment (seconds since the epoch)."""
        return (path.name for path in _older(self._folder.glob("??/*"), moment))

    def remove_unfinished(self, moment: float) -> None:
        """Delete incomplete files that began to arrive before a moment."""
        for path in _older(self._folder.glob(f"{RECEIVING_PREFIX}*"), moment):
            path.unlink(missing_ok=True)


def _older(paths: Iterator[Path], moment: float) -> Iterator[Path]:
    for path in paths:
        with contextlib.suppress(FileNotFoundError):  # deleted while we look
            if path.stat().st_mtime < moment:
                yield path
