"""Reading lib0's numbers, texts and values, one after the other, without recursion."""

from __future__ import annotations

import json
import re

from .bounds import MAX_CLIENT, MAX_DEPTH, MAX_VALUES, Unusable

#: The longest number: 53 bits, seven to a byte.
MAX_NUMBER_BYTES = 8
UNDEFINED = 127
NULL = 126
INTEGER = 125
FLOAT = 124
DOUBLE = 123
BIGINT = 122
FALSE = 121
TRUE = 120
STRING = 119
OBJECT = 118
ARRAY = 117
BUFFER = 116
#: Bytes after the tags of values of a fixed length.
FIXED_BYTES = {UNDEFINED: 0, NULL: 0, FALSE: 0, TRUE: 0, FLOAT: 4, DOUBLE: 8, BIGINT: 8}

#: A string in JSON. One without an end goes to the end of the text, which is read only once.
QUOTED_PATTERN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?$)', re.DOTALL)
BRACKET_PATTERN = re.compile(r"[\[\]{}]")


class Cursor:
    """Walks along bytes; raises Unusable for what does not belong there."""

    __slots__ = ("at", "data", "end", "values")

    def __init__(self, data: bytes) -> None:
        self.data, self.at, self.end = data, 0, len(data)
        #: Values passed so far.
        self.values = 0

    def byte(self) -> int:
        """Read a byte."""
        if self.at >= self.end:
            raise Unusable("it is not an update: it ends too early")
        value = self.data[self.at]
        self.at += 1
        return value

    def number(self) -> int:
        """Read a whole number of at most 53 bits, written no longer than needed."""
        at = self.at
        if at >= self.end:
            raise Unusable("it is not an update: it ends too early")
        value = self.data[at]
        if value < 128:
            self.at = at + 1
            return value
        return self._long(7, value & 127)

    def _long(self, shift: int, value: int) -> int:
        for at in range(self.at + 1, min(self.at + MAX_NUMBER_BYTES, self.end)):
            byte = self.data[at]
            value |= (byte & 127) << shift
            if byte < 128:
                if byte == 0 or value > MAX_CLIENT:
                    break
                self.at = at + 1
                return value
            shift += 7
        raise Unusable("it is not an update: a number is cut off, too large or longer than needed")

    def count(self) -> int:
        """Read how many of something follow, each of at least one byte."""
        value = self.number()
        if value > self.end - self.at:
            raise Unusable("it is not an update: it ends too early")
        return value

    def sized(self) -> bytes:
        """Read bytes after their length."""
        size = self.count()
        self.at += size
        return self.data[self.at - size : self.at]

    def text(self) -> str:
        """Read a text after its length in bytes."""
        data = self.sized()
        try:
            return data.decode()
        except UnicodeDecodeError:
            raise Unusable("it is not an update: a text is not UTF-8") from None

    def json(self) -> None:
        """Skip a text that has to be JSON."""
        text = self.text()
        brackets = text.count("[") + text.count("{")
        self._tally(1 + text.count(",") + brackets)
        if brackets > MAX_DEPTH and json_depth(text) > MAX_DEPTH:
            raise Unusable(f"values are nested deeper than {MAX_DEPTH}")
        try:
            json.loads(text, parse_constant=_no_constant)
        except ValueError:
            raise Unusable("it is not an update: a value is not JSON") from None

    def _tally(self, values: int) -> None:
        self.values += values
        if self.values > MAX_VALUES:
            raise Unusable(f"it has more than {MAX_VALUES} values")

    def integer(self) -> None:
        """Skip a signed whole number."""
        at, byte = self.at, self.byte()
        value, shift = byte & 63, 6
        while byte > 127:
            byte = self.byte()
            value |= (byte & 127) << shift
            shift += 7
            if self.at - at > MAX_NUMBER_BYTES:
                break
        if value > MAX_CLIENT:
            raise Unusable("it is not an update: a number is too large")

    def any(self) -> int:
        """Skip a lib0 value with everything in it; returns its tag."""
        first = self.data[self.at] if self.at < self.end else 0
        left = [1]  # how many values are still to come at each level
        keyed = [False]
        while left:
            if not left[-1]:
                left.pop()
                keyed.pop()
                continue
            left[-1] -= 1
            if keyed[-1]:
                self.text()
            self._value(left, keyed)
            if len(left) > MAX_DEPTH + 1:
                raise Unusable(f"values are nested deeper than {MAX_DEPTH}")
        return first

    def _value(self, left: list[int], keyed: list[bool]) -> None:
        self._tally(1)
        tag = self.byte()
        if tag in FIXED_BYTES:
            self.at += FIXED_BYTES[tag]
            if self.at > self.end:
                raise Unusable("it is not an update: it ends too early")
        elif tag == STRING:
            self.text()
        elif tag == INTEGER:
            self.integer()
        elif tag == BUFFER:
            self.sized()
        elif tag in (OBJECT, ARRAY):
            left.append(self.count())
            keyed.append(tag == OBJECT)
        else:
            raise Unusable(f"it is not an update: there is no value {tag}")


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def json_depth(text: str) -> int:
    """Return how deep brackets are nested in a text that may be JSON."""
    depth = deepest = 0
    for bracket in BRACKET_PATTERN.findall(QUOTED_PATTERN.sub("", text)):
        if bracket in "[{":
            depth += 1
            deepest = max(deepest, depth)
        else:
            depth -= 1
    return deepest
