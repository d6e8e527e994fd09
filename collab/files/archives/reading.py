"""Reading zip archives that somebody sent, without believing what they say."""

from __future__ import annotations

import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from typing import IO

import marshmallow as ma

from ...core.errors import Unprocessable
from ...core.storage.blobs import PIECE_BYTES
from .. import paths
from ..schemas import Path as PathField
from ..service import MAX_FILE_BYTES
from .turns import Turn

#: Files in an archive.
MAX_FILES_PER_ARCHIVE = 2_000
#: Bytes of all its files together, unpacked.
MAX_UNPACKED_BYTES = 200 * 2**20
#: How many times its packed size a file may unpack to; honest ones stay far below.
MAX_FILE_RATIO = 200
#: Files up to this size may have any ratio: a few bytes say nothing about intent.
RATIO_FREE_FILE_BYTES = 2**20
#: How many times its own size an archive may unpack to.
MAX_ARCHIVE_RATIO = 100
#: Unpacked bytes that are allowed on top of this.
RATIO_FREE_ARCHIVE_BYTES = 4 * 2**20
#: Bytes of the directory at an archive's end, which is read into memory.
MAX_DIRECTORY_BYTES = 2 * 2**20
#: Made once: making it for each of two thousand paths would take longer than checking them.
PATH_FIELD = PathField()
TOO_MANY = f"An archive may have at most {MAX_FILES_PER_ARCHIVE:,} files."
TOO_DENSE = (
    f"An archive may unpack to {MAX_UNPACKED_BYTES // 2**20} MiB and, past the first "
    f"{RATIO_FREE_ARCHIVE_BYTES // 2**20} MiB, to {MAX_ARCHIVE_RATIO} times its size."
)

END_SIGNATURE = b"PK\x05\x06"
END_BYTES = 22
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
#: What the standard library raises for archives that are broken, or crafted to break it.
BROKEN_ARCHIVE_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    NotImplementedError,
    RuntimeError,
    ValueError,
    EOFError,
    OSError,
)


class BadArchive(Unprocessable):
    """The body is not a zip archive that can be read."""


def _refuse(name: str, why: str) -> BadArchive:
    detail = f"The entry {name[:200]!r} {why}."
    pointer = "#/" + name[:200].replace("~", "~0").replace("/", "~1")
    return BadArchive(detail, errors=[{"detail": detail, "pointer": pointer}])


class _Entry:
    """A file of an archive, read a piece at a time; raises BadArchive for what can't be read."""

    def __init__(self, path: str, file: IO[bytes], limit: int) -> None:
        self._path, self._file, self._limit = path, file, limit
        self.size = 0

    def read(self, size: int) -> bytes:
        """Return the next bytes; raises BadArchive past the limit, whatever the archive states."""
        try:
            piece = self._file.read(size)
        except BROKEN_ARCHIVE_ERRORS as error:
            raise _refuse(self._path, f"can't be read: {error}") from None
        self.size += len(piece)
        if self.size > self._limit:
            raise _refuse(self._path, f"has more than {self._limit // 2**20} MiB")
        return piece


class Archive:
    """A zip that has been checked as a whole: its paths are valid, its sizes within bounds."""

    def __init__(self, archive: zipfile.ZipFile, packed: int, turn: Turn) -> None:
        self._archive, self._turn = archive, turn
        self._left = min(MAX_UNPACKED_BYTES, RATIO_FREE_ARCHIVE_BYTES + MAX_ARCHIVE_RATIO * packed)
        #: The files by their paths.
        self.entries = _checked(archive.infolist())
        # A size stated too large is believed, before anything is unpacked; one too small is not.
        if sum(info.file_size for info in self.entries.values()) > self._left:
            raise BadArchive(TOO_DENSE)

    @contextmanager
    def entry(self, path: str, limit: int = MAX_FILE_BYTES) -> Iterator[_Entry]:
        """Open a file, for as long as it has the turn to be unpacked; raises BadArchive."""
        try:
            file = self._archive.open(self.entries[path])
        except BROKEN_ARCHIVE_ERRORS as error:
            raise _refuse(path, f"can't be read: {error}") from None
        with file, self._turn.work():
            yield _Entry(path, file, limit)

    def read(self, path: str, limit: int) -> bytes:
        """Return a file's bytes; raises BadArchive past `limit`."""
        with self.entry(path, limit) as entry:
            # One byte more than allowed: the size in the directory is only the sender's word.
            return entry.read(limit + 1)

    def look(self, path: str, head_bytes: int) -> tuple[bytes, int]:
        """Return how a file begins and how long it is, and count it; raises BadArchive."""
        with self.entry(path) as entry:
            head = entry.read(head_bytes)
            self.weigh(len(head))
            while piece := entry.read(PIECE_BYTES):
                self.weigh(len(piece))
            return head, entry.size

    def weigh(self, size: int) -> None:
        """Count what has been unpacked; raises BadArchive past the total, or past the ratio."""
        self._left -= size
        if self._left < 0:
            raise BadArchive(TOO_DENSE)


