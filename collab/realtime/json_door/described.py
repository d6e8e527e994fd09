"""The messages of the socket besides events: what clients send, and what the server answers."""

from __future__ import annotations

from typing import Any

from ..realtime.json_door.protocol import MAX_TOPICS

Json = dict[str, Any]

REF_SCHEMA = {"type": "string", "description": "Repeated by the answer."}
TOPIC_SCHEMA = {
    "type": "string",
    "examples": ["project:1", "workspace:3", "job:5", "user:7", "posts"],
}

NUMBER_SCHEMA: Json = {"type": "integer"}
POSITION_SCHEMA: Json = {"type": "integer", "description": "UTF-16 code units from the beginning."}


def object_of(required: list[str], **properties: Json) -> Json:
    """Describe an object."""
    return {"type": "object", "required": required, "properties": properties}


def const(value: str) -> Json:
    """Describe the one value that a string may have."""
    return {"type": "string", "const": value}


#: Steps along a text; what is after the last one is kept.
EDITS_SCHEMA: Json = {
    "type": "array",
    "items": {
        "oneOf": [
            object_of(["retain"], retain={"type": "integer", "minimum": 1}),
            object_of(["insert"], insert={"type": "string"}),
            object_of(["delete"], delete={"type": "integer", "minimum": 1}),
        ]
    },
    "description": "`retain` and `delete` count UTF-16 code units.",
}

#: What a client sends: title, schema of the message.
REQUESTS: dict[str, tuple[str, Json]] = {
    "auth": (
        "Sign in as the first message, or renew the token.",
        object_of(["type", "token"], type=const("auth"), token={"type": "string"}, ref=REF_SCHEMA),
    ),
    "subscribe": (
        "Follow a topic, or several (`topics`); with `after`, from after that id on. What was "
        "missed of several topics comes merged, in the log's order, so that the last id that was "
        "seen is true for each of them. A topic that is followed already is not replayed again: "
        "a second `subscribe` brings only what is older than what came.",
        object_of(
            ["type"],
            type=const("subscribe"),
            topic=TOPIC_SCHEMA,
            topics={"type": "array", "items": TOPIC_SCHEMA, "minItems": 1, "maxItems": MAX_TOPICS},
            project_id={"type": "integer"},
            after={
                "type": ["integer", "string"],
                "description": "The last id that was seen of these topics.",
            },
            ref=REF_SCHEMA,
        ),
    ),
    "unsubscribe": (
        "Stop following a topic.",
        object_of(["type", "topic"], type=const("unsubscribe"), topic=TOPIC_SCHEMA, ref=REF_SCHEMA),
    ),
    "publish": (
        "Publish an event. Its type may also stand in `type` itself, as in `file_changed`. "
        "A signal (`typing`, `cursor_moved`) may have 4 KiB, any other event 256 KiB; a person "
        "who publishes more bytes a second than allowed gets an `error` of status 429.",
        object_of(
            ["type", "event"],
            type=const("publish"),
            event={"type": "string", "examples": ["file_changed"]},
            topic=TOPIC_SCHEMA,
            payload={"type": "object"},
            ref=REF_SCHEMA,
        ),
    ),
    "ping": ("Ask for a sign of life.", object_of(["type"], type=const("ping"), ref=REF_SCHEMA)),
    "file.open": (
        "Follow a text file's edits and cursors, and get what it says now.",
        object_of(
            ["type", "file_id"], type=const("file.open"), file_id=NUMBER_SCHEMA, ref=REF_SCHEMA
        ),
    ),
    "file.edit": (
        "Change a text. The edits are made to `base_version` and merged with what has changed "
        "since. An edit with an `edit_id`, unique among your edits of the file, may be sent "
        "again: it is applied once.",
        object_of(
            ["type", "file_id", "base_version", "edits"],
            type=const("file.edit"),
            file_id=NUMBER_SCHEMA,
            base_version=NUMBER_SCHEMA,
            edits=EDITS_SCHEMA,
            edit_id={"type": "string", "pattern": "^[!-~]{1,64}$"},
            ref=REF_SCHEMA,
        ),
    ),
    "file.close": (
        "Stop following a file.",
        object_of(
            ["type", "file_id"], type=const("file.close"), file_id=NUMBER_SCHEMA, ref=REF_SCHEMA
        ),
    ),
    "cursor.moved": (
        "Show your cursor. On a file (`file_id`) with a `position` in the text of `version`, it "
        "is remembered, and moves along with edits; elsewhere it may be any `payload`.",
        object_of(
            ["type"],
            type=const("cursor.moved"),
            file_id=NUMBER_SCHEMA,
            topic=TOPIC_SCHEMA,
            position=POSITION_SCHEMA,
            anchor=POSITION_SCHEMA,
            version=NUMBER_SCHEMA,
            payload={"type": "object"},
            ref=REF_SCHEMA,
        ),
    ),
}

