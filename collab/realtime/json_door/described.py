"""What messages of the socket look like, as AsyncAPI shows them: each is next to its handler.

No handler can be registered without one: `socket.register` takes both.
"""

from __future__ import annotations

from typing import Any

from ...frozen import frozen
from .protocol import MAX_TOPICS

Json = dict[str, Any]

REF_SCHEMA = {"type": "string", "description": "Repeated by the answer."}
TOPIC_SCHEMA = {
    "type": "string",
    "examples": ["project:1", "workspace:3", "job:5", "user:7", "posts"],
}


def object_of(required: list[str], **properties: Json) -> Json:
    """Describe an object."""
    return {"type": "object", "required": required, "properties": properties}


def const(value: str) -> Json:
    """Describe the one value that a string may have."""
    return {"type": "string", "const": value}


def message_of(kind: str, *required: str, **properties: Json) -> Json:
    """Describe a message of a type, which may have a `ref`."""
    return object_of(["type", *required], type=const(kind), **properties, ref=REF_SCHEMA)


#: What a message is for, and its schema.
Message = tuple[str, Json]


@frozen
class Described:
    """A type of message that sockets take: what it is for, and what answers it, by type."""

    summary: str
    schema: Json
    answers: dict[str, Message]


AUTH_MESSAGE = Described(
    "Sign in as the first message, or renew the token.",
    message_of("auth", "token", token={"type": "string"}),
    {
        "authenticated": (
            "The token is valid.",
            message_of(
                "authenticated",
                "user_id",
                "expires_at",
                user_id={"type": "integer"},
                expires_at={"type": "string", "format": "date-time"},
            ),
        ),
    },
)
SUBSCRIBE_MESSAGE = Described(
    "Follow a topic, or several (`topics`); with `after`, from after that id on. What was "
    "missed on several topics comes merged, in the log's order, so that the last id that was "
    "seen holds for each of them. A topic that is already followed is not replayed again: "
    "a second `subscribe` brings only what is older than what came.",
    message_of(
        "subscribe",
        topic=TOPIC_SCHEMA,
        topics={"type": "array", "items": TOPIC_SCHEMA, "minItems": 1, "maxItems": MAX_TOPICS},
        project_id={"type": "integer"},
        after={
            "type": ["integer", "string"],
            "description": "The last id that was seen on these topics.",
        },
    ),
    {
        "subscribed": (
            "The topic is followed: rows after `last_id` come live, those after `after` now. Each "
            "topic has its own answer; what was missed comes after them all. Until the first "
            "row has come, the id to come back with is the `after` that was sent, or without one "
            "`last_id`.",
            message_of(
                "subscribed",
                "topic",
                "last_id",
                "recovered",
                "present",
                topic=TOPIC_SCHEMA,
                last_id={"type": "integer"},
                recovered={
                    "type": "boolean",
                    "description": "False: rows have been pruned, or `after` is not an id of this "
                    "log.",
                },
                present={"type": "array", "items": {"type": "object"}},
            ),
        ),
    },
)
UNSUBSCRIBE_MESSAGE = Described(
    "Stop following a topic.",
    message_of("unsubscribe", "topic", topic=TOPIC_SCHEMA),
    {
        "unsubscribed": (
            "The topic is no longer followed; `reason` is the event that took the right away.",
            message_of("unsubscribed", "topic", topic=TOPIC_SCHEMA, reason={"type": "string"}),
        ),
    },
)
PUBLISH_MESSAGE = Described(
    "Publish an event. Its type may also be in `type` itself, as in `file_changed`. "
    "A signal (`typing`, `cursor_moved`) may have 4 KiB, any other event 256 KiB; a person "
    "who publishes more bytes a second than allowed gets an `error` of status 429.",
    message_of(
        "publish",
        "event",
        event={"type": "string", "examples": ["file_changed"]},
        topic=TOPIC_SCHEMA,
        payload={"type": "object"},
    ),
    {
        "published": (
            "A recorded event is in the log under `id`.",
            message_of(
                "published", "topic", "id", topic=TOPIC_SCHEMA, id={"type": ["string", "null"]}
            ),
        ),
    },
)
PING_MESSAGE = Described(
    "Ask for a `pong`.",
    message_of("ping"),
    {
        "pong": (
            "The answer to a `ping`.",
            message_of("pong", "time", time={"type": "string", "format": "date-time"}),
        ),
    },
)

#: What every socket takes, whatever else packages add.
OWN_MESSAGES: dict[str, Described] = {
    "auth": AUTH_MESSAGE,
    "subscribe": SUBSCRIBE_MESSAGE,
    "unsubscribe": UNSUBSCRIBE_MESSAGE,
    "publish": PUBLISH_MESSAGE,
    "ping": PING_MESSAGE,
}

#: What the server says unasked, or about any message.
UNASKED_MESSAGES: dict[str, Message] = {
    "token_expired": (
        "Send `auth` with a fresh token within that many seconds, or the socket closes (4401).",
        object_of(
            ["type", "seconds_left", "detail"],
            type=const("token_expired"),
            seconds_left={"type": "integer"},
            detail={"type": "string"},
        ),
    ),
    "error": (
        "The message with this `ref` was refused.",
        message_of(
            "error",
            "title",
            "status",
            "detail",
            title={"type": "string"},
            status={"type": "integer"},
            detail={"type": "string"},
            errors={"type": "array", "items": {"type": "object"}},
            topic=TOPIC_SCHEMA | {"description": "The topic that it is about, of those named."},
        ),
    ),
}