class _Sent(FileIO):
    """An archive that refuses to read too large a directory, whichever record states its size.

    The record at the end may state less than the zip64 record before it, which zipfile believes.
    """

    #: Bytes that are read at once, while they are bounded.
    most: int | None = MAX_DIRECTORY_BYTES

    def read(self, size: int | None = -1, /) -> bytes:
        """Read; raises BadArchive."""
        if self.most is not None and size is not None and size > self.most:
            raise BadArchive(TOO_MANY)
        return super().read(-1 if size is None else size) or b""


@contextmanager
def opened(path: Path, turn: Turn) -> Iterator[Archive]:
    """Open an archive; raises BadArchive, before anything of it is unpacked."""
    _check_directory(path)
    with _Sent(path, "rb") as file:
        try:
            archive = zipfile.ZipFile(file)
        except BROKEN_ARCHIVE_ERRORS:
            raise BadArchive() from None
        # Only files are read from here on, and these have their own bounds.
        file.most = None
        yield Archive(archive, path.stat().st_size, turn)


def _check_directory(path: Path) -> None:
    """Look at the size of the directory before it is read: it would all be in memory."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - END_BYTES - 2**16))
        tail = file.read()
    last = tail[-END_BYTES:]
    # Without a comment it is the very end; with one (up to 64 KiB), search backwards for it.
    plain = last.startswith(END_SIGNATURE) and last.endswith(b"\x00\x00")
    end = last if plain else tail[max(0, tail.rfind(END_SIGNATURE)) :]
    if not end.startswith(END_SIGNATURE) or len(end) < END_BYTES:
        raise BadArchive()
    count, size = struct.unpack_from("<HL", end, 10)
    # Twice as many: folders may have entries of their own.
    if count > 2 * MAX_FILES_PER_ARCHIVE or size > MAX_DIRECTORY_BYTES:
        raise BadArchive(TOO_MANY)


def _checked(infos: list[zipfile.ZipInfo]) -> dict[str, zipfile.ZipInfo]:
    entries: dict[str, zipfile.ZipInfo] = {}
    for info in infos:
        path = _path(info)
        _check(info)
        if info.is_dir():
            continue
        if path in entries:
            raise _refuse(path, "appears twice")
        entries[path] = info
    if len(entries) > MAX_FILES_PER_ARCHIVE:
        raise BadArchive(TOO_MANY)
    if sum(info.file_size for info in entries.values()) > MAX_UNPACKED_BYTES:
        raise BadArchive(f"An archive may unpack to at most {MAX_UNPACKED_BYTES // 2**20} MiB.")
    if (found := paths.clash([], entries)) is not None:
        raise _refuse(found[0], f"conflicts with {found[1]!r}")
    return entries


def _path(info: zipfile.ZipInfo) -> str:
    """Return where an entry goes, by its name as written, which may contain a NUL."""
    name = info.orig_filename.removesuffix("/") if info.is_dir() else info.orig_filename
    try:
        path: str = PATH_FIELD.deserialize(name)
    except ma.ValidationError:
        raise _refuse(
            info.orig_filename, f"has no valid path. {paths.PATH_DESCRIPTION[:-1]}"
        ) from None
    return path


def _check(info: zipfile.ZipInfo) -> None:
    """Refuse what is neither a file nor a folder, or can't be or must not be unpacked."""
    name, mode = info.orig_filename, info.external_attr >> 16
    # 0: written by a system without such modes.
    if stat.S_IFMT(mode) not in (0, stat.S_IFDIR if info.is_dir() else stat.S_IFREG):
        raise _refuse(name, "is a link or a device, not a file")
    # Bits 0 and 6: encrypted, or strongly encrypted (APPNOTE 4.4.4).
    if info.flag_bits & 0x41:
        raise _refuse(name, "is encrypted")
    if info.compress_type not in METHODS:
        raise _refuse(name, "is compressed by a method other than deflate")
    if info.file_size > MAX_FILE_BYTES:
        raise _refuse(name, f"has more than {MAX_FILE_BYTES // 2**20} MiB")
    if info.file_size > RATIO_FREE_FILE_BYTES and info.file_size > MAX_FILE_RATIO * max(
        1, info.compress_size
    ):
        raise _refuse(name, f"is more than {MAX_FILE_RATIO} times its packed size")
