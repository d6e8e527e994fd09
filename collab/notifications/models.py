"""Notifications, and who wants which."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ..core.models import Model, utcnow


class Notification(Model):
    """Something that one person should know of: an event, by one of the rules."""

    __tablename__ = "notifications"
    __table_args__ = (
        UniqueConstraint("user_id", "event_id", "kind"),
        Index("ix_notifications_user_id_id", "user_id", "id"),
        Index("ix_notifications_user_id_read_at_id", "user_id", "read_at", "id"),
        Index("ix_notifications_project_id", "project_id"),
        Index("ix_notifications_subject", "subject"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    #: The name of the rule: invited, assigned, mentioned, ...
    kind: Mapped[str] = mapped_column(String(20))
    event_id: Mapped[int]
    #: Whoever leaves the project sees it no longer.
    project_id: Mapped[int | None] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    #: What it is about, such as `task:9`; it goes with that.
    subject: Mapped[str] = mapped_column(String(64))
    actor: Mapped[int | None]
    data: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    read_at: Mapped[datetime | None]


class NotificationPreferences(Model):
    """The kinds that a person does not want; no row: all are wanted."""

    __tablename__ = "notification_preferences"

    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    muted: Mapped[list[str]] = mapped_column(JSON, default=list)


#: What lists may be sorted by.
NOTIFICATION_SORTS = {"id": Notification.id}
