"""What feeds and the audit look like on the wire."""

from __future__ import annotations

from marshmallow import fields, validate

from ..core.fields.moment import Moment
from ..core.http.pages import PageQuery, page_of
from ..core.schemas import MAX_ID, JsonObject, Schema, Time, patterned
from ..realtime.http_door.schemas import topic_field

TYPE_META = {
    "example": "task",
    "description": "A type such as `task.created`, or a family of them such as `task`.",
}


class PeriodQuery(Schema):
    """Which type, and from when to when."""

    example = {
        "type": "task.created",
        "since": "2026-03-01T00:00:00Z",
        "until": "2026-04-01T00:00:00Z",
    }
    type = fields.String(load_default=None, validate=validate.Length(1, 100), metadata=TYPE_META)
    since = Moment(load_default=None, metadata={"description": "From this time on (RFC 3339)."})
    until = Moment(load_default=None, metadata={"description": "Before this time (RFC 3339)."})


class FeedQuery(PageQuery, PeriodQuery):
    """Which events to show."""

    example = {"actor": "me"}
    actor = patterned(
        r"^(me|[1-9][0-9]{0,17})$",
        "Must be a person's id, or `me`.",
        1,
        18,
        load_default=None,
        metadata={"description": "Who did it: a person's id, or `me`."},
    )


class AuditFilter(PeriodQuery):
    """Which events to show."""

    example = {"actor": 3, "address": "192.0.2.7"}
    aliases = {"projectId": "project_id"}
    actor = fields.Integer(load_default=None, validate=validate.Range(1, MAX_ID))
    topic = topic_field(load_default=None)
    project_id = fields.Integer(load_default=None, validate=validate.Range(1, MAX_ID))
    address = fields.String(
        load_default=None,
        validate=validate.Length(1, 45),
        metadata={"description": "The client's IP address, as the audit shows it."},
    )


class AuditQuery(PageQuery, AuditFilter):
    """Which events to show, a page at a time."""


class ExportQuery(AuditFilter):
    """Which events to export, and in which format."""

    format = fields.String(load_default="csv", validate=validate.OneOf(["csv", "jsonl"]))


class ActorOut(Schema):
    """Who did it."""

    example = {"id": 3, "name": "Bob"}
    id = fields.Integer(required=True)
    name = fields.String(required=True)


class ActivityOut(Schema):
    """Something that happened."""

    example = {
        "type": "task.created",
        "text": "Bob made the task \u201cOrder the rocket\u201d",
        "topic": "project:1",
        "data": {"task_id": 1, "title": "Order the rocket"},
        "withheld": False,
        "time": "2026-03-02T09:00:00Z",
    }
    id = fields.Integer(required=True, metadata={"description": "The event's id in the log."})
    type = fields.String(required=True)
    text = fields.String(
        required=True,
        metadata={"description": "A sentence, plain text.", "example": "Bob made the task “Fix”"},
    )
    actor = fields.Nested(
        ActorOut,
        required=True,
        allow_none=True,
        metadata={
            "description": "Who did it; null if it was the service itself, or somebody unknown."
        },
    )
    topic = fields.String(required=True)
    project_id = fields.Integer(required=True, allow_none=True)
    data = JsonObject(required=True)
    withheld = fields.Boolean(
        required=True,
        metadata={"description": "True if the data is private: admins don't see it."},
    )
    time = Time(required=True)


class AuditOut(ActivityOut):
    """Something that happened, and the address it came from."""

    example = {"address": "192.0.2.7"}
    address = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "The client's address; null if no request caused it."},
    )


ActivityPage = page_of(ActivityOut)
AuditPage = page_of(AuditOut)
