"""Mails to send, or already sent."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from ..core.models import Model, partial_index, utcnow

WAITING = "waiting"
SENT = "sent"
#: A mail server refused the mail permanently.
BOUNCED = "bounced"
#: It came too late, or its recipient may no longer get mails.
DROPPED = "dropped"
MAIL_STATUSES = (WAITING, SENT, BOUNCED, DROPPED)


class OutgoingMail(Model):
    """A mail on its way: its text is sealed, and deleted once it has ended.

    Its links admit anybody who has them, so no job shows them: the job's owner may be somebody
    else.
    """

    __tablename__ = "mails"
    __table_args__ = (
        Index("ix_mails_recipient_kind_created_at", "recipient", "kind", "created_at"),
        Index("ix_mails_status_id", "status", "id"),
        partial_index(
            "ix_mails_ended_at",
            "ended_at",
            where=text("ended_at IS NOT NULL"),
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    #: In whose name it is sent.
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    #: The job with which somebody ordered it; null: the service itself sends it.
    job_id: Mapped[int | None] = mapped_column(
        ForeignKey("jobs.id", ondelete="CASCADE"), unique=True
    )
    kind: Mapped[str] = mapped_column(String(20))
    recipient: Mapped[str] = mapped_column(String(254))
    #: The same whenever it is sent again, so that duplicates are recognized (RFC 5322 §3.6.4).
    message_id: Mapped[str] = mapped_column(String(255), unique=True)
    #: The whole message, sealed.
    sealed: Mapped[str | None] = mapped_column(Text)
    #: After this it is not worth sending.
    good_until: Mapped[datetime | None]
    status: Mapped[str] = mapped_column(String(10), default=WAITING)
    #: What the mail server said last.
    answer: Mapped[str | None] = mapped_column(String(300))
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    ended_at: Mapped[datetime | None]


#: What lists may be sorted by.
MAIL_SORTS = {"id": OutgoingMail.id}
