"""The socket's contract as an AsyncAPI 3 document, made from the catalogue of events."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Iterable
from dataclasses import fields
from typing import Any

from flask import Flask

from ..core.slots import Slot
from ..events.catalogue import catalogue
from ..events.types import OPEN_TYPES, PRESENCE_TYPES, Event
from ..realtime.json_door.described import (
    TOPIC_SCHEMA,
    UNASKED_MESSAGES,
    Json,
    Message,
    const,
    object_of,
)
from ..realtime.json_door.messages import MESSAGES
from ..version import VERSION
from . import editor_messages

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


def _data_schema(kind: type[Event]) -> Json:
    hints = typing.get_type_hints(kind)
    properties = {field.name: SCHEMAS[hints[field.name]] for field in fields(kind)}
    return object_of(list(properties), **properties)


def _event_message(name: str, summary: str, data: Json) -> Json:
    envelope = {"$ref": "#/components/schemas/CloudEvent"}
    typed = {"type": "object", "properties": {"type": const(name), "data": data}}
    return {"name": name, "summary": summary, "payload": {"allOf": [envelope, typed]}}


def _events() -> dict[str, Json]:
    free: Json = {"type": "object"}
    person = object_of(["user_id", "name"], user_id=SCHEMAS[int], name=SCHEMAS[str])
    found = {
        name: _event_message(name, inspect.getdoc(kind) or "", _data_schema(kind))
        for name, kind in catalogue().items()
    }
    found |= {name: _event_message(name, t.meaning, free) for name, t in OPEN_TYPES.items()}
    return found | {
        name: _event_message(name, meaning, person) for name, meaning in PRESENCE_TYPES.items()
    }


def _messages(kinds: dict[str, Message]) -> dict[str, Json]:
    return {
        name: {"name": name, "summary": summary, "payload": payload}
        for name, (summary, payload) in kinds.items()
    }


CLOUD_EVENT = object_of(
    ["specversion", "id", "source", "type", "time", "topic", "data"],
    specversion=const("1.0"),
    id={"type": "string", "description": "The log's id, to resume after; otherwise `signal-…`."},
    source={"type": "string", "format": "uri-reference"},
    type={"type": "string"},
    time={"type": "string", "format": "date-time"},
    datacontenttype=const("application/json"),
    topic=TOPIC_SCHEMA,
    actor={"type": "integer", "description": "Who did it."},
    signal={"type": "boolean", "description": "True for what is sent but not kept."},
    data={"type": "object"},
)


DOCUMENT_INFO: Json = {
    "title": "Collab, live",
    "version": VERSION,
    "description": (
        "Sign in with `?token=`, `?ticket=`, an Authorization header or a first `auth` "
        "message. Close codes: 1001 the server stops, 1008 too many messages, 1009 a "
        "message over 256 KiB, 1011 something broke on our side, 4008 read too slowly "
        "(the reason says where to resume), 4401 the session or token has ended, 4508 a "
        "ping was not answered."
    ),
}
SOCKET_DESCRIPTION = (
    "One socket for all topics; `?project_id=` and `?topic=` (several times) "
    "subscribe at once, with `?after=` after that id."
)


def _channel(messages: Iterable[str]) -> Json:
    return {
        "address": "/api/v1/ws",
        "description": SOCKET_DESCRIPTION,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
    }


def _operation(action: str, messages: Iterable[str]) -> Json:
    refs = [{"$ref": f"#/channels/live/messages/{name}"} for name in messages]
    return {"action": action, "channel": {"$ref": "#/channels/live"}, "messages": refs}


def _document(app: Flask) -> Json:
    """Describe what an application's sockets take and say, as packages have registered it."""
    taken = MESSAGES.of(app).described
    asked = _messages({f"{name}Request": (one.summary, one.schema) for name, one in taken.items()})
    answers = {name: said for one in taken.values() for name, said in one.answers.items()}
    told = _messages(answers | UNASKED_MESSAGES) | _events()
    messages = asked | told
    operations = {"ask": _operation("receive", asked), "tell": _operation("send", told)}
    return {
        "asyncapi": "3.0.0",
        "info": DOCUMENT_INFO,
        "defaultContentType": "application/json",
        "channels": {"live": _channel(messages)} | editor_messages.channels(),
        "operations": operations | editor_messages.operations(),
        "components": {
            "messages": messages | editor_messages.messages(),
            "schemas": {"CloudEvent": CLOUD_EVENT},
        },
    }


DOCUMENT: Slot[Json] = Slot("asyncapi document", _document)
