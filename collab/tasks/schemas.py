"""What tasks and their comments look like on the wire."""

from __future__ import annotations

from typing import Any, ClassVar

import marshmallow as ma
from marshmallow import fields, validate

from ..core.fields.flag import Flag
from ..core.fields.zone import zone
from ..core.http.pages import PageQuery, page_of, sort_field
from ..core.schemas import (
    MAX_ID,
    Schema,
    ShortList,
    Strings,
    Time,
    identifier,
    line,
    patterned,
    text,
)
from ..core.text import visible
from .fields import MAX_TAG_LENGTH, Due, Tags
from .models import COMMENT_SORTS, PRIORITIES, STATUSES, TASK_SORTS, TODO

#: Text with something to see in it, after any white space.
VISIBLE_TEXT_PATTERN = (
    r"^[\t\n\r \u00a0\u2000-\u200a\u3000]*[^\s\u0000-\u001f\u007f]"
    r"[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]*$"
)

STATUS_CHOICE = validate.OneOf(STATUSES)
ZONE_MEANING = "The time zone (IANA database) of a time without an offset."
PRIORITY_CHOICE = validate.OneOf(list(PRIORITIES))

ALIASES = {
    "assigneeId": "assignee_id",
    "assignee": "assignee_id",
    "dueAt": "due_at",
    "dueDate": "due_at",
    "due_date": "due_at",
    "dueZone": "due_zone",
}


class TaskIn(Schema):
    """A task, whole."""

    example = {"title": "Order the rocket", "due_at": "2026-03-24", "tags": ["moon"]}
    aliases: ClassVar[dict[str, str]] = ALIASES
    title = line(200, required=True)
    description = text(20_000, load_default="")
    status = fields.String(validate=STATUS_CHOICE, load_default=TODO)
    priority = fields.String(validate=PRIORITY_CHOICE, load_default="normal")
    assignee_id = identifier(
        load_default=None,
        allow_none=True,
        metadata={"description": "A member of the project; for a personal task, its owner."},
    )
    due_at = Due(load_default=None, allow_none=True)
    due_zone = zone(ZONE_MEANING, load_default="UTC")
    tags = Tags(load_default=list)


class FlatTaskIn(TaskIn):
    """A task, and the project it belongs to: none, if it is personal."""

    example = {"project_id": 1}
    aliases = ALIASES | {"projectId": "project_id"}
    project_id = identifier(
        load_default=None,
        allow_none=True,
        metadata={"description": "A task stays where it was made."},
    )


class TaskPatch(Schema):
    """The parts of a task that change; its project never does."""

    example = {"status": "doing"}
    aliases: ClassVar[dict[str, str]] = ALIASES
    title = line(200)
    description = text(20_000)
    status = fields.String(validate=STATUS_CHOICE)
    priority = fields.String(validate=PRIORITY_CHOICE)
    assignee_id = identifier(allow_none=True)
    due_at = Due(allow_none=True)
    due_zone = zone(ZONE_MEANING)
    tags = Tags()


class TaskOut(Schema):
    """A task."""

    example = TaskIn.example | {
        "description": "From @bob's list.",
        "status": "todo",
        "priority": "high",
        "assignee_id": 3,
        "due_at": "2026-03-24T22:59:59Z",
        "due_zone": "Europe/Paris",
        "position": "a0",
    }
    id = fields.Integer(required=True)
    project_id = fields.Integer(required=True, allow_none=True)
    owner_id = fields.Integer(required=True, metadata={"description": "Who made it."})
    title = fields.String(required=True)
    description = fields.String(required=True)
    status = fields.String(required=True, validate=STATUS_CHOICE)
    priority = fields.String(required=True, validate=PRIORITY_CHOICE)
    assignee_id = fields.Integer(required=True, allow_none=True)
    due_at = Time(required=True, allow_none=True)
    due_zone = fields.String(required=True)
    tags = Strings(required=True)
    position = fields.String(
        required=True,
        metadata={"description": "Its place in a status's column of the board, sorted by bytes."},
    )
    created_at = Time(required=True)
    updated_at = Time(required=True)