#: What the server answers.
ANSWERS: dict[str, tuple[str, Json]] = {
    "authenticated": (
        "The token is valid.",
        object_of(
            ["type", "user_id", "expires_at"],
            type=const("authenticated"),
            user_id={"type": "integer"},
            expires_at={"type": "string", "format": "date-time"},
            ref=REF_SCHEMA,
        ),
    ),
    "subscribed": (
        "The topic is followed: rows after `last_id` come live, those after `after` now. Each "
        "topic has an answer of its own; what was missed comes after them all. Until the first "
        "row has come, the id to come back with is the `after` that was sent, or without one "
        "`last_id`.",
        object_of(
            ["type", "topic", "last_id", "recovered", "present"],
            type=const("subscribed"),
            topic=TOPIC_SCHEMA,
            last_id={"type": "integer"},
            recovered={
                "type": "boolean",
                "description": "False: rows have been pruned, or `after` is not an id of this log.",
            },
            present={"type": "array", "items": {"type": "object"}},
            ref=REF_SCHEMA,
        ),
    ),
    "unsubscribed": (
        "The topic is no longer followed; `reason` is the event that took the right away.",
        object_of(
            ["type", "topic"],
            type=const("unsubscribed"),
            topic=TOPIC_SCHEMA,
            reason={"type": "string"},
            ref=REF_SCHEMA,
        ),
    ),
    "published": (
        "A recorded event is in the log under `id`.",
        object_of(
            ["type", "topic", "id"],
            type=const("published"),
            topic=TOPIC_SCHEMA,
            id={"type": ["string", "null"]},
            ref=REF_SCHEMA,
        ),
    ),
    "file.opened": (
        "The text at `version`. Later edits arrive live, as `file.edited`; one at or below "
        "`version` is already in the content.",
        object_of(
            ["type", "file_id", "path", "content", "version", "last_id", "present", "cursors"],
            type=const("file.opened"),
            file_id=NUMBER_SCHEMA,
            path={"type": "string"},
            content={"type": "string"},
            version=NUMBER_SCHEMA,
            last_id=NUMBER_SCHEMA,
            present={"type": "array", "items": {"type": "object"}},
            cursors={
                "type": "array",
                "items": object_of(
                    ["user_id", "position", "version"],
                    user_id=NUMBER_SCHEMA,
                    position=POSITION_SCHEMA,
                    anchor=POSITION_SCHEMA,
                    version=NUMBER_SCHEMA,
                ),
            },
            ref=REF_SCHEMA,
        ),
    ),
    "file.accepted": (
        "An edit is on disk: `edits`, as merged, turned the version before into `version`. It is "
        "sent as `file.edited` too, before or after this. If others had already done the same, "
        "nothing is left of it: then `edits` is empty, and there is no new version.",
        object_of(
            ["type", "file_id", "version", "edits"],
            type=const("file.accepted"),
            file_id=NUMBER_SCHEMA,
            version=NUMBER_SCHEMA,
            edits=EDITS_SCHEMA,
            ref=REF_SCHEMA,
        ),
    ),
    "file.closed": (
        "The file is no longer followed.",
        object_of(
            ["type", "file_id"], type=const("file.closed"), file_id=NUMBER_SCHEMA, ref=REF_SCHEMA
        ),
    ),
    "pong": (
        "A sign of life.",
        object_of(
            ["type", "time"],
            type=const("pong"),
            time={"type": "string", "format": "date-time"},
            ref=REF_SCHEMA,
        ),
    ),
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
        object_of(
            ["type", "title", "status", "detail"],
            type=const("error"),
            title={"type": "string"},
            status={"type": "integer"},
            detail={"type": "string"},
            errors={"type": "array", "items": {"type": "object"}},
            topic=TOPIC_SCHEMA | {"description": "Which of the topics it is about."},
            ref=REF_SCHEMA,
        ),
    ),
}
