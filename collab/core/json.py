"""JSON by orjson: fast, and strict where the standard library is not.

It refuses NaN, infinities, lone surrogates and more than 1,024 levels, all of which `json` accepts
and a reader of our answers could not read (RFC 8259).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import orjson
from flask import Response
from flask.json.provider import JSONProvider

WRITE_OPTIONS = orjson.OPT_UTC_Z

#: Levels reserved for the answer around somebody's JSON; orjson writes 254 in all.
LEVELS_RESERVED = 54


#: Values and names of members in what somebody sends. As objects each takes up to some 100 bytes,
#: whatever it is on the wire: `{}` is two bytes there, and 64 here.
MAX_VALUES = 50_000

#: What each value and name stands after, all but the first value (RFC 8259 §2).
BEFORE_VALUES = b",:[{"
UNCOUNTED_BYTES = bytes(set(range(256)) - set(BEFORE_VALUES + b'"'))
#: A string without its uncounted characters, or the rest after a last quote.
STRING_PATTERN = re.compile(rb'"[^"]*"?')


class TooManyValues(ValueError):
    """The JSON has too many values."""


#: So many digits in a row may be a whole number of more than 64 bits.
LONG_NUMBER_PATTERN = re.compile(rb"[0-9]{19}")
#: Whole numbers that are read as they are; of others only the first digits would be kept.
SMALLEST_NUMBER = -(2**63)
LARGEST_NUMBER = 2**64 - 1
MAX_DIGITS = 20


class NumberTooLarge(ValueError):
    """A whole number has more than 64 bits: it would be kept as another one."""

    def __init__(self, digits: str, pointer: str) -> None:
        shown = digits if len(digits) <= MAX_DIGITS * 2 else digits[:MAX_DIGITS] + "…"
        super().__init__(f"The number {shown} has more than 64 bits: send it as a string")
        self.pointer = pointer


class _Large(str):
    """A number that is too large, as it was written."""

    __slots__ = ()


class Stored(Mapping[str, Any]):
    """A JSON object as the database keeps it: it goes into answers as text, and is read on demand.

    What nobody reads is never turned into objects, which take many times the memory of the text.
    """

    __slots__ = ("_read", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._read: dict[str, Any] | None = None

    def __getitem__(self, name: str) -> Any:
        """Return a member."""
        return self._members[name]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the members' names."""
        return iter(self._members)

    def __len__(self) -> int:
        """Return how many members there are."""
        return len(self._members)

    def __sizeof__(self) -> int:
        """Return about how many bytes of memory it takes as text."""
        return object.__sizeof__(self) + self.text.__sizeof__()

    @property
    def _members(self) -> dict[str, Any]:
        if self._read is None:
            self._read = loads(self.text)
        return self._read


def _as_text(value: Any) -> Any:
    """Return what orjson writes for a type that it does not know."""
    if isinstance(value, Stored):
        return orjson.Fragment(value.text)
    raise TypeError(f"{type(value).__name__} is not JSON")


def dumps(value: Any) -> bytes:
    """Write JSON as UTF-8; raises TypeError for what JSON can't express."""
    return orjson.dumps(value, default=_as_text, option=WRITE_OPTIONS)


def written(value: Any) -> Any:
    """Return a value as JSON, for an answer to take in as it is.

    It is a copy: what orjson returns keeps the room that it had grown to, many times its length.
    """
    return orjson.Fragment(bytes(memoryview(dumps(value))))


def loads(data: bytes | str) -> Any:
    """Read JSON; raises ValueError."""
    return orjson.loads(data)


def count_values(data: bytes, most: int = MAX_VALUES) -> int:
    """Return how many values and names of members a JSON text has, at the most.

    It is exact above `most`; below it, what looks like one in a string may be counted, too. The
    text is not read, only counted in, by a fixed number of passes.
    """
    count = 1 + sum(map(data.count, BEFORE_VALUES))
    if count <= most:
        return count
    bare = data.replace(b"\\\\", b"").replace(b'\\"', b"").translate(None, UNCOUNTED_BYTES)
    return 1 + len(STRING_PATTERN.sub(b"", bare.replace(b'""', b"")))


def _utf8(data: bytes | str) -> bytes:
    return data.encode(errors="replace") if isinstance(data, str) else data


def loads_sent(data: bytes | str, most: int = MAX_VALUES) -> Any:
    """Read what somebody sent.

    Raises ValueError, also where it is too deep to be written again, NumberTooLarge, and
    TooManyValues before anything is made of more than `most` values and names.
    """
    if len(data) > most and count_values(_utf8(data), most) > most:
        raise TooManyValues(f"more than {most:,} values")
    value = loads(data)
    probe = value
    for _ in range(LEVELS_RESERVED):
        probe = [probe]
    try:
        dumps(probe)
    except TypeError:
        raise ValueError("more than 200 levels deep") from None
    written = _utf8(data)
    if LONG_NUMBER_PATTERN.search(written):
        _refuse_large_numbers(written)
    return value


def _refuse_large_numbers(data: bytes) -> None:
    """Raise NumberTooLarge for the first whole number that a double can't hold, nor 64 bits."""
    stack = [("", json.loads(data, parse_int=_whole))]
    while stack:
        pointer, value = stack.pop()
        if isinstance(value, _Large):
            raise NumberTooLarge(value, pointer)
        if isinstance(value, dict):
            inner: Iterable[tuple[Any, Any]] = value.items()
        else:
            inner = enumerate(value) if isinstance(value, list) else ()
        stack += [(f"{pointer}/{_escaped(name)}", one) for name, one in inner]


def _whole(digits: str) -> int | _Large:
    if len(digits) <= MAX_DIGITS + 1 and SMALLEST_NUMBER <= int(digits) <= LARGEST_NUMBER:
        return int(digits)
    return _Large(digits)


def _escaped(name: object) -> str:
    return str(name).replace("~", "~0").replace("/", "~1")


class OrjsonProvider(JSONProvider):
    """Flask's door to orjson."""

    def dumps(self, obj: Any, **kwargs: Any) -> str:
        """Write text, as Flask asks for it."""
        return dumps(obj).decode()

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        """Read text or bytes."""
        return loads(s)

    def response(self, *args: Any, **kwargs: Any) -> Any:
        """Answer with JSON, without the detour over text."""
        body = dumps(self._prepare_response_obj(args, kwargs))
        return Response(body, mimetype="application/json")