class TaskQuery(PageQuery):
    """Which tasks of a project."""

    example = {"tag": "moon", "q": "rocket", "assignee": "me"}
    status = fields.String(validate=STATUS_CHOICE, load_default=None)
    assignee = patterned(
        r"^(me|none|[1-9][0-9]*)$",
        "Must be a person's id, `me` or `none`.",
        1,
        18,
        load_default=None,
        metadata={"description": "A person's id, `me`, or `none` for unassigned tasks."},
    )
    tag = line(MAX_TAG_LENGTH, load_default=None)
    overdue = Flag(
        load_default=None, metadata={"description": "Whether it is past due and not done."}
    )
    priority = fields.String(validate=PRIORITY_CHOICE, load_default=None)
    q = fields.String(
        load_default=None,
        validate=validate.Length(max=100),
        metadata={
            "description": "Words of title, description or tags; the last may be incomplete."
        },
    )
    sort = sort_field(
        TASK_SORTS,
        None,
        metadata={"description": "By default newest first; overdue ones oldest first."},
    )


class FlatTaskQuery(TaskQuery):
    """Which tasks: a project's, or else yours."""

    aliases = {"projectId": "project_id"}
    project_id = fields.Integer(load_default=None, validate=validate.Range(1, MAX_ID))
    scope = fields.String(
        load_default="mine",
        validate=validate.OneOf(["mine", "personal", "all"]),
        metadata={
            "description": "Without a project. `mine`: made by you, or with `assignee` all of that "
            "person's that you may see; `personal`: yours in no project; `all`: everybody's, for "
            "admins."
        },
    )


class BulkIn(Schema):
    """A new status for several tasks: all of them change, or none."""

    example = {"ids": [1, 2], "status": "done"}
    ids = ShortList(
        identifier(),
        required=True,
        validate=validate.Length(1, 100),
        metadata={"uniqueItems": True},
    )
    status = fields.String(validate=STATUS_CHOICE, required=True)

    @ma.validates("ids")
    def _check_distinct(self, ids: list[int], **kwargs: Any) -> None:
        if len(set(ids)) < len(ids):
            raise ma.ValidationError("Must not contain an id twice.")


class TasksOut(Schema):
    """Tasks that have been changed."""

    items = fields.List(fields.Nested(TaskOut), required=True)


class MoveIn(Schema):
    """Where on its board a task goes: next to another one, or to the end of a column."""

    example = {"after": 2, "status": "doing"}
    before = identifier(metadata={"description": "The task that will follow it."})
    after = identifier(metadata={"description": "The task that it will follow."})
    status = fields.String(
        validate=STATUS_CHOICE, metadata={"description": "The column; by default the other task's."}
    )

    @ma.validates_schema
    def _check_one_place(self, data: dict[str, Any], **kwargs: Any) -> None:
        if "before" in data and "after" in data:
            raise ma.ValidationError("Send `before` or `after`, not both.", "after")


def _nothing_seen(body: str) -> str | None:
    return None if visible.shows_something(body) else visible.NOTHING_SEEN


def said(**options: Any) -> fields.String:
    """Make a field for a comment's text."""
    message = "Must be visible text without control characters."
    metadata = {"example": "@alice, is this still wanted?"}
    return patterned(
        VISIBLE_TEXT_PATTERN, message, 1, 10_000, _nothing_seen, metadata=metadata, **options
    )


class CommentIn(Schema):
    """What to say about a task."""

    example = {"body": "@alice, is this still wanted?"}
    aliases = {"text": "body", "content": "body"}
    body = said(required=True)


class CommentPatch(Schema):
    """What a comment should say."""

    aliases = {"text": "body", "content": "body"}
    body = said()


class CommentOut(Schema):
    """What somebody said about a task."""

    example = {"body": "@alice, is this still wanted?"}
    id = fields.Integer(required=True)
    task_id = fields.Integer(required=True)
    author_id = fields.Integer(required=True)
    body = fields.String(required=True)
    created_at = Time(required=True)
    updated_at = Time(required=True)


class CommentQuery(PageQuery):
    """Which comments."""

    sort = sort_field(COMMENT_SORTS, "id")


TaskPage = page_of(TaskOut)
CommentPage = page_of(CommentOut)
