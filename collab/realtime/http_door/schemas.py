"""What events look like on the wire."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from ...core.schemas import MAX_ID, JsonObject, Schema, Time, identifier, patterned
from ...events.types import TYPE_PATTERN
from ..json_door.protocol import MAX_TOPICS

MAX_WAIT_S = 30


def topic_field(**options: Any) -> fields.String:
    """Make a field for a topic such as `project:1`."""
    metadata = {"example": "project:1", "description": "Such as `project:1` or `user:7`."}
    return fields.String(validate=validate.Length(1, 64), metadata=metadata, **options)


class TopicQuery(Schema):
    """Which topic: `topic`, or `project_id` for that project's."""

    aliases = {"projectId": "project_id"}
    topic = topic_field(load_default=None)
    project_id = fields.Integer(
        load_default=None, validate=validate.Range(1, MAX_ID), metadata={"example": 1}
    )


class EventQuery(TopicQuery):
    """Which events."""

    example = {"type": "task.created"}
    after = fields.Integer(
        load_default=0,
        validate=validate.Range(0, MAX_ID),
        metadata={"description": "Only events after this id."},
    )
    cursor = fields.Integer(
        load_default=None,
        validate=validate.Range(0, MAX_ID),
        metadata={"description": "The `next_cursor` of the previous page."},
    )
    type = fields.String(load_default=None, validate=validate.Length(1, 100))
    wait = fields.Integer(
        load_default=0,
        validate=validate.Range(0, MAX_WAIT_S),
        metadata={"description": "Seconds to wait for the first event (long poll)."},
    )
    limit = fields.Integer(load_default=20, validate=validate.Range(1, 100))
    sort = fields.String(load_default="id", validate=validate.OneOf(["id", "-id"]))


def resume_field(description: str, **options: Any) -> fields.Integer:
    """Make a field for the id of the last event that a reader saw."""
    return fields.Integer(
        load_default=None,
        validate=validate.Range(0, MAX_ID),
        metadata={"description": description},
        **options,
    )


#: Members of `StreamQuery` that say where a reader resumes, whatever their clients call it.
RESUME_FIELDS = ("after", "last_event_id", "mercure_id", "header_id")


class StreamQuery(Schema):
    """What to follow, and from where."""

    example = {
        "token": "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.claims.signature",
        "ticket": "Zk3vT9hH0mQ2yX5sR8uW1aB4cD7eF6gH9iJ0kL3mN6o",
    }
    aliases = {"projectId": "project_id"}
    project_id = fields.Integer(load_default=None, validate=validate.Range(1, MAX_ID))
    topic = fields.List(topic_field(), load_default=list, validate=validate.Length(max=MAX_TOPICS))
    after = resume_field(
        "Resume after this id; the `Last-Event-ID` header takes precedence, and if the address has "
        "several, the newest."
    )
    last_event_id = resume_field(
        "`after`, as `event-source-polyfill` sends it when it reconnects.", data_key="lastEventId"
    )
    mercure_id = resume_field("`after`, as clients of Mercure spell it.", data_key="lastEventID")
    header_id = resume_field("`after`, as the header is spelt.", data_key="Last-Event-ID")
    token = fields.String(metadata={"description": "An access token, where no header can be sent."})
    ticket = fields.String(metadata={"description": "A ticket from `POST /auth/ticket`."})


class EventIn(Schema):
    """An event to publish; `data` is another name for `payload`."""

    example = {"type": "file_changed", "project_id": 1, "payload": {"fileName": "index.js"}}
    aliases = {"data": "payload", "projectId": "project_id", "event_type": "type"}
    type = patterned(
        f"^{TYPE_PATTERN}$",
        "Must be words of lower-case letters and digits, joined by . or _.",
        1,
        100,
        required=True,
        metadata={"example": "file_changed"},
    )
    topic = topic_field()
    project_id = identifier()
    payload = fields.Dict(
        load_default=dict, metadata={"example": {"fileName": "index.js", "changes": "..."}}
    )


class EventOut(ma.Schema):
    """An event as CloudEvents 1.0 JSON."""

    example = {
        "specversion": "1.0",
        "id": "42",
        "source": "/api/v1",
        "type": "file_changed",
        "time": "2026-03-02T09:30:00Z",
        "datacontenttype": "application/json",
        "topic": "project:1",
        "actor": 3,
        "data": {"fileName": "index.js"},
    }
    specversion = fields.String(required=True)
    id = fields.String(required=True, metadata={"description": "The log's id, as text."})
    source = fields.String(required=True)
    type = fields.String(required=True)
    time = Time(required=True)
    datacontenttype = fields.String(required=True)
    topic = fields.String(required=True)
    actor = fields.Integer(metadata={"description": "Who did it."})
    signal = fields.Boolean(metadata={"description": "True for what is sent but not kept."})
    data = JsonObject(required=True)


class EventPage(ma.Schema):
    """Some events, and where to go on."""

    example = {"last_id": 42, "recovered": True}
    items = fields.List(fields.Nested(EventOut), required=True)
    next_cursor = fields.String(required=True, allow_none=True)
    last_id = fields.Integer(
        required=True, metadata={"description": "Send it as `after` to get what comes next."}
    )
    recovered = fields.Boolean(
        required=True, metadata={"description": "False: events after `after` have been pruned."}
    )


class PresentOut(ma.Schema):
    """A person who is there."""

    example = {"user_id": 3, "name": "Bob"}
    user_id = fields.Integer(required=True)
    name = fields.String(required=True)


class PresenceOut(ma.Schema):
    """Who follows a topic now, each person once."""

    example = {"topic": "project:1"}
    topic = fields.String(required=True)
    items = fields.List(fields.Nested(PresentOut), required=True)
