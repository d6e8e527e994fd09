"""Tasks, their tags and their comments."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from sqlalchemy import JSON, Computed, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from ..core.models import Model, Versioned, partial_index
from ..projects.models import Owned

TODO = "todo"
DOING = "doing"
DONE = "done"
BLOCKED = "blocked"
STATUSES = (TODO, DOING, DONE, BLOCKED)

#: Kept as numbers, so that lists sort by weight and not by word.
PRIORITIES = {"low": 0, "normal": 1, "high": 2, "urgent": 3}
PRIORITY_NAMES = {rank: name for name, rank in PRIORITIES.items()}

#: The number of a board: a project, or (negative) a person's own tasks.
BOARD_KEY = "coalesce(project_id, -owner_id)"


#: Conditions in the words of the partial indexes, which a query must repeat to use them.
IS_OPEN = text(f"status <> '{DONE}'")
IS_UNREMINDED = text("reminded_for IS NOT due_at")
IS_UNREMINDED_THERE = text("reminded_for IS DISTINCT FROM due_at")


class Task(Owned, Versioned, Model):
    """Something to be done, personal or in a project."""

    __tablename__ = "tasks"
    #: An index for each way to query a list; the newest first needs only `id`.
    __table_args__ = (
        Index("ix_tasks_board_id", "board", "id"),
        Index("ix_tasks_board_status_id", "board", "status", "id"),
        Index("ix_tasks_board_status_position", "board", "status", "position", "id"),
        Index("ix_tasks_board_position_id", "board", "position", "id"),
        Index("ix_tasks_board_due_order_id", "board", "due_order", "id"),
        Index("ix_tasks_board_priority_rank_id", "board", "priority_rank", "id"),
        Index("ix_tasks_board_updated_at_id", "board", "updated_at", "id"),
        Index("ix_tasks_board_assignee_id_id", "board", "assignee_id", "id"),
        partial_index(
            "ix_tasks_board_open_due_order_id",
            "board",
            "due_order",
            "id",
            where=IS_OPEN,
        ),
        Index("ix_tasks_owner_id_id", "owner_id", "id"),
        Index("ix_tasks_owner_id_status_id", "owner_id", "status", "id"),
        Index("ix_tasks_owner_id_position_id", "owner_id", "position", "id"),
        Index("ix_tasks_owner_id_due_order_id", "owner_id", "due_order", "id"),
        Index("ix_tasks_owner_id_priority_rank_id", "owner_id", "priority_rank", "id"),
        Index("ix_tasks_owner_id_updated_at_id", "owner_id", "updated_at", "id"),
        partial_index(
            "ix_tasks_owner_id_open_due_order_id",
            "owner_id",
            "due_order",
            "id",
            where=IS_OPEN,
        ),
        Index("ix_tasks_assignee_id_id", "assignee_id", "id"),
        Index("ix_tasks_status_id", "status", "id"),
        Index("ix_tasks_project_id", "project_id"),
        partial_index(
            "ix_tasks_to_remind_due_at",
            "due_at",
            where=text(f"{IS_OPEN} AND {IS_UNREMINDED}"),
            where_there=text(f"{IS_OPEN} AND {IS_UNREMINDED_THERE}"),
        ),
        {"sqlite_autoincrement": True},
    )
    #: An admin manages everybody's tasks, the personal ones included.
    admins_manage: ClassVar[bool] = True

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(200))
    description: Mapped[str] = mapped_column(Text, default="")
    status: Mapped[str] = mapped_column(String(10), default=TODO)
    priority_rank: Mapped[int] = mapped_column(default=PRIORITIES["normal"])
    assignee_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    due_at: Mapped[datetime | None]
    #: The time zone that the due date was meant in (IANA's name), to show it as it was meant.
    due_zone: Mapped[str] = mapped_column(String(64), default="UTC")
    #: In the order in which they were given; `TaskTag` is for searching.
    tags: Mapped[list[str]] = mapped_column(JSON, default=list)
    #: Where it is in its column of the board; see `core/lists/ordering.py`.
    position: Mapped[str] = mapped_column(String(255))
    #: The due date that its assignee has been reminded of.
    reminded_for: Mapped[datetime | None]
    board: Mapped[int] = mapped_column(Computed(BOARD_KEY, persisted=True))
    #: A sort key without NULLs: tasks without a due date come last.
    due_order: Mapped[datetime] = mapped_column(
        Computed("coalesce(due_at, '9999-12-31 00:00:00.000000')", persisted=True)
    )

    def shown_besides(self) -> tuple[object, ...]:
        """Return its place, which changes when a column is renumbered, and its assignee."""
        return (self.position, self.assignee_id)

    @property
    def priority(self) -> str:
        """Return the priority's name."""
        return PRIORITY_NAMES[self.priority_rank]

    @priority.setter
    def priority(self, name: str) -> None:
        self.priority_rank = PRIORITIES[name]


class TaskTag(Model):
    """A tag of a task, for finding tasks by it; board and owner are the task's."""

    __tablename__ = "task_tags"
    __table_args__ = (
        Index("ix_task_tags_board_tag_task_id", "board", "tag", "task_id"),
        Index("ix_task_tags_owner_id_tag_task_id", "owner_id", "tag", "task_id"),
        Index("ix_task_tags_tag_task_id", "tag", "task_id"),
    )

    task_id: Mapped[int] = mapped_column(
        ForeignKey("tasks.id", ondelete="CASCADE"), primary_key=True
    )
    tag: Mapped[str] = mapped_column(String(40), primary_key=True)
    board: Mapped[int]
    owner_id: Mapped[int]


class Comment(Versioned, Model):
    """What somebody said about a task."""

    __tablename__ = "comments"
    __table_args__ = (
        Index("ix_comments_task_id_id", "task_id", "id"),
        Index("ix_comments_author_id", "author_id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    task_id: Mapped[int] = mapped_column(ForeignKey("tasks.id", ondelete="CASCADE"))
    author_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    body: Mapped[str] = mapped_column(Text)


#: What lists may be sorted by.
TASK_SORTS = {
    "id": Task.id,
    "position": Task.position,
    "due_at": Task.due_order,
    "priority": Task.priority_rank,
    "updated_at": Task.updated_at,
}
COMMENT_SORTS = {"id": Comment.id}
