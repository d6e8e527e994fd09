"""Erasures that go on."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from ...core.models import Model, utcnow


class Erasure(Model):
    """Somebody who is being erased: what is known of them until nothing is left to look for."""

    __tablename__ = "erasures"

    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    email: Mapped[str] = mapped_column(String(254))
    name: Mapped[str] = mapped_column(String(100))
    begun_at: Mapped[datetime] = mapped_column(default=utcnow)
