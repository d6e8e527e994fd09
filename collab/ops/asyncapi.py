"""The socket's contract as an AsyncAPI 3 document, made from the catalogue of events."""

from __future__ import annotations

import typing
from dataclasses import fields
from functools import cache
from typing import Any

from .. import __version__
from ..events.catalogue import catalogue
from ..events.types import OPEN_TYPES, PRESENCE_TYPES, Event

Json = dict[str, Any]

SCHEMAS: dict[Any, Json] = {
    int: {"type": "integer"},
    int | None: {"type": ["integer", "null"]},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    str: {"type": "string"},
    str | None: {"type": ["string", "null"]},
    list[int]: {"type": "array", "items": {"type": "integer"}},
    list[str]: {"type": "array", "items": {"type": "string"}},
    dict[str, Any]: {"type": "object"},
    list[dict[str, Any]] | None: {"type": ["array", "null"], "items": {"type": "object"}},
}

REF = {"type": "string", "description": "Repeated by the answer."}
TOPIC = {"type": "string", "examples": ["project:1", "workspace:3", "job:5", "user:7", "posts"]}


def _object(required: list[str], **properties: Json) -> Json:
    return {"type": "object", "required": required, "properties": properties}


def _const(value: str) -> Json:
    return {"type": "string", "const": value}


#: What a client sends: title, schema of the message.
REQUESTS: dict[str, tuple[str, Json]] = {
    "auth": (
        "Sign in as the first message, or renew the token.",
        _object(["type", "token"], type=_const("auth"), token={"type": "string"}, ref=REF),
    ),
    "subscribe": (
        "Follow a topic, from behind an id where `after` is given.",
        _object(
            ["type"],
            type=_const("subscribe"),
            topic=TOPIC,
            project_id={"type": "integer"},
            after={"type": ["integer", "string"], "description": "The last id that was seen."},
            ref=REF,
        ),
    ),
    "unsubscribe": (
        "Follow a topic no longer.",
        _object(["type", "topic"], type=_const("unsubscribe"), topic=TOPIC, ref=REF),
    ),
    "publish": (
        "Publish an event. Its type may also stand in `type` itself, as in `file_changed`.",
        _object(
            ["type", "event"],
            type=_const("publish"),
            event={"type": "string", "examples": ["file_changed"]},
            topic=TOPIC,
            payload={"type": "object"},
            ref=REF,
        ),
    ),
    "ping": ("Ask for a sign of life.", _object(["type"], type=_const("ping"), ref=REF)),
}

#: What the server answers.
ANSWERS: dict[str, tuple[str, Json]] = {
    "authenticated": (
        "The token is good.",
        _object(
            ["type", "user_id", "expires_at"],
            type=_const("authenticated"),
            user_id={"type": "integer"},
            expires_at={"type": "string", "format": "date-time"},
            ref=REF,
        ),
    ),
    "subscribed": (
        "The topic is followed: rows behind `last_id` come live, those behind `after` now.",
        _object(
            ["type", "topic", "last_id", "recovered", "present"],
            type=_const("subscribed"),
            topic=TOPIC,
            last_id={"type": "integer"},
            recovered={"type": "boolean", "description": "False: rows have been pruned."},
            present={"type": "array", "items": {"type": "object"}},
            ref=REF,
        ),
    ),
    "unsubscribed": (
        "The topic is followed no longer; `reason` is the event that took the right away.",
        _object(
            ["type", "topic"],
            type=_const("unsubscribed"),
            topic=TOPIC,
            reason={"type": "string"},
            ref=REF,
        ),
    ),
    "published": (
        "A recorded event is in the log under `id`.",
        _object(
            ["type", "topic", "id"],
            type=_const("published"),
            topic=TOPIC,
            id={"type": ["string", "null"]},
            ref=REF,
        ),
    ),
    "pong": (
        "A sign of life.",
        _object(
            ["type", "time"],
            type=_const("pong"),
            time={"type": "string", "format": "date-time"},
            ref=REF,
        ),
    ),
    "token_expired": (
        "Send `auth` with a fresh token before the seconds are over, or the socket closes (4401).",
        _object(
            ["type", "seconds_left", "detail"],
            type=_const("token_expired"),
            seconds_left={"type": "integer"},
            detail={"type": "string"},
        ),
    ),
    "error": (
        "The message with this `ref` was refused.",
        _object(
            ["type", "title", "status", "detail"],
            type=_const("error"),
            title={"type": "string"},
            status={"type": "integer"},
            detail={"type": "string"},
            errors={"type": "array", "items": {"type": "object"}},
            ref=REF,
        ),
    ),
}


