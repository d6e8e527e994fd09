"""The forms in which events are sent: from headers and bytes to what the pipeline reads.

CloudEvents come structured, in batches and in binary mode (HTTP protocol binding 1.0.2 §3); plain
events come as JSON, or one on each line. The inbox keeps JSON: one object, or a list.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote_to_bytes

import orjson

from ...core.errors import ApiError, Malformed
from ...core.http.representations.coding import BYTE_ORDER_MARK
from ...frozen import frozen
from ..pipeline import formats
from ..pipeline.formats import Body, Undecodable

EVENT = "event"
CLOUDEVENT = "cloudevent"
SEGMENT = "segment"

CLOUDEVENTS_TYPES = ("application/cloudevents+json", "application/cloudevents-batch+json")
LINES_TYPES = (
    "application/x-ndjson",
    "application/ndjson",
    "application/jsonl",
    "application/jsonlines",
    "application/x-jsonlines",
)
#: Besides types that end with `json`: none at all, and those that pages send without a preflight.
JSON_TYPES = ("", "text/plain", "application/json")
#: How the names of headers that are attributes of a CloudEvent begin.
ATTRIBUTE_PREFIX = "ce-"
#: Headers that a CloudEvent in binary mode has: one of them is enough to be recognised as one.
NEEDED_ATTRIBUTES = ("ce-specversion", "ce-id", "ce-type", "ce-source")
#: Members that distinguish a plain event from a CloudEvent.
TELLING_MEMBERS = frozenset(("specversion", "event_type"))
ESCAPED_CHARACTER = re.compile(r"\\(.)")


class UnknownForm(ApiError):
    """Events are sent as JSON, as `application/x-ndjson`, or as CloudEvents."""

    status = 415


@frozen
class Sent:
    """A request's events: the bytes that are kept, and what was read from them."""

    format: str
    body: bytes
    read: Body


Headers = Iterable[tuple[str, str]]


def sent(media_type: str, content_type: str | None, headers: Headers, body: bytes) -> Sent:
    """Read what was sent, in any form except Segment's; raises Malformed, UnknownForm."""
    if media_type.startswith("application/cloudevents"):
        if media_type not in CLOUDEVENTS_TYPES:
            raise UnknownForm("CloudEvents are accepted in the JSON format only.")
        return _read(CLOUDEVENT, body)
    known = {name.lower(): value for name, value in headers}
    # One attribute is enough: a sender who forgot another one is told so; it is not treated as a
    # plain event.
    if any(name in known for name in NEEDED_ATTRIBUTES):
        return _read(CLOUDEVENT, from_binary(known, media_type, content_type, body))
    if media_type in LINES_TYPES:
        return _plain(from_lines(body))
    if media_type in JSON_TYPES or media_type.endswith(("+json", "/json")):
        return _plain(body)
    raise UnknownForm()


def _plain(body: bytes) -> Sent:
    """Read events of the plain schema, or CloudEvents that were not declared as such."""
    found = _read(EVENT, body)
    # The first that says what it is: an earlier line that is not an event must not decide.
    telling = (
        one for one in found.read.values if isinstance(one, dict) and TELLING_MEMBERS & one.keys()
    )
    if TELLING_MEMBERS & next(telling, {}).keys() == {"specversion"}:
        return Sent(CLOUDEVENT, body, found.read)
    return found


def _read(format: str, body: bytes) -> Sent:
    if not body.strip():
        raise Malformed("The body is empty: send an event.")
    try:
        return Sent(format, body, formats.decode(format, body))
    except Undecodable as error:
        raise Malformed(f"The body {error}.") from None


def from_lines(body: bytes) -> bytes:
    """Make a list of events, one for each line; a line that is not JSON becomes a text in it.

    So it spoils none of its neighbours, and its dead letter shows it as it came.
    """
    lines = (line.strip() for line in body.removeprefix(BYTE_ORDER_MARK).split(b"\n"))
    return b"[" + b",".join(_line(one) for one in lines if one) + b"]"


def _line(line: bytes) -> bytes:
    try:
        orjson.loads(line)
    except orjson.JSONDecodeError:
        return orjson.dumps(line.decode("utf-8", "backslashreplace"))
    return line


def from_binary(
    headers: dict[str, str], media_type: str, content_type: str | None, body: bytes
) -> bytes:
    """Make the JSON form of a CloudEvent whose attributes are headers; raises Malformed."""
    event: dict[str, Any] = {
        name.removeprefix(ATTRIBUTE_PREFIX): attribute(name, value)
        for name, value in headers.items()
        if name.startswith(ATTRIBUTE_PREFIX) and name != ATTRIBUTE_PREFIX
    }
    if content_type:
        event["datacontenttype"] = content_type
    return orjson.dumps(event | _data(media_type, body))


def attribute(name: str, value: str) -> str:
    """Return an attribute's value from its header (§3.1.3.2): unquoted, and percent-decoded."""
    if len(value) > 1 and value[0] == value[-1] == '"':
        value = ESCAPED_CHARACTER.sub(r"\1", value[1:-1])
    try:
        return unquote_to_bytes(value.encode("latin-1")).decode()
    except UnicodeError:
        raise Malformed(f"The header `{name}` is not UTF-8.") from None


def _data(media_type: str, body: bytes) -> dict[str, Any]:
    if not body:
        return {}
    json = media_type in ("application/json", "text/json") or media_type.endswith("+json")
    if json or not media_type:
        text = body.removeprefix(BYTE_ORDER_MARK)
        try:
            orjson.loads(text)
            # Passed on as it came: if it were parsed and written again, large numbers would change.
            return {"data": orjson.Fragment(text)}
        except orjson.JSONDecodeError as error:
            if json:
                raise Malformed(f"The body is not JSON: {error}.") from None
    if not media_type or media_type.startswith("text/"):
        try:
            return {"data": body.decode()}
        except UnicodeDecodeError:
            pass
    return {"data_base64": b64encode(body).decode()}
