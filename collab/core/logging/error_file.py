"""A file of errors beside the log, which outlasts the lines of the terminal or the journal."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator
from pathlib import Path

from ..storage.file_lock import FileLock

#: Bytes after which the file is rotated.
MAX_FILE_BYTES = 2 * 2**20
#: Rotated files that are kept: `errors.log.1` is the newest.
FILES_KEPT = 3


class ErrorFile(logging.Handler):
    """Appends to a file of bounded size that only its owner can read; several processes may append.

    It is opened for each line: errors are rare, and so no process writes to a file that another has
    rotated. What can't be written, on a full disk, is in the log itself.
    """

    def __init__(self, path: Path, most: int = MAX_FILE_BYTES) -> None:
        super().__init__(logging.ERROR)
        self._path, self._most = path, most

    def emit(self, record: logging.LogRecord) -> None:
        """Append a line."""
        with contextlib.suppress(OSError, ValueError):
            line = self.format(record).encode(errors="backslashreplace") + b"\n"
            self._path.parent.mkdir(mode=0o700, exist_ok=True)
            with _alone(self._path.parent) as alone:
                if alone and _size(self._path) + len(line) > self._most:
                    self._put_aside()
                self._append(line)

    def _append(self, line: bytes) -> None:
        how = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(self._path, how, 0o600)
        try:
            os.write(descriptor, line)
        finally:
            os.close(descriptor)

    def _put_aside(self) -> None:
        for number in range(FILES_KEPT, 0, -1):
            older = self._numbered(number)
            newer = self._numbered(number - 1) if number > 1 else self._path
            with contextlib.suppress(FileNotFoundError):
                newer.replace(older)

    def _numbered(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}")


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[bool]:
    """Exclude other processes from a folder; returns whether that was possible at once."""
    with FileLock(folder, os.O_RDONLY | os.O_DIRECTORY) as lock:
        # Without waiting: the holder may be frozen, and a line must not hold up its thread.
        yield lock.try_take()
