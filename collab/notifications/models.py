"""Notifications, and who wants which."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ..core.models import Model, utcnow

KINDS = (
    "invited",
    "role_changed",
    "assigned",
    "mentioned",
    "commented",
    "job_finished",
    "schedule_failed",
    "due_soon",
    "webhook_disabled",
)


class Notification(Model):
    """Something that one person should know about: an event, by one of the rules.

    Deleting its subject deletes it.
    """

    __tablename__ = "notifications"
    __table_args__ = (
        UniqueConstraint("user_id", "event_id"),
        Index("ix_notifications_user_id_id", "user_id", "id"),
        Index("ix_notifications_user_id_read_at_id", "user_id", "read_at", "id"),
        Index("ix_notifications_user_id_kind_id", "user_id", "kind", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(20))
    event_id: Mapped[int]
    #: People who leave the project no longer see it.
    project_id: Mapped[int | None] = mapped_column(
        ForeignKey("projects.id", ondelete="CASCADE"), index=True
    )
    task_id: Mapped[int | None] = mapped_column(
        ForeignKey("tasks.id", ondelete="CASCADE"), index=True
    )
    comment_id: Mapped[int | None] = mapped_column(
        ForeignKey("comments.id", ondelete="CASCADE"), index=True
    )
    post_id: Mapped[int | None] = mapped_column(
        ForeignKey("posts.id", ondelete="CASCADE"), index=True
    )
    job_id: Mapped[int | None] = mapped_column(
        ForeignKey("jobs.id", ondelete="CASCADE"), index=True
    )
    schedule_id: Mapped[int | None] = mapped_column(
        ForeignKey("schedules.id", ondelete="CASCADE"), index=True
    )
    #: Who did it; no foreign key, as in the log.
    actor: Mapped[int | None]
    #: Facts that no one may read more of later; names and titles are looked up when it is shown.
    data: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    read_at: Mapped[datetime | None]


class ToldMention(Model):
    """Somebody who has been told that a text mentions them: a comment, or a task or post.

    It stays when the notification is deleted, and goes with the text.
    """

    __tablename__ = "told_mentions"
    __table_args__ = (
        UniqueConstraint("comment_id", "user_id"),
        UniqueConstraint("task_id", "user_id"),
        UniqueConstraint("post_id", "user_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    comment_id: Mapped[int | None] = mapped_column(ForeignKey("comments.id", ondelete="CASCADE"))
    task_id: Mapped[int | None] = mapped_column(ForeignKey("tasks.id", ondelete="CASCADE"))
    post_id: Mapped[int | None] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"))


class NotificationPreferences(Model):
    """The kinds that a person does not want; no row: all are wanted."""

    __tablename__ = "notification_preferences"

    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    muted: Mapped[list[str]] = mapped_column(JSON, default=list)


#: What lists may be sorted by.
NOTIFICATION_SORTS = {"id": Notification.id}
