"""What webhooks and their deliveries look like on the wire."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from ..core.http.pages import PageQuery, page_of, sort_field
from ..core.outbound.urls import MAX_URL_LENGTH
from ..core.schemas import MAX_ID, Schema, ShortList, Strings, Time, WholeNumber, line, patterned
from .models import (
    ACTIVE,
    DELIVERY_SORTS,
    DELIVERY_STATUSES,
    DISABLED_REASONS,
    MAX_NAME_LENGTH,
    PAUSED,
    WEBHOOK_SORTS,
    WEBHOOK_STATES,
)
from .patterns import MAX_PATTERN_LENGTH, MAX_PATTERNS, TYPES_PATTERN

#: Seconds that a secret which was rotated signs too, unless the request says otherwise.
DEFAULT_OVERLAP_S = 24 * 3600
MAX_OVERLAP_S = 7 * 24 * 3600
URL_EXAMPLE = "https://ci.example.com/hooks/collab"


def _url(**options: Any) -> fields.String:
    meaning = "An https address with a public name or address; port 80, 443, or 1024 and above."
    metadata = {"description": meaning, "example": URL_EXAMPLE}
    return fields.String(validate=validate.Length(1, MAX_URL_LENGTH), metadata=metadata, **options)


def _types(**options: Any) -> ShortList:
    pattern = patterned(
        f"^(?:{TYPES_PATTERN})$",
        "Must be a type such as task.created, a beginning such as task.*, or *.",
        1,
        MAX_PATTERN_LENGTH,
    )
    meaning = "Types of events, or beginnings of types; `_` and `.` are the same."
    metadata = {"description": meaning, "example": ["task.*", "file.created"]}
    return ShortList(
        pattern, validate=validate.Length(1, MAX_PATTERNS), metadata=metadata, **options
    )


class WebhookIn(Schema):
    """Where events are sent, and which."""

    example = {"name": "CI", "url": URL_EXAMPLE}
    name = line(MAX_NAME_LENGTH, required=True)
    url = _url(required=True)
    types = _types(load_default=lambda: ["*"])


class WebhookPatch(Schema):
    """The parts of a webhook that change."""

    example = {"name": "CI", "url": URL_EXAMPLE, "state": PAUSED}
    name = line(MAX_NAME_LENGTH)
    url = _url()
    types = _types()
    state = fields.String(
        validate=validate.OneOf((ACTIVE, PAUSED)),
        metadata={"description": "While it is paused, deliveries wait."},
    )


class WebhookOut(Schema):
    """A webhook."""

    example = {
        "name": "CI",
        "url": URL_EXAMPLE,
        "types": ["task.*"],
        "state": ACTIVE,
        "created_by": 2,
        "behind": False,
    }
    id = fields.Integer(required=True)
    project_id = fields.Integer(required=True)
    name = fields.String(required=True)
    url = fields.String(required=True)
    types = Strings(required=True)
    state = fields.String(required=True, validate=validate.OneOf(WEBHOOK_STATES))
    reason = fields.String(
        required=True,
        allow_none=True,
        validate=validate.OneOf(DISABLED_REASONS),
        metadata={"description": "Why the server has disabled it.", "example": None},
    )
    failing_since = Time(
        required=True,
        allow_none=True,
        metadata={"description": "Since when no attempt has succeeded.", "example": None},
    )
    retry_at = Time(
        required=True,
        allow_none=True,
        metadata={"description": "When the first in the queue is tried again.", "example": None},
    )
    behind = fields.Boolean(
        required=True,
        metadata={"description": "Whether events that the queue has no room for wait in the log."},
    )
    previous_until = Time(
        required=True,
        allow_none=True,
        metadata={"description": "Until when the old secret signs, too.", "example": None},
    )
    created_by = fields.Integer(
        required=True, metadata={"description": "In whose name it reads the project."}
    )
    created_at = Time(required=True)
    updated_at = Time(required=True)


class WebhookSecretOut(WebhookOut):
    """A webhook with its secret, which is never shown again."""

    example = {"secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="}
    secret = fields.String(
        required=True, metadata={"description": "Keep it now: receivers check signatures with it."}
    )


class WebhookQuery(PageQuery):
    """Which webhooks."""

    sort = sort_field(WEBHOOK_SORTS, "id")


class AllWebhooksQuery(WebhookQuery):
    """Which webhooks of the installation."""

    state = fields.String(load_default=None, validate=validate.OneOf(WEBHOOK_STATES))


class WebhookRotateIn(Schema):
    """How long the present secret signs too."""

    body_optional = True
    example = {"overlap_seconds": DEFAULT_OVERLAP_S}
    overlap_seconds = fields.Integer(
        strict=True,
        load_default=DEFAULT_OVERLAP_S,
        validate=validate.Range(0, MAX_OVERLAP_S),
        metadata={"description": "0: from now on only the new one signs."},
    )


class DeliveryQuery(PageQuery):
    """Which deliveries."""

    status = fields.String(load_default=None, validate=validate.OneOf(DELIVERY_STATUSES))
    type = fields.String(load_default=None, validate=validate.Length(1, 100))
    sort = sort_field(DELIVERY_SORTS, "-id")


class DeliveryOut(Schema):
    """A delivery, as lists show it."""

    example = {
        "event_id": 120,
        "message_id": "msg_1-120-199f2d1c8a0",
        "type": "task.created",
        "status": "delivered",
        "attempts": 1,
        "answer_status": 200,
        "error": None,
        "ended_at": "2026-03-02T09:00:01Z",
    }
    id = fields.Integer(required=True)
    event_id = fields.Integer(
        required=True, allow_none=True, metadata={"description": "Null for a ping."}
    )
    message_id = fields.String(
        required=True, metadata={"description": "The header `webhook-id` of each attempt."}
    )
    type = fields.String(required=True)
    status = fields.String(required=True, validate=validate.OneOf(DELIVERY_STATUSES))
    attempts = fields.Integer(required=True, metadata={"description": "Since it was last queued."})
    answer_status = fields.Integer(required=True, allow_none=True)
    error = fields.String(
        required=True,
        allow_none=True,
        metadata={
            "description": "Why the last attempt failed: status, timeout, unresolved, broken, "
            "forbidden_address; event_gone: the event has been deleted."
        },
    )
    created_at = Time(required=True)
    ended_at = Time(required=True, allow_none=True)


class AttemptMadeOut(Schema):
    """One request, and what was answered."""

    example = {
        "started_at": "2026-03-02T09:00:01Z",
        "milliseconds": 84,
        "answer_status": 200,
        "answer": "ok",
        "error": None,
    }
    started_at = Time(required=True)
    milliseconds = fields.Integer(required=True)
    answer_status = fields.Integer(required=True, allow_none=True)
    answer = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "The beginning of the answer's body."},
    )
    error = fields.String(required=True, allow_none=True)
    detail = fields.String(required=True, allow_none=True, metadata={"example": None})


class DeliveryWholeOut(DeliveryOut):
    """A delivery with what is sent, and its attempts."""

    body = fields.String(
        required=True,
        allow_none=True,
        metadata={
            "description": "The event's envelope, byte by byte; null where it is deleted.",
            "example": '{"specversion":"1.0","id":"120","type":"task.created"}',
        },
    )
    tries = fields.List(
        fields.Nested(AttemptMadeOut),
        required=True,
        metadata={"description": "The attempts that are kept, the oldest first."},
    )


class RedeliverIn(Schema):
    """Which deliveries are sent again: those with ids in a span, of these statuses."""

    body_optional = True
    example = {"from_id": 1, "through_id": 500, "statuses": ["failed", "dropped"]}
    from_id = WholeNumber(load_default=1, validate=validate.Range(1, MAX_ID))
    through_id = WholeNumber(load_default=MAX_ID, validate=validate.Range(1, MAX_ID))
    statuses = ShortList(
        fields.String(validate=validate.OneOf(DELIVERY_STATUSES[1:])),
        load_default=lambda: ["failed", "dropped"],
        validate=validate.Length(1, len(DELIVERY_STATUSES) - 1),
    )

    @ma.validates_schema
    def _is_a_span(self, data: dict[str, Any], **kwargs: Any) -> None:
        if "from_id" in data and "through_id" in data and data["from_id"] > data["through_id"]:
            raise ma.ValidationError("Must not come before from_id.", "through_id")


class RedeliveredOut(Schema):
    """How many were queued, and where to go on."""

    example = {"count": 2, "last_id": 7, "more": False}
    count = fields.Integer(required=True)
    last_id = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "The last of them: the next request goes on after it."},
    )
    more = fields.Boolean(
        required=True,
        metadata={"description": "Whether there may be more: then ask again."},
    )


WebhookPage = page_of(WebhookOut)
DeliveryPage = page_of(DeliveryOut)
