"""What sources and schemas look like on the wire."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from ..core.http.pages import PageQuery, page_of, sort_field
from ..core.schemas import (
    MAX_ID,
    FreeJson,
    JsonList,
    JsonObject,
    Schema,
    Time,
    TrueOrFalse,
    identifier,
    line,
)
from .models import (
    MAX_SOURCE_NAME,
    MAX_TYPE_LENGTH,
    MAX_VERSION_LENGTH,
    POLICIES,
    SCHEMA_SORTS,
    SOURCE_SORTS,
)
from .sources import ALL_KEYS, PREVIOUS_KEY

#: Seconds that a key may stay valid after its rotation: 30 days.
MAX_OVERLAP_S = 30 * 86_400
#: A day: time to bring the new key to wherever the old one is.
DEFAULT_OVERLAP_S = 86_400

RULES_EXAMPLE = [
    {"op": "hash", "path": "user_id"},
    {"op": "derive", "to": "data.host", "from": "data.url", "as": "host"},
    {"op": "drop", "path": "data.password", "type": "sign_up"},
]
SCHEMA_EXAMPLE = {
    "type": "object",
    "required": ["action"],
    "properties": {"action": {"type": "string", "maxLength": 40}},
}


def _asked_id(**options: Any) -> fields.Integer:
    """Make a parameter of an address that is an id."""
    return fields.Integer(validate=validate.Range(1, MAX_ID), **options)


def _policy(**options: object) -> fields.String:
    meaning = "What happens to types without a schema: accepted, or a dead letter each."
    return fields.String(
        validate=validate.OneOf(POLICIES),
        metadata={"description": meaning},
        **options,  # type: ignore[arg-type]
    )


def _rules(**options: object) -> fields.List[Any]:
    meaning = "What is done to each event: `rename`, `derive`, `drop`, `mask` and `hash`, in order."
    return fields.List(
        fields.Dict(),
        metadata={"description": meaning, "example": RULES_EXAMPLE},
        **options,  # type: ignore[arg-type]
    )


class SourceIn(Schema):
    """A source of events, and the project that it sends to."""

    example = {"name": "Web site", "project_id": 1}
    aliases = {"projectId": "project_id"}
    project_id = identifier(required=True)
    name = line(MAX_SOURCE_NAME, required=True)
    unknown_types = _policy()
    rules = _rules()


class SourcePatch(Schema):
    """The parts of a source that change."""

    example = {"name": "Shop", "enabled": True}
    name = line(MAX_SOURCE_NAME)
    enabled = TrueOrFalse(metadata={"description": "Whether it may send."})
    unknown_types = _policy()
    rules = _rules()


class SourceOut(Schema):
    """A source of events."""

    example = {"name": "Web site", "key_hint": "x7Qa", "created_by": 2}
    id = fields.Integer(required=True)
    project_id = fields.Integer(required=True)
    name = fields.String(required=True)
    enabled = fields.Boolean(required=True)
    unknown_types = fields.String(required=True, validate=validate.OneOf(POLICIES))
    rules = JsonList(fields.Dict(), required=True, metadata={"example": RULES_EXAMPLE})
    key_hint = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "The key's last characters; null: it has been revoked."},
    )
    previous_until = Time(
        required=True,
        allow_none=True,
        metadata={"description": "When the previous key stops working.", "example": None},
    )
    created_by = fields.Integer(required=True, allow_none=True)
    created_at = Time(required=True)
    updated_at = Time(required=True)


class SourceKeyOut(SourceOut):
    """A source of events with its key, which is never shown again."""

    example = {"write_key": "collab_wk_d9kTq0v3yJmZr1cB5nXw8aLfGh2sPoUeYiKtRx7Qa"}
    write_key = fields.String(
        required=True, metadata={"description": "Keep it now: only its digest is stored."}
    )


class SourceListed(SourceOut):
    """A source of events in a list."""

    last_used_at = Time(
        required=True,
        allow_none=True,
        metadata={
            "description": "When it last sent something, to the minute.",
            "example": "2026-03-02T09:30:00Z",
        },
    )


class SourceQuery(PageQuery):
    """Whose sources."""

    aliases = {"projectId": "project_id"}
    project_id = _asked_id(required=True)
    sort = sort_field(SOURCE_SORTS, "id")


class RotateIn(Schema):
    """How long the current key stays valid."""

    body_optional = True
    example = {"overlap_seconds": DEFAULT_OVERLAP_S}
    overlap_seconds = fields.Integer(
        strict=True,
        load_default=DEFAULT_OVERLAP_S,
        validate=validate.Range(0, MAX_OVERLAP_S),
        metadata={"description": "0 ends it at once."},
    )


class RevokeIn(Schema):
    """Which keys end."""

    body_optional = True
    example = {"keys": PREVIOUS_KEY}
    keys = fields.String(load_default=ALL_KEYS, validate=validate.OneOf((ALL_KEYS, PREVIOUS_KEY)))


class EventSchemaIn(Schema):
    """The schema of a type's data, for one version or for all versions without their own."""

    example = {"project_id": 1, "event_type": "user_action", "event_version": "1.0"}
    aliases = {"projectId": "project_id", "type": "event_type", "version": "event_version"}
    project_id = identifier(required=True)
    event_type = line(MAX_TYPE_LENGTH, required=True)
    event_version = fields.String(
        load_default="",
        validate=validate.Length(0, MAX_VERSION_LENGTH),
        metadata={"description": "As events state it in `metadata.version`; empty: any."},
    )
    schema = FreeJson(
        required=True,
        metadata={"description": "JSON Schema 2020-12 of `data`.", "example": SCHEMA_EXAMPLE},
    )


