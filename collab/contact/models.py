"""Links that were sent, and what waits to be looked up for a mail."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from ..core.models import Model, utcnow

VERIFY = "verify"
RESET = "reset"
INVITE = "invite"
CHANGE = "change"


class MailLink(Model):
    """A link in a mail: it shows, once, that its bearer reads what is sent to the address."""

    __tablename__ = "mail_links"
    __table_args__ = (Index("ix_mail_links_user_id_purpose", "user_id", "purpose"),)

    #: Of its token, which the mail alone has.
    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    purpose: Mapped[str] = mapped_column(String(10))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    invitation_id: Mapped[int | None] = mapped_column(
        ForeignKey("invitations.id", ondelete="CASCADE"), index=True
    )
    #: The address that it was sent to: it is good for no other one.
    email: Mapped[str] = mapped_column(String(254))
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    expires_at: Mapped[datetime] = mapped_column(index=True)


class ResetRequest(Model):
    """An address for which somebody asked for a new password, until it is looked up."""

    __tablename__ = "reset_requests"

    email: Mapped[str] = mapped_column(String(254), primary_key=True)
    asked_at: Mapped[datetime] = mapped_column(default=utcnow)


class DigestPlan(Model):
    """When somebody gets the next mail of what they have not read; no row: never."""

    __tablename__ = "digest_plans"

    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    every: Mapped[str] = mapped_column(String(10))
    #: The person's time zone, as the IANA calls it.
    zone: Mapped[str] = mapped_column(String(64))
    next_at: Mapped[datetime] = mapped_column(index=True)
    #: The newest notification that has been mailed.
    mailed_id: Mapped[int] = mapped_column(default=0)
