"""What the OpenAPI document says about bodies and keys that no schema of ours reads."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]

#: The ways to send a write key, besides the ordinary token.
KEY_SCHEMES: Json = {
    "writeKey": {
        "type": "apiKey",
        "in": "header",
        "name": "X-Write-Key",
        "description": "The write key of a source.",
    },
    "basicWriteKey": {
        "type": "http",
        "scheme": "basic",
        "description": "The write key of a source as the user name; no password.",
    },
}
EVENT_EXAMPLE: Json = {
    "event_id": "7f9c24e8-3b12-4fef-91e0-a2f8e1c3d5b7",
    "event_type": "user_action",
    "timestamp": "2026-03-02T09:00:00Z",
    "user_id": "user123",
    "data": {"action": "click", "page": "/home", "session_id": "session456"},
    "metadata": {"source": "web", "version": "1.0"},
}
CLOUDEVENT_EXAMPLE: Json = {
    "specversion": "1.0",
    "id": "A234-1234-1234",
    "source": "/shop/orders",
    "type": "order.placed",
    "time": "2026-03-02T09:00:00Z",
    "data": {"order": 17},
}
MESSAGE_EXAMPLE: Json = {
    "messageId": "node-next-1772442000000-7f9c24e8",
    "type": "track",
    "event": "Order Placed",
    "userId": "user123",
    "timestamp": "2026-03-02T09:00:00Z",
    "properties": {"order": 17},
}

_EVENT: Json = {
    "type": "object",
    "required": ["event_type"],
    "properties": {
        "event_id": {"type": "string", "maxLength": 200},
        "event_type": {"type": "string", "minLength": 1, "maxLength": 200},
        "timestamp": {"type": "string", "format": "date-time"},
        "user_id": {"type": ["string", "null"], "maxLength": 200},
        "data": {"type": "object"},
        "metadata": {"type": "object"},
    },
}
_EVENTS: Json = {"type": "array", "items": _EVENT, "maxItems": 1000}
_CLOUDEVENT: Json = {
    "type": "object",
    "required": ["specversion", "id", "source", "type"],
    "properties": {"specversion": {"const": "1.0"}},
}
_MESSAGE: Json = {"type": "object", "properties": {"messageId": {"type": "string"}}}

EVENTS_BODY: Json = {
    "required": True,
    "description": "One event or up to 1,000; a CloudEvent in binary mode has any type of data.",
    "content": {
        "application/json": {
            "schema": {
                "anyOf": [
                    _EVENT,
                    _EVENTS,
                    {"type": "object", "required": ["events"], "properties": {"events": _EVENTS}},
                ]
            },
            "examples": {
                "one": {"summary": "One event", "value": EVENT_EXAMPLE},
                "several": {"summary": "Several", "value": [EVENT_EXAMPLE]},
            },
        },
        "application/x-ndjson": {
            "schema": {"type": "string", "description": "One event on each line."},
            "example": '{"event_type": "user_action"}\n{"event_type": "user_action"}\n',
        },
        "application/cloudevents+json": {"schema": _CLOUDEVENT, "example": CLOUDEVENT_EXAMPLE},
        "application/cloudevents-batch+json": {
            "schema": {"type": "array", "items": _CLOUDEVENT},
            "example": [CLOUDEVENT_EXAMPLE],
        },
    },
}
_BATCH: Json = {
    "type": "object",
    "required": ["batch"],
    "properties": {
        "batch": {"type": "array", "items": _MESSAGE},
        "sentAt": {"type": "string"},
        "writeKey": {"type": "string", "description": "If no header has it."},
    },
}


def _json_body(schema: Json, example: Json) -> Json:
    media = {"schema": schema, "example": example}
    return {"required": True, "content": {"application/json": media, "text/plain": media}}


BATCH_BODY = _json_body(_BATCH, {"batch": [MESSAGE_EXAMPLE], "sentAt": "2026-03-02T09:00:01Z"})
MESSAGE_BODY = _json_body(_MESSAGE, MESSAGE_EXAMPLE)
EVENTS_SECURITY: list[Json] = [{"writeKey": []}, {"basicWriteKey": []}, {"bearer": []}]
SEGMENT_SECURITY: list[Json] = [{"basicWriteKey": []}, {"writeKey": []}, {"bearer": []}, {}]


def describe_keys(spec: Any) -> None:
    """Put the ways to send a write key into the document."""
    for name, scheme in KEY_SCHEMES.items():
        spec.components.security_scheme(name, scheme)
