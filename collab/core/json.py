"""JSON by orjson: fast, and strict where the standard library is not.

It refuses NaN, infinities, lone surrogates and more than 1,024 levels, all of which `json` accepts
and a reader of our answers could not read (RFC 8259).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import orjson
from flask import Response
from flask.json.provider import JSONProvider
from werkzeug.datastructures import Headers

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

WRITE_OPTIONS = orjson.OPT_UTC_Z

#: Levels reserved for the answer around somebody's JSON; orjson writes 254 in all.
LEVELS_RESERVED = 54


#: Maximum values and member names in what somebody sends. As an object each takes up to some 100
#: bytes, whatever its size on the wire: `{}` is two bytes there, and 64 here.
MAX_VALUES = 50_000

#: Headers whose addresses Werkzeug completes.
ADDRESS_HEADERS = {"location", "content-location"}
#: Answers with a body from which Werkzeug removes no header, as it does from 204 and 304.
WHOLE_STATUSES = (200, 201)

#: What precedes each value and name, except the first value (RFC 8259 §2).
BEFORE_VALUES = b",:[{"
UNCOUNTED_BYTES = bytes(set(range(256)) - set(BEFORE_VALUES + b'"'))
#: A string, of which no character counts, or the rest after a last quote.
STRING_PATTERN = re.compile(rb'"[^"]*"?')


class TooManyValues(ValueError):
    """The JSON has too many values."""


class Stored(Mapping[str, Any]):
    """A JSON object as the database keeps it: it goes into answers as text, parsed on demand.

    What nobody reads is never turned into objects, which use many times the memory of the text.
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
        """Return about how many bytes of memory it uses as text."""
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
    """Return a value as JSON, for an answer to include as it is.

    It is a copy: what orjson returns keeps the capacity that it had grown to, many times its
    length.
    """
    return orjson.Fragment(bytes(memoryview(dumps(value))))


def loads(data: bytes | str) -> Any:
    """Read JSON; raises ValueError."""
    return orjson.loads(data)


def count_values(data: bytes, most: int = MAX_VALUES) -> int:
    """Return an upper bound of how many values and member names a JSON text has.

    It is exact above `most`; below it, what looks like one within a string may be counted, too. The
    text is not parsed, only counted, in a fixed number of passes.
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

    Raises ValueError, also where it is too deep to be written again, and TooManyValues before
    building anything from more than `most` values and names.
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
    return value


class JsonResponse(Response):
    """An answer whose headers are sent as they are, where Werkzeug would add nothing."""

    def get_wsgi_headers(self, environ: WSGIEnvironment) -> Headers:
        """Return the headers, or a completed copy where something may be missing."""
        there = {name.lower() for name, _ in self.headers}
        whole = self.status_code in WHOLE_STATUSES and "content-length" in there
        if not whole or there & ADDRESS_HEADERS:
            return super().get_wsgi_headers(environ)
        return self.headers


class OrjsonProvider(JSONProvider):
    """Flask's interface to orjson."""

    def dumps(self, obj: Any, **kwargs: Any) -> str:
        """Write text, as Flask asks for it."""
        return dumps(obj).decode()

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        """Read text or bytes."""
        return loads(s)

    def response(self, *args: Any, **kwargs: Any) -> Any:
        """Answer with JSON, without a detour through text."""
        body = dumps(self._prepare_response_obj(args, kwargs))
        return JsonResponse(body, mimetype="application/json")
