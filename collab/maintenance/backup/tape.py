"""A backup's file: a tar (POSIX.1-2001 pax) that is written and read from its beginning to its end.

Only a piece of it is ever in memory.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from ...frozen import frozen
from .manifest import MANIFEST_NAME, MAX_MANIFEST_BYTES, Entry, Manifest, NotABackup, checked_name

PIECE_BYTES = 1024 * 1024


class Hashing:
    """Reads a number of bytes of a file, and computes their checksum."""

    def __init__(self, source: IO[bytes], most: int) -> None:
        self._source, self._left = source, most
        self._sum = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes; raises EOFError if the file has become shorter."""
        wanted = self._left if size < 0 else min(size, self._left)
        try:
            piece = self._source.read(wanted)
        except tarfile.TarError:
            raise NotABackup("It was cut off.") from None
        # The entry's header already states the size, so the backup can't go on.
        if len(piece) < wanted:
            raise EOFError("a file became shorter as it was read")
        self._left -= len(piece)
        self._sum.update(piece)
        return piece

    @property
    def sha256(self) -> str:
        """Return the checksum of what was read."""
        return self._sum.hexdigest()


class TapeWriter:
    """Writes files one after another, and the manifest last."""

    def __init__(self, target: IO[bytes], manifest: Manifest) -> None:
        self._tar = tarfile.open(  # noqa: SIM115 (`finish` closes it)
            # `w|`: without seeking, so that it can be sealed or sent while it is written.
            fileobj=target,
            mode="w|",
            format=tarfile.PAX_FORMAT,
            bufsize=PIECE_BYTES,
        )
        self._manifest, self._names = manifest, set[str]()

    def __enter__(self) -> TapeWriter:
        return self

    def __exit__(self, *_: object) -> None:
        # An unfinished one ends while its target is open: later, Python would complain on stderr
        # that it can't. A full disk has already been reported.
        with contextlib.suppress(OSError):
            self._tar.close()

    def add(self, name: str, path: Path, size: int | None = None) -> Entry:
        """Add a file, or its first `size` bytes; raises OSError, EOFError."""
        with path.open("rb") as source:
            return self.add_open(name, source, path.stat().st_size if size is None else size)

    def add_open(self, name: str, source: IO[bytes], size: int) -> Entry:
        """Add so many bytes of an open file."""
        if name in self._names:
            raise ValueError(f"{name} is in the backup already")
        # A duplicate name would be restored over itself, and the first one lost.
        self._names.add(name)
        hashing = Hashing(source, size)
        self._tar.addfile(_described(name, size), hashing)
        made = Entry(name, size, hashing.sha256)
        self._manifest.files.append(made)
        return made

    def finish(self) -> None:
        """Write the manifest, and the end."""
        data = self._manifest.encoded()
        self._tar.addfile(_described(MANIFEST_NAME, len(data)), io.BytesIO(data))
        self._tar.close()


def _described(name: str, size: int) -> tarfile.TarInfo:
    described = tarfile.TarInfo(name)
    described.size, described.mode, described.mtime = size, 0o600, int(time.time())
    return described


@frozen
class Piece:
    """A file of a backup, as it is read."""

    name: str
    size: int
    content: IO[bytes]


def read_tape(source: IO[bytes], found: list[Entry]) -> Iterator[Piece | Manifest]:
    """Yield the files and then the manifest, which is checked against what was read.

    Each file that has been read adds an entry to `found`. Raises NotABackup.
    """
    try:
        with tarfile.open(fileobj=source, mode="r|", bufsize=PIECE_BYTES) as tar:
            for member in tar:
                # No links, devices or folders: a forged backup must not write outside its folder.
                content = tar.extractfile(member) if member.isreg() else None
                if content is None:
                    raise NotABackup(f"{member.name!r} in it is not a file.")
                if member.name == MANIFEST_NAME:
                    yield _manifest(content, member.size, found)
                    return
                yield from _file(member, content, found)
    except tarfile.TarError:
        raise NotABackup("It can't be read, or was cut off.") from None
    raise NotABackup("It has no manifest: it was never finished.")


def _file(member: tarfile.TarInfo, content: IO[bytes], found: list[Entry]) -> Iterator[Piece]:
    hashing = Hashing(content, member.size)
    piece = Piece(checked_name(member.name), member.size, hashing)  # type: ignore[arg-type]
    yield piece
    # The caller may have read only a part of it, or nothing: the checksum needs all.
    while hashing.read(PIECE_BYTES):
        pass
    found.append(Entry(piece.name, member.size, hashing.sha256))


def _manifest(content: IO[bytes], size: int, found: list[Entry]) -> Manifest:
    # It is read as a whole: a forged one must not fill memory.
    if size > MAX_MANIFEST_BYTES:
        raise NotABackup("Its manifest is too long.")
    manifest = Manifest.read(content.read())
    if manifest.files != found:
        wrong = {one.name for one in {*manifest.files} ^ {*found}}
        raise NotABackup(f"Not as it was written: {', '.join(sorted(wrong)[:5]) or 'its order'}.")
    return manifest
