"""A file as text: decoded piece by piece, with the place of anything that can't be decoded."""

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
#: Byte order marks, and the decoders that skip them; the longer ones first.
MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
#: What a payload may name.
ENCODINGS = (
    *("utf-8", "utf-16", "utf-16-le", "utf-16-be", "windows-1250", "windows-1251", "windows-1252"),
    *("iso-8859-1", "shift_jis", "euc-kr", "gb18030", "big5"),
)
#: Bytes at the beginning that show the encoding, and the share of them that is NUL in UTF-16.
TELLING_BYTES = 4096
NUL_PART = 1 / 8


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
    """A text file to read once, from its beginning; a byte order mark is skipped.

    It is UTF-8 (RFC 3629) or what its mark or its NULs say, unless an encoding is named. `newline`
    is what ends a line, as in the built-in `open`.
    """

    def __init__(self, path: Path, newline: str = "\n", encoding: str | None = None) -> None:
        self._encoding = encoding_of(path, encoding)
        self._path = path
        self._file = CountingFile(path)
        self._text = io.TextIOWrapper(self._file, self._encoding, newline=newline)  # type: ignore[type-var]
        #: The line that was read last, from 1, and the one in which the record began.
        self.line = self.record_line = 0
        self._room = MAX_RECORD_CHARACTERS

    @property
    def fraction(self) -> float:
        """How much has been read, from 0 to 1."""
        return self._file.bytes_read / max(1, self._file.size)

    def begin_record(self) -> None:
        """Say that everything read so far is done with; `lines` has room for another record."""
        self._room, self.record_line = MAX_RECORD_CHARACTERS, self.line + 1

    def lines(self) -> Iterator[str]:
        """Yield the lines with their ends; raises TableError."""
        self.begin_record()
        while line := self._decoded_line():
            self.line += 1
            if self.line == 1:  # programs add a mark to a file that has one
                line = line.lstrip("\ufeff") or "\n"
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
        # What the decoder was given ends at the current position.
        position = self._file.bytes_read - len(error.object) + error.start
        name = self._encoding.removesuffix("-sig").upper()
        where = "" if name.startswith("UTF-16") else f" (in line {self._line_of(position):,})"
        return TableError(
            "bad_encoding",
            f"The file is not {name}: byte {position:,} (from 0){where} is "
            f"0x{error.object[error.start]:02x}. Save it as UTF-8 and upload it again, or name its "
            'encoding: "encoding": "windows-1252" is Excel\'s in Western Europe.',
        )

    def _line_of(self, position: int) -> int:
        """Return the line of a byte, from 1."""
        count, left = 1, position
        with self._path.open("rb") as file:
            while left and (piece := file.read(min(left, 64 * 1024))):
                count += piece.count(b"\n")
                left -= len(piece)
        return count

    def close(self) -> None:
        """Close the file."""
        self._text.close()


def too_long(what: str) -> TableError:
    """Make the error for a row that is too long to be held in memory."""
    return TableError(
        "row_too_long", f"{what} is longer than {MAX_RECORD_CHARACTERS:,} characters."
    )


def encoding_of(path: Path, named: str | None) -> str:
    """Return the decoder for a file; raises TableError for an empty one."""
    with path.open("rb") as file:
        head = file.read(TELLING_BYTES)
    mark = next((one for one in MARKS if head.startswith(one)), b"")
    if head == mark:
        raise TableError("empty_file", "The file is empty.")
    if mark and named in (None, "utf-8", "utf-16", "utf-16-le", "utf-16-be"):
        return MARKS[mark]
    return named or _unmarked(head)


def _unmarked(head: bytes) -> str:
    """Return the encoding of a file without a mark: in UTF-16 every second byte of Latin is NUL."""
    low, high = head[1::2].count(0), head[0::2].count(0)
    if max(low, high) < max(1, NUL_PART * len(head) / 2) or min(low, high) > max(low, high) / 8:
        return "utf-8"
    encoding = "utf-16-le" if low > high else "utf-16-be"
    return encoding if _reads(head, encoding) else "utf-8"


def _reads(head: bytes, encoding: str) -> bool:
    """Return whether a file begins with lines in UTF-16: other files may have NULs, too."""
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(head, len(head) < TELLING_BYTES)
    except UnicodeDecodeError:
        return False
    return text.isascii() or "\n" in text or "\r" in text


def first_letter(path: Path) -> str:
    """Return the first character that is not white space, or "" if that is far away."""
    with path.open("rb") as file:
        head = file.read(64 * 1024)
    mark = next((one for one in MARKS if head.startswith(one)), b"")
    encoding = MARKS[mark] if mark else _unmarked(head[:TELLING_BYTES])
    text = head.decode(encoding, "replace").lstrip("\ufeff \t\r\n\v\f")
    return text[:1]
