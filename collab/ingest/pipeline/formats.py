"""From a request's bytes to single events, as their sender wrote them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson

FORMATS = ("event", "cloudevent", "segment")
#: The member that holds the list, in a body that is an object around it.
LISTS = {"event": "events", "cloudevent": "events", "segment": "batch"}
#: The member that makes such an object an event itself, which merely has a list in it.
NAMING_MEMBERS = {"event": "event_type", "cloudevent": "type", "segment": "type"}


class Undecodable(ValueError):
    """A body is not what its format says; the message says why, for its sender."""


@dataclass(slots=True)
class Body:
    """The events of a request, and what its body says about all of them."""

    values: list[Any]
    #: When its sender says that it was sent (Segment's `sentAt`).
    sent_at: str | None = None
    write_key: str | None = None
    #: Whether some values may be ones that JSON can't express.
    suspect: bool = False
    #: Whether the body is one event, and no list of them.
    alone: bool = False
    #: What is next to the list, in a body that is an object around it.
    around: dict[str, Any] = field(default_factory=dict)


def decode(format: str, body: bytes, alone: bool | None = None) -> Body:
    """Read a body: one event, a list of them, or an object with a list. Raises Undecodable.

    Faults of single events are not checked here: they must not spoil their neighbours. `alone` says
    whether an object with a list is an event itself, where its members need not show it.
    """
    whole, suspect = _loads(body)
    if type(whole) is list:
        return Body(whole, suspect=suspect)
    if type(whole) is not dict:
        raise Undecodable("must be an object or a list of objects")
    inner = whole.get(LISTS[format])
    alone = type(inner) is not list or (NAMING_MEMBERS[format] in whole if alone is None else alone)
    around = {} if alone else {name: whole[name] for name in whole if name != LISTS[format]}
    values: Any = [whole] if alone else inner
    sent_at, write_key = _text(whole.get("sentAt")), _text(whole.get("writeKey"))
    return Body(values, sent_at, write_key, suspect, alone, around)


#: Each digit as 0 and everything else as a blank: this finds a long number without a regular
#: expression.
DIGIT_TABLE = bytes(48 if 48 <= code <= 57 else 32 for code in range(256))
LONG_NUMBER = b"0" * 19


#: All bytes but brackets.
OTHER_BYTES = bytes(set(range(256)) - set(b"{}[]"))
#: Levels of brackets that are removed to see how much is left, as many as people's events have.
USUAL_LEVELS = 8
#: Brackets that may be left: an event with this many levels can still be written.
MAX_BRACKETS_LEFT = 300
#: Levels that are written around an event, in the archive and in answers.
LEVELS_AROUND = 50


def _may_be_deep(body: bytes) -> bool:
    """Return whether something in a body may be nested too deeply to be written again."""
    if len(body) <= MAX_BRACKETS_LEFT:
        return False
    left = body.translate(None, OTHER_BYTES)
    for _ in range(USUAL_LEVELS):
        left = left.replace(b"{}", b"").replace(b"[]", b"")
    return len(left) > MAX_BRACKETS_LEFT


def _loads(body: bytes) -> tuple[Any, bool]:
    # The fast parser turns a whole number beyond 64 bits into a float, with other digits; and it
    # reads what is nested too deeply for it to write again.
    if LONG_NUMBER not in body.translate(DIGIT_TABLE) and not _may_be_deep(body):
        try:
            return orjson.loads(body), False
        except orjson.JSONDecodeError:
            pass
    # It also refuses a body for half a surrogate pair in one text out of a thousand: the other
    # parser reads on, and the check of each event finds it (`is_sound`).
    try:
        return json.loads(body.decode("utf-8", "surrogatepass").removeprefix("\ufeff")), True
    except (ValueError, RecursionError) as error:
        raise Undecodable(f"is not JSON: {error}") from None


def is_sound(value: object) -> bool:
    """Return whether a value can be kept as JSON: no half characters, no NaN, no extreme depth."""
    probe = value
    for _ in range(LEVELS_AROUND):
        probe = [probe]
    try:
        orjson.dumps(probe)
        json.dumps(value, allow_nan=False)  # the other writes null for NaN
    except (TypeError, ValueError, RecursionError):
        return False
    return True


def _text(value: object) -> str | None:
    """Return a text as far as JSON can express it."""
    return value.encode("utf-8", "replace").decode() if type(value) is str else None


def payloads(format: str, body: bytes) -> list[bytes]:
    """Cut a body that `decode` takes into the bytes of each event, untouched.

    It is slow, and only used for rejected events: their senders get back what they sent.
    """
    text = body.decode("utf-8", "surrogatepass")
    start = _skip(text, 0)
    if text[start] == "{":
        inner = _member(text, start, LISTS[format])
        alone = _member(text, start, NAMING_MEMBERS[format]) is not None
        if alone or inner is None or text[inner] != "[":
            return [text[start:].rstrip().encode("utf-8", "surrogatepass")]
        start = inner
    return [text[a:b].encode("utf-8", "surrogatepass") for a, b in _items(text, start)]


_DECODER = json.JSONDecoder()


def _skip(text: str, at: int) -> int:
    while text[at] in " \t\r\n\ufeff":
        at += 1
    return at


def _items(text: str, at: int) -> Iterator[tuple[int, int]]:
    at = _skip(text, at + 1)
    while text[at] != "]":
        _, end = _DECODER.raw_decode(text, at)
        yield at, end
        at = _skip(text, end)
        if text[at] == ",":
            at = _skip(text, at + 1)


def _member(text: str, at: int, name: str) -> int | None:
    """Return where the value of an object's last member with a given name begins."""
    found = None
    at = _skip(text, at + 1)
    while text[at] != "}":
        key, at = _DECODER.raw_decode(text, at)
        at = _skip(text, _skip(text, at) + 1)
        if key == name:
            found = at
        _, at = _DECODER.raw_decode(text, at)
        at = _skip(text, at)
        if text[at] == ",":
            at = _skip(text, at + 1)
    return found
