"""What an admin decided over the FEATURE_* settings."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from ..core.models import Model, utcnow


class FlagOverride(Model):
    """A feature's state by an admin's word; without a row its setting holds."""

    __tablename__ = "flag_overrides"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    enabled: Mapped[bool]
    #: Of the people, by a hash of feature and person: 0 to 100.
    percentage: Mapped[int] = mapped_column(default=100)
    changed_by: Mapped[int | None]
    changed_at: Mapped[datetime] = mapped_column(default=utcnow)
