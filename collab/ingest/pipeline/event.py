"""An event on its way, and how it is read from what known senders write."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from ...core.text import times

#: Characters of an event's id, type, user or session.
MAX_NAME_CHARACTERS = 200
#: The first and the last moment that an event may have: 1970 and 2100, in milliseconds.
MIN_TIME_MS = 0
MAX_TIME_MS = 4_102_444_800_000


NUL_CHARACTER = "\0"


class Rejected(Exception):
    """An event does not pass a stage: the stage's name, and a sentence for its sender."""

    def __init__(self, stage: str, reason: str) -> None:
        super().__init__(stage, reason)
        self.stage, self.reason = stage, reason


@dataclass(slots=True)
class Event:
    """One event; times are milliseconds since 1970 UTC. A stage takes it and returns it."""

    event_id: str
    type: str
    ts: int
    received: int
    source: int
    project: int
    #: The number of its request and its place there: `812:3`.
    receipt: str
    user_id: str | None = None
    session_id: str | None = None
    data: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    #: Whether it came so long after its time that its minute may already have been read.
    late: bool = False


#: What was read from a sender's event: id, type, time, user, session, data, metadata.
Fields = tuple[str | None, str, int | None, str | None, str | None, dict[str, Any], dict[str, Any]]


def fields_of_event(value: dict[str, Any]) -> Fields:
    """Read the plain schema: `event_id`, `event_type`, `timestamp`, `user_id`, `data`, `metadata`.

    Only the type is required; unknown members are kept as metadata. Raises Rejected.
    """
    data = _object(value, "data")
    metadata = _object(value, "metadata")
    if len(value) > 6 or not KNOWN_MEMBERS.issuperset(value):
        metadata = metadata | {key: value[key] for key in value if key not in KNOWN_MEMBERS}
    return (
        _name(value, "event_id"),
        _needed(value, "event_type"),
        time_of(value.get("timestamp"), "timestamp"),
        _name(value, "user_id"),
        _name(value, "session_id") or _loose(data.get("session_id")),
        data,
        metadata,
    )


KNOWN_MEMBERS = frozenset(
    ("event_id", "event_type", "timestamp", "user_id", "session_id", "data", "metadata")
)


def fields_of_cloudevent(value: dict[str, Any]) -> Fields:
    """Read a CloudEvent (1.0 §3, JSON format); its source and id together are its id."""
    if value.get("specversion") != "1.0":
        raise Rejected("validate", '`specversion` must be "1.0".')
    source, key = _needed(value, "source"), _needed(value, "id")
    data = value.get("data")
    if data is None and "data_base64" in value:
        data = {"base64": value["data_base64"]}
    body = data if isinstance(data, dict) else {} if data is None else {"value": data}
    metadata = {name: one for name, one in value.items() if name not in CLOUDEVENT_MEMBERS}
    return (
        f"{source} {key}",
        _needed(value, "type"),
        time_of(value.get("time"), "time"),
        _name(value, "userid") or _loose(body.get("user_id")),
        _name(value, "sessionid") or _loose(body.get("session_id")),
        body,
        metadata,
    )


CLOUDEVENT_MEMBERS = frozenset(
    ("specversion", "id", "type", "time", "data", "data_base64", "userid", "sessionid")
)


def fields_of_segment(value: dict[str, Any]) -> Fields:
    """Read a message of Segment's tracking API: the type of a `track` is its `event`."""
    kind = _needed(value, "type")
    context = _object(value, "context")
    data = _object(value, "properties") or _object(value, "traits")
    metadata = {name: one for name, one in value.items() if name not in SEGMENT_MEMBERS}
    if context:
        metadata["context"] = context
    return (
        _name(value, "messageId"),
        _needed(value, "event") if kind == "track" else kind,
        time_of(value.get("timestamp") or value.get("originalTimestamp"), "timestamp"),
        _name(value, "userId") or _name(value, "anonymousId"),
        _loose(context.get("sessionId")) or _loose(data.get("session_id")),
        data,
        metadata,
    )


SEGMENT_MEMBERS = frozenset(
    ("messageId", "event", "timestamp", "userId", "properties", "traits", "context", "writeKey")
)

READERS = {
    "event": fields_of_event,
    "cloudevent": fields_of_cloudevent,
    "segment": fields_of_segment,
}


def read(value: object, format: str, received: int) -> Event:
    """Make an event from what a sender wrote; its source and receipt are still to come.

    Raises Rejected with the sentence that its sender gets.
    """
    if type(value) is not dict:
        raise Rejected("validate", "An event must be a JSON object.")
    key, kind, ts, user, session, data, metadata = READERS[format](value)
    return Event(
        key or "",
        kind,
        received if ts is None else ts,
        received,
        0,
        0,
        "",
        user,
        session,
        data,
        metadata,
    )


def _object(value: dict[str, Any], name: str) -> dict[str, Any]:
    found = value.get(name)
    if found is None:
        return {}
    if type(found) is not dict:
        raise Rejected("validate", f"`{name}` must be an object.")
    return found


def _name(value: dict[str, Any], name: str) -> str | None:
    """Return a text that names something; a whole number will do, too."""
    found = value.get(name)
    if found is None or found == "":
        return None
    if type(found) is int:
        found = str(found)
    if type(found) is not str or len(found) > MAX_NAME_CHARACTERS:
        limit = MAX_NAME_CHARACTERS
        raise Rejected("validate", f"`{name}` must be text of at most {limit} characters.")
    if NUL_CHARACTER in found:  # as at every other door: PostgreSQL's texts can't have it
        raise Rejected("validate", f"`{name}` must not have NUL characters (U+0000).")
    return found


def _needed(value: dict[str, Any], name: str) -> str:
    found = _name(value, name)
    if found is None or not found.strip():
        raise Rejected("validate", f"`{name}` is missing.")
    return found


def _loose(value: object) -> str | None:
    """Return a name that a sender put among their own data, if it can be one."""
    if type(value) is int:
        return str(value)
    fits = type(value) is str and 0 < len(value) <= MAX_NAME_CHARACTERS
    fits = fits and NUL_CHARACTER not in value  # type: ignore[operator]
    return value if fits else None  # type: ignore[return-value]


def moment_of(text: str) -> datetime:
    """Read a time in RFC 3339 or ISO 8601; raises TypeError, ValueError."""
    try:
        moment = datetime.fromisoformat(text)  # the form that nearly all write, ten times as fast
    except ValueError:
        found = times.parse(text)  # lower case, leap seconds
        if not isinstance(found, datetime):
            raise
        moment = found
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def time_of(value: object, name: str) -> int | None:
    """Return the milliseconds of an RFC 3339 time; one without an offset is UTC."""
    if value is None:
        return None
    try:
        moment = moment_of(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        words = "must be a time such as 2026-01-31T09:30:00Z"
        raise Rejected("validate", f"`{name}` {words}.") from None
    return checked_time(int(moment.timestamp() * 1000 + 0.5), name)


def checked_time(ts: int, name: str) -> int:
    """Return a time in milliseconds; raises Rejected unless it is from 1970 to 2100."""
    if not MIN_TIME_MS <= ts < MAX_TIME_MS:
        raise Rejected("validate", f"`{name}` must be between 1970 and 2100.")
    return ts
