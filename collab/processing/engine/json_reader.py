"""Rows of JSON: an array of objects (RFC 8259), or an object on each line (JSON Lines).

Neither is ever in memory as a whole. Both go through the same strict reader, a row at a time.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import orjson

from .cells.numerals import MAX_NUMBER_CHARACTERS, numeral
from .errors import TableError
from .source import MAX_RECORD_CHARACTERS, TextSource, too_long
from .table import Table, of_objects
from .values import MAX_INTEGER, MIN_INTEGER

#: Characters to read at a time.
PIECE_CHARACTERS = 64 * 1024

BLANK_CHARACTERS = " \t\r\n"
NOT_BLANK = re.compile(r"[^ \t\r\n]")
LONG_INTEGER = re.compile(r"[0-9]{19}")

#: Characters within which the decoder notices that its text ends: \\ud83d\\ude00 is the longest.
MAX_TOKEN_LENGTH = 16


def read_json(path: Path, payload: dict[str, Any]) -> Table:
    """Read an array of objects; raises TableError."""
    source = TextSource(path, encoding=payload.get("encoding"))
    elements = ArrayReader(source).elements()
    return of_objects((_parsed(text, line) for text, line in elements), source, payload)


def read_json_lines(path: Path, payload: dict[str, Any]) -> Table:
    """Read an object from each line; blank lines are skipped; raises TableError."""
    source = TextSource(path, encoding=payload.get("encoding"))
    lines = (line for line in _lines(source) if line.strip(BLANK_CHARACTERS))
    return of_objects((_parsed(line, source.line) for line in lines), source, payload)


def _lines(source: TextSource) -> Iterator[str]:
    for line in source.lines():
        yield line
        source.begin_record()


def _parsed(text: str, line: int) -> Any:
    try:
        # orjson is the faster of the two; the standard library only reads rows with long integers.
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise bad_json(line + error.lineno - 1, error.msg) from None
    # It silently turns an integer of more than 64 bits into a float.
    if not LONG_INTEGER.search(text):
        return value
    try:
        return json.loads(text, parse_int=_whole)
    except RecursionError:
        raise bad_json(line, "a value is nested too deeply") from None


def _whole(digits: str) -> int | str:
    """Return an integer; as text, if it would be another number in our output."""
    if len(digits) <= MAX_NUMBER_CHARACTERS and MIN_INTEGER <= int(digits) <= MAX_INTEGER:
        return int(digits)
    return numeral(digits, "")


def bad_json(line: int, reason: str) -> TableError:
    """Make the error for text that is not JSON."""
    return TableError("bad_json", f"Line {line:,} is not valid JSON: {reason}.")


class ArrayReader:
    """Cuts the array's elements out of the text, of which it holds a piece at a time.

    The standard library's decoder finds where an element ends by building it, with numbers as text:
    integers of a million digits would keep it busy for long.
    """

    def __init__(self, source: TextSource) -> None:
        self._source = source
        self._held, self._at = "", 0
        self._line = 1
        self._decoder = json.JSONDecoder(parse_int=str, parse_float=str)

    def elements(self) -> Iterator[tuple[str, int]]:
        """Yield the text of each element, and the line in which it begins."""
        if self._next() != "[":
            self._refuse('the file must be one array, such as [{"a": 1}]')
        self._go_to(self._at + 1)
        letter = self._next()
        while letter != "]":
            yield self._element()
            letter = self._next()
            if letter not in (",", "]"):
                self._refuse("a comma or the end of the array is missing after a row")
            if letter == ",":
                self._go_to(self._at + 1)
        self._go_to(self._at + 1)
        if self._next():
            self._refuse("there is more text after the array")

    def _next(self) -> str:
        """Go to the next character that is not blank, and return it; nothing at the end."""
        while True:
            match = NOT_BLANK.search(self._held, self._at)
            self._go_to(match.start() if match else len(self._held))
            if match:
                return match[0]
            if not self._more():
                return ""

    def _element(self) -> tuple[str, int]:
        self._next()
        while True:
            try:
                _, end = self._decoder.raw_decode(self._held, self._at)
            except RecursionError:
                self._refuse("a value is nested too deeply")
            except json.JSONDecodeError as error:
                if not (self._is_cut(error) and self._more()):
                    self._refuse_at(error)
            else:
                text, line = self._held[self._at : end], self._line
                self._go_to(end)
                return text, line

    def _is_cut(self, error: json.JSONDecodeError) -> bool:
        """Return whether the element may just continue in the next piece."""
        near_the_end = error.pos > len(self._held) - MAX_TOKEN_LENGTH
        return near_the_end or error.msg.startswith("Unterminated string")

    def _more(self) -> bool:
        """Drop what was used, and read as much again, so that a long row is rarely retried."""
        if len(self._held) - self._at > MAX_RECORD_CHARACTERS:
            raise too_long(f"The row that begins in line {self._line:,}")
        self._held, self._at = self._held[self._at :], 0
        piece = self._source.read(max(PIECE_CHARACTERS, len(self._held)))
        self._held += piece
        return bool(piece)

    def _go_to(self, at: int) -> None:
        self._line += self._held.count("\n", self._at, at)
        self._at = at

    def _refuse_at(self, error: json.JSONDecodeError) -> NoReturn:
        self._go_to(error.pos)
        reason = error.msg.removesuffix(" starting at").removesuffix(" at")
        self._refuse(reason[:1].lower() + reason[1:])

    def _refuse(self, reason: str) -> NoReturn:
        raise bad_json(self._line, reason)
