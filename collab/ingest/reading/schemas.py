"""What stored events and their counts look like on the wire."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from ...core.fields.moment import Moment
from ...core.http.pages import PageQuery, page_of
from ...core.schemas import MAX_ID, Items, JsonList, JsonObject, Schema, Time, line
from .stats import WIDTHS_MS

#: Characters of a type, a user, a session or an event's id.
MAX_NAME = 200


def number(**options: Any) -> fields.Integer:
    """Make a field for a resource's id in an address."""
    return fields.Integer(validate=validate.Range(1, MAX_ID), **options)


class OfProject(Schema):
    """Whose events."""

    aliases = {"projectId": "project_id", "sourceId": "source_id", "userId": "user_id"}
    project_id = number(required=True, metadata={"example": 1})


class Between(OfProject):
    """Whose events, and from when to when."""

    since = Moment(load_default=None, metadata={"description": "From this time on (RFC 3339)."})
    until = Moment(load_default=None, metadata={"description": "Before this time; default: now."})


def name(meaning: str, example: str) -> fields.String:
    """Make a field for a name that events have."""
    metadata = {"description": meaning, "example": example}
    return line(MAX_NAME, load_default=None, metadata=metadata)


def source_field() -> fields.Integer:
    """Make a field for what one source sent."""
    meaning = {"description": "Only what this source sent."}
    return number(load_default=None, attribute="source", metadata=meaning)


class StoredEventQuery(PageQuery, Between):
    """Which events to show."""

    type = name("Only events of this type.", "page_view")
    user_id = name("Only this user's.", "user123")
    session_id = name("Only those of this session.", "session456")
    event_id = name(
        "Only the one to which its sender gave this id.", "5f0c7b9e-6a0b-4d4e-9a51-0d3c1f0b7a55"
    )
    source_id = source_field()


class StoredEventOut(Schema):
    """An event in the store."""

    example = {
        "id": 4711,
        "source_id": 3,
        "type": "page_view",
        "event_id": "5f0c7b9e-6a0b-4d4e-9a51-0d3c1f0b7a55",
        "user_id": "user123",
        "session_id": "session456",
        "timestamp": "2026-03-02T09:00:00Z",
        "received_at": "2026-03-02T09:00:01Z",
        "late": False,
        "data": {"page": "/home"},
        "metadata": {"version": "1.0"},
    }
    id = fields.Integer(required=True)
    source_id = fields.Integer(required=True)
    type = fields.String(required=True)
    event_id = fields.String(required=True)
    user_id = fields.String(required=True, allow_none=True)
    session_id = fields.String(required=True, allow_none=True)
    timestamp = Time(required=True, metadata={"description": "When it happened."})
    received_at = Time(required=True)
    late = fields.Boolean(
        required=True, metadata={"description": "Whether it arrived long after it happened."}
    )
    data = JsonObject(required=True)
    metadata = JsonObject(required=True)


class StatsQuery(Between):
    """What to count, and how."""

    bucket = fields.String(
        load_default="hour",
        validate=validate.OneOf(list(WIDTHS_MS)),
        metadata={"description": "By default an hour by minutes, a day by hours, a month by days."},
    )
    group_by = fields.String(load_default=None, validate=validate.OneOf(["type", "source"]))
    type = name("Only events of this type.", "page_view")
    source_id = source_field()


class BucketOut(Schema):
    """What happened in a minute, hour or day (UTC)."""

    example = {"time": "2026-03-02T09:00:00Z", "events": 120, "late": 2, "by": {"page_view": 120}}
    time = Time(required=True, metadata={"description": "When it begins."})
    events = fields.Integer(required=True)
    late = fields.Integer(required=True)
    by = JsonObject(
        required=True,
        metadata={
            "description": "Events of each type, or of each source by its id, without zeros."
        },
    )


class StatsOut(Schema):
    """Events counted, in buckets without gaps."""

    example = {
        "bucket": "hour",
        "group_by": "type",
        "since": "2026-03-02T09:00:00Z",
        "until": "2026-03-02T10:00:00Z",
        "events": 120,
        "late": 2,
        "groups": ["page_view"],
    }
    bucket = fields.String(required=True)
    group_by = fields.String(required=True, allow_none=True)
    since = Time(required=True)
    until = Time(required=True)
    events = fields.Integer(required=True)
    late = fields.Integer(required=True)
    groups = JsonList(
        fields.String(),
        required=True,
        metadata={"description": "By number of events; all past the first 50 are `(others)`."},
    )
    items = Items(fields.Nested(BucketOut), required=True)


StoredEventPage = page_of(StoredEventOut)