def _data_schema(kind: type[Event]) -> Json:
    hints = typing.get_type_hints(kind)
    properties = {field.name: SCHEMAS[hints[field.name]] for field in fields(kind)}
    return _object(list(properties), **properties)


def _event_message(name: str, summary: str, data: Json) -> Json:
    envelope = {"$ref": "#/components/schemas/CloudEvent"}
    typed = {"type": "object", "properties": {"type": _const(name), "data": data}}
    return {"name": name, "summary": summary, "payload": {"allOf": [envelope, typed]}}


def _events() -> dict[str, Json]:
    free: Json = {"type": "object"}
    person = _object(["user_id", "name"], user_id=SCHEMAS[int], name=SCHEMAS[str])
    found = {
        name: _event_message(name, (kind.__doc__ or "").strip(), _data_schema(kind))
        for name, kind in catalogue().items()
    }
    found |= {name: _event_message(name, t.meaning, free) for name, t in OPEN_TYPES.items()}
    return found | {
        name: _event_message(name, meaning, person) for name, meaning in PRESENCE_TYPES.items()
    }


def _messages(kinds: dict[str, tuple[str, Json]]) -> dict[str, Json]:
    return {
        name: {"name": name, "summary": summary, "payload": payload}
        for name, (summary, payload) in kinds.items()
    }


CLOUD_EVENT = _object(
    ["specversion", "id", "source", "type", "time", "topic", "data"],
    specversion=_const("1.0"),
    id={"type": "string", "description": "The log's id, to resume behind; `signal-…` otherwise."},
    source={"type": "string", "format": "uri-reference"},
    type={"type": "string"},
    time={"type": "string", "format": "date-time"},
    datacontenttype=_const("application/json"),
    topic=TOPIC,
    actor={"type": "integer", "description": "Who did it."},
    signal={"type": "boolean", "description": "True for what is told and not kept."},
    data={"type": "object"},
)


def _refs(names: Any) -> list[Json]:
    return [{"$ref": f"#/channels/live/messages/{name}"} for name in names]


@cache
def document() -> Json:
    """Return the document."""
    outgoing = _messages(ANSWERS) | _events()
    messages = _messages({f"{name}Request": kind for name, kind in REQUESTS.items()}) | outgoing
    requests = [f"{name}Request" for name in REQUESTS]
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Collab, live",
            "version": __version__,
            "description": (
                "Sign in with `?token=`, `?ticket=`, an Authorization header or a first `auth` "
                "message. Close codes: 1001 the server stops, 1008 too many messages, 1009 a "
                "message over 256 KiB, 1011 something broke on our side, 4008 read too slowly "
                "(the reason says where to resume), 4401 the session or token has ended."
            ),
        },
        "defaultContentType": "application/json",
        "channels": {
            "live": {
                "address": "/api/v1/ws",
                "description": "One socket for all topics; `?project_id=` subscribes at once.",
                "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
            }
        },
        "operations": {
            "ask": {
                "action": "receive",
                "channel": {"$ref": "#/channels/live"},
                "messages": _refs(requests),
            },
            "tell": {
                "action": "send",
                "channel": {"$ref": "#/channels/live"},
                "messages": _refs(outgoing),
            },
        },
        "components": {"messages": messages, "schemas": {"CloudEvent": CLOUD_EVENT}},
    }
