"""Erasures in progress, and exports that are kept."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from ...core.models import Model, utcnow


class Erasure(Model):
    """Somebody who is being erased: what is known about them until nothing is left to look for."""

    __tablename__ = "erasures"

    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    email: Mapped[str] = mapped_column(String(254))
    name: Mapped[str] = mapped_column(String(100))
    begun_at: Mapped[datetime] = mapped_column(default=utcnow)


class Export(Model):
    """A person's export, kept for them to fetch: the last one that was made."""

    __tablename__ = "exports"

    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    #: The job that made it; no foreign key, as it may be deleted before.
    job_id: Mapped[int]
    #: What its file is called.
    name: Mapped[str] = mapped_column(String(80))
    size: Mapped[int]
    made_at: Mapped[datetime] = mapped_column(default=utcnow, index=True)
