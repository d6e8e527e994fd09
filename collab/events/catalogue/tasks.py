"""What happens to tasks: sent to their project, or to the owner of a personal one."""

from __future__ import annotations

from typing import Any

from ...frozen import frozen
from ..types import Event


@frozen(kw_only=True)
class TaskEvent(Event):
    """Something that happened to a task."""

    task_id: int
    owner_id: int
    project_id: int | None
    title: str

    @property
    def topic(self) -> str:
        """Return the topic of the project, or of a personal task's owner."""
        return f"project:{self.project_id}" if self.project_id else f"user:{self.owner_id}"


@frozen(kw_only=True)
class TaskCreated(TaskEvent):
    """A task was made. `mentioned` are the people whose @name is in its description."""

    type = "task.created"
    status: str
    priority: str
    assignee_id: int | None
    due_at: str | None
    tags: list[str]
    mentioned: list[int]


@frozen(kw_only=True)
class TaskUpdated(TaskEvent):
    """A task changed; `changes` has the new values, `mentioned` the newly mentioned people."""

    type = "task.updated"
    changes: dict[str, Any]
    mentioned: list[int]


@frozen(kw_only=True)
class TaskAssigned(TaskEvent):
    """A task has a new assignee, who is `mentioned`, too, if the same request mentions them."""

    type = "task.assigned"
    assignee_id: int
    mentioned: list[int]


@frozen(kw_only=True)
class TaskDeleted(TaskEvent):
    """A task was deleted with its comments."""

    type = "task.deleted"


@frozen(kw_only=True)
class TaskCommented(TaskEvent):
    """Somebody commented on a task; `excerpt` is the comment's beginning."""

    type = "task.commented"
    comment_id: int
    excerpt: str
    mentioned: list[int]


@frozen(kw_only=True)
class TaskCommentEdited(TaskEvent):
    """The author changed a comment."""

    type = "task.comment_edited"
    comment_id: int
    excerpt: str
    mentioned: list[int]


@frozen(kw_only=True)
class TaskCommentDeleted(TaskEvent):
    """A comment was deleted."""

    type = "task.comment_deleted"
    comment_id: int


@frozen(kw_only=True)
class TaskReminded(TaskEvent):
    """A task that is not done is due within a day, or overdue; sent once for each due date.

    `due_zone` is the time zone in which the date was meant. `others` is how many further tasks of
    the same person it stands for, where many are due at once.
    """

    type = "task.reminded"
    due_at: str
    due_zone: str = "UTC"
    assignee_id: int | None
    others: int = 0
