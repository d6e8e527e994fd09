"""Webhooks: where a project's events are sent, and the outcome of each delivery."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from ..core.models import Model, Versioned, entity_tag, partial_index, utcnow
from ..core.outbound.urls import MAX_URL_LENGTH
from ..projects.models import AsSeen

#: Characters of a webhook's name.
MAX_NAME_LENGTH = 120
#: Characters of an answer that are kept of each attempt, and of what went wrong.
MAX_ANSWER_LENGTH = 1024
MAX_DETAIL_LENGTH = 200

ACTIVE = "active"
PAUSED = "paused"
DISABLED = "disabled"
#: People pause and resume webhooks; only the server disables one.
WEBHOOK_STATES = (ACTIVE, PAUSED, DISABLED)

#: Why the server has disabled a webhook.
GONE = "gone"
FAILING = "failing"
NO_RIGHT = "no_right"
SECRET_LOST = "secret_lost"  # noqa: S105 (a word)
DISABLED_REASONS = (GONE, FAILING, NO_RIGHT, SECRET_LOST)

WAITING = "waiting"
DELIVERED = "delivered"
FAILED = "failed"
#: It was given up without a last attempt: the webhook was disabled, or the event is deleted.
DROPPED = "dropped"
DELIVERY_STATUSES = (WAITING, DELIVERED, FAILED, DROPPED)


class Webhook(AsSeen, Versioned, Model):
    """An address to which a project's events are sent, in the name of its creator."""

    __tablename__ = "webhooks"
    __table_args__ = (
        Index("ix_webhooks_project_id_id", "project_id", "id"),
        partial_index(
            "ix_webhooks_due",
            "due_at",
            where=text("due_at IS NOT NULL"),
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    #: In whose name it reads the project: without their right to manage it, nothing is sent.
    created_by: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(MAX_NAME_LENGTH))
    url: Mapped[str] = mapped_column(String(MAX_URL_LENGTH))
    #: Patterns of types, such as `task.*`.
    types: Mapped[list[str]] = mapped_column(JSON)
    state: Mapped[str] = mapped_column(String(10), default=ACTIVE)
    reason: Mapped[str | None] = mapped_column(String(20))
    #: Sealed (`core/sealing.py`), as is the one before it, which signs too until a time.
    sealed_secret: Mapped[str] = mapped_column(Text)
    sealed_previous: Mapped[str | None] = mapped_column(Text)
    previous_until: Mapped[datetime | None]

    # The rest is the delivery's own state: none of it is a change of the webhook.

    #: Events up to this one are not sent.
    after_id: Mapped[int] = mapped_column(default=0)
    #: The newest event that was examined while the backlog was full; None: it is not behind.
    behind_at: Mapped[int | None]
    #: The place of the newest delivery in the order of deliveries.
    last_place: Mapped[int] = mapped_column(default=0)
    #: When there may be something to send; None: nothing waits.
    due_at: Mapped[datetime | None]
    #: Not before this time, since the last attempt failed.
    retry_at: Mapped[datetime | None]
    #: Since when no attempt has succeeded.
    failing_since: Mapped[datetime | None]
    #: The job that delivers, and its attempt that holds the webhook (`<job>.<attempt>`).
    job_id: Mapped[int | None]
    holder: Mapped[str | None] = mapped_column(String(40))

    #: The secret itself, only in the answer that shows it.
    secret: str | None = None

    def shown_besides(self) -> tuple[object, ...]:
        """Return the shown values that deliveries change."""
        return (self.state, self.reason, self.retry_at, self.failing_since, self.behind)

    @property
    def behind(self) -> bool:
        """Return whether there are more events than deliveries may wait."""
        return self.behind_at is not None


class Delivery(Model):
    """One event on its way to one webhook; the event itself stays in the log."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        UniqueConstraint("webhook_id", "message_id"),
        Index("ix_webhook_deliveries_webhook_id_id", "webhook_id", "id"),
        Index("ix_webhook_deliveries_webhook_id_status_place", "webhook_id", "status", "place"),
        Index("ix_webhook_deliveries_webhook_id_status_id", "webhook_id", "status", "id"),
        Index("ix_webhook_deliveries_event_id", "event_id"),
        Index("ix_webhook_deliveries_ended_at", "ended_at"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    webhook_id: Mapped[int] = mapped_column(ForeignKey("webhooks.id", ondelete="CASCADE"))
    #: The log's event; None for a ping. No foreign key, since the log is pruned.
    event_id: Mapped[int | None]
    #: How the receiver recognizes repetitions: the header `webhook-id`.
    message_id: Mapped[str] = mapped_column(String(80))
    type: Mapped[str] = mapped_column(String(100))
    #: Its place in the order; 0: outside of it, tried once and before the others (a ping).
    place: Mapped[int]
    status: Mapped[str] = mapped_column(String(10), default=WAITING)
    #: Attempts since it was last queued.
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    ended_at: Mapped[datetime | None]
    #: The outcome of the last attempt.
    answer_status: Mapped[int | None]
    error: Mapped[str | None] = mapped_column(String(20))

    @property
    def etag(self) -> str:
        """The entity tag's text."""
        shown = (self.status, self.attempts, self.ended_at, self.answer_status, self.error)
        return entity_tag("Delivery", self.id, self.created_at, *shown)


class DeliveryAttempt(Model):
    """One request to a webhook's address, and the answer."""

    __tablename__ = "webhook_attempts"
    __table_args__ = (Index("ix_webhook_attempts_delivery_id_id", "delivery_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    delivery_id: Mapped[int] = mapped_column(
        ForeignKey("webhook_deliveries.id", ondelete="CASCADE")
    )
    started_at: Mapped[datetime]
    milliseconds: Mapped[int]
    #: None: there was no answer, and `error` and `detail` say why.
    answer_status: Mapped[int | None]
    answer: Mapped[str | None] = mapped_column(String(MAX_ANSWER_LENGTH))
    error: Mapped[str | None] = mapped_column(String(20))
    detail: Mapped[str | None] = mapped_column(String(MAX_DETAIL_LENGTH))


#: What lists may be sorted by.
WEBHOOK_SORTS: dict[str, Any] = {"id": Webhook.id}
DELIVERY_SORTS: dict[str, Any] = {"id": Delivery.id}