class EventSchemaOut(Schema):
    """The schema of an event type."""

    example = {"event_type": "user_action", "event_version": "1.0", "created_by": 2}
    id = fields.Integer(required=True)
    project_id = fields.Integer(required=True)
    event_type = fields.String(required=True)
    event_version = fields.String(required=True)
    schema = JsonObject(required=True, metadata={"example": SCHEMA_EXAMPLE})
    created_by = fields.Integer(required=True, allow_none=True)
    created_at = Time(required=True)


class EventSchemaQuery(PageQuery):
    """Whose schemas, and of which type."""

    aliases = {"projectId": "project_id"}
    example = {"event_type": "user_action"}
    project_id = _asked_id(required=True)
    event_type = line(MAX_TYPE_LENGTH, load_default=None)
    sort = sort_field(SCHEMA_SORTS, "id")


SourcePage = page_of(SourceListed)
EventSchemaPage = page_of(EventSchemaOut)


class IngestQuery(Schema):
    """Where events belong that a person sends without a write key; one of both is enough."""

    aliases = {"projectId": "project_id", "sourceId": "source_id"}
    source_id = _asked_id(
        load_default=None, metadata={"description": "Without a write key: the source."}
    )
    project_id = _asked_id(
        load_default=None,
        metadata={"description": "Without a write key: the project, for its source `API`."},
    )


class VerdictOut(Schema):
    """What is known about an event that was not accepted."""

    example = {"index": 3, "event_id": "7f9c24e8", "reason": "`event_type` is missing."}
    index = fields.Integer(required=True, metadata={"description": "Its place, from 0."})
    event_id = fields.String(required=True, allow_none=True)
    verdict = fields.String(required=True, validate=validate.OneOf(("rejected",)))
    reason = fields.String(required=True)


class ReceiptOut(Schema):
    """What became of the events of a request."""

    example = {"accepted": 999, "rejected": 1, "receipt": "812"}
    accepted = fields.Integer(required=True, metadata={"description": "Safe, and on their way."})
    rejected = fields.Integer(required=True, metadata={"description": "Already dead letters."})
    receipt = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Its number: its events are `812:0` and so on. Null: no events."},
    )
    events = fields.List(
        fields.Nested(VerdictOut),
        required=True,
        metadata={"description": "Those that are not accepted, and why."},
    )


class SegmentOut(Schema):
    """The answer to Segment's libraries."""

    example = {"success": True, "accepted": 2, "receipt": "813"}
    success = fields.Boolean(required=True)
    accepted = fields.Integer(required=True)
    receipt = fields.String(required=True, allow_none=True)
