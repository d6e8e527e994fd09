"""What the messages about texts look like, as AsyncAPI shows them."""

from __future__ import annotations

from ...realtime.json_door.described import (
    TOPIC_SCHEMA,
    Described,
    Json,
    message_of,
    object_of,
)

NUMBER_SCHEMA: Json = {"type": "integer"}
POSITION_SCHEMA: Json = {"type": "integer", "description": "UTF-16 code units from the beginning."}

#: Steps along a text; everything after the last one is kept.
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

OPEN_MESSAGE = Described(
    "Follow a text file's edits and cursors, and get what it says now.",
    message_of("file.open", "file_id", file_id=NUMBER_SCHEMA),
    {
        "file.opened": (
            "The text at `version`. Later edits arrive live, as `file.edited`; one at or below "
            "`version` is already in the content.",
            message_of(
                "file.opened",
                "file_id",
                "path",
                "content",
                "version",
                "last_id",
                "present",
                "cursors",
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
            ),
        ),
    },
)
EDIT_MESSAGE = Described(
    "Change a text. The edits are made to `base_version` and merged with what has changed "
    "since. An edit with an `edit_id`, unique among your edits of the file, may be sent "
    "again: it is applied once.",
    message_of(
        "file.edit",
        "file_id",
        "base_version",
        "edits",
        file_id=NUMBER_SCHEMA,
        base_version=NUMBER_SCHEMA,
        edits=EDITS_SCHEMA,
        edit_id={"type": "string", "pattern": "^[!-~]{1,64}$"},
    ),
    {
        "file.accepted": (
            "An edit is on disk: `edits`, as merged, turned the version before into `version`. It "
            "is sent as `file.edited` too, before or after this. If others had already done the "
            "same, nothing is left of it: then `edits` is empty, and there is no new version.",
            message_of(
                "file.accepted",
                "file_id",
                "version",
                "edits",
                file_id=NUMBER_SCHEMA,
                version=NUMBER_SCHEMA,
                edits=EDITS_SCHEMA,
            ),
        ),
    },
)
CLOSE_MESSAGE = Described(
    "Stop following a file.",
    message_of("file.close", "file_id", file_id=NUMBER_SCHEMA),
    {
        "file.closed": (
            "The file is no longer followed.",
            message_of("file.closed", "file_id", file_id=NUMBER_SCHEMA),
        ),
    },
)
CURSOR_MESSAGE = Described(
    "Show your cursor. On a file (`file_id`) with a `position` in the text of `version`, it "
    "is remembered, and moves along with edits; elsewhere it may be any `payload`.",
    message_of(
        "cursor.moved",
        file_id=NUMBER_SCHEMA,
        topic=TOPIC_SCHEMA,
        position=POSITION_SCHEMA,
        anchor=POSITION_SCHEMA,
        version=NUMBER_SCHEMA,
        payload={"type": "object"},
    ),
    {},
)
