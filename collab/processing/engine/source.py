"""A file as text: decoded piece by piece, with the place of what can't be decoded."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import TableError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

#: Characters of one row as it is written in the file.
MAX_RECORD_CHARACTERS = 1024 * 1024
#: Byte order marks of encodings that are not UTF-8; the longer ones first.
MARKS = {
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}


class CountingFile(io.RawIOBase):
    """A file that knows how much of it has been read."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb", buffering=0)
        self.size = path.stat().st_size
        self.bytes_read = 0

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Fill a buffer, and count."""
        count = self._file.readinto(buffer)
        self.bytes_read += count
        return count

    def close(self) -> None:
        """Close the file below, too."""
        self._file.close()
        super().close()


class TextSource:
    """A UTF-8 file (RFC 3629) to read once, from its beginning; a byte order mark is skipped.

    `newline` is what ends a line, as the built-in `open` has it.
    """

    def __init__(self, path: Path, newline: str = "\n") -> None:
        require_utf8_mark(path)
        self._file = CountingFile(path)
        self._text = io.TextIOWrapper(self._file, "utf-8-sig", newline=newline)  # type: ignore[type-var]
        #: The line that was read last, from 1, and the one in which the record began.
        self.line = self.record_line = 0
        self._room = MAX_RECORD_CHARACTERS

    @property
    def fraction(self) -> float:
        """How much has been read, from 0 to 1."""
        return self._file.bytes_read / max(1, self._file.size)

    def begin_record(self) -> None:
        """Say that what was read so far is done with; `lines` has room for another record."""
        self._room, self.record_line = MAX_RECORD_CHARACTERS, self.line + 1

    def lines(self) -> Iterator[str]:
        """Yield the lines with their ends; raises TableError."""
        self.begin_record()
        while line := self._decoded_line():
            self.line += 1
            self._room -= len(line)
            if self._room < 0:
                raise too_long(f"The row that begins in line {self.record_line}")
            yield line

    def _decoded_line(self) -> str:
        try:
            # Not the whole line: a file may be one.
            return self._text.readline(MAX_RECORD_CHARACTERS + 1)
        except UnicodeDecodeError as error:
            raise self._undecodable(error) from None

    def read(self, size: int) -> str:
        """Return up to `size` characters; raises TableError."""
        try:
            return self._text.read(size)
        except UnicodeDecodeError as error:
            raise self._undecodable(error) from None

    def _undecodable(self, error: UnicodeDecodeError) -> TableError:
        # What the decoder was given ends where the reading stands.
        position = self._file.bytes_read - len(error.object) + error.start
        return TableError(
            "bad_encoding",
            f"The file is not UTF-8: byte {position:,} (from 0) is "
            f"0x{error.object[error.start]:02x}. Save it as UTF-8 and upload it again.",
        )

    def close(self) -> None:
        """Close the file."""
        self._text.close()


def too_long(what: str) -> TableError:
    """Make the error for a row that is longer than is held in memory."""
    return TableError(
        "row_too_long", f"{what} is longer than {MAX_RECORD_CHARACTERS:,} characters."
    )


def require_utf8_mark(path: Path) -> None:
    """Refuse a file whose byte order mark names another encoding, and an empty one."""
    with path.open("rb") as file:
        head = file.read(4)
    if not head or head == codecs.BOM_UTF8:
        raise TableError("empty_file", "The file is empty.")
    for mark, name in MARKS.items():
        if head.startswith(mark):
            message = f"The file is {name}. Save it as UTF-8 and upload it again."
            raise TableError("bad_encoding", message)


def first_letter(path: Path) -> str:
    """Return the first character that is not white space, or nothing if that is far away."""
    with path.open("rb") as file:
        head = file.read(64 * 1024).removeprefix(codecs.BOM_UTF8).lstrip()
    return head[:1].decode("latin-1")
