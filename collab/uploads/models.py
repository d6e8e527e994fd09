"""Uploads."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from ..core.models import Model, entity_tag, utcnow
from ..projects.models import Owned


class Upload(Owned, Model):
    """A file that somebody sent; it is never changed."""

    __tablename__ = "uploads"
    __table_args__ = (
        Index("ix_uploads_owner_id_id", "owner_id", "id"),
        Index("ix_uploads_project_id_id", "project_id", "id"),
        Index("ix_uploads_owner_id_name_key_id", "owner_id", "name_key", "id"),
        Index("ix_uploads_project_id_name_key_id", "project_id", "name_key", "id"),
        Index("ix_uploads_owner_id_size_id", "owner_id", "size", "id"),
        Index("ix_uploads_project_id_size_id", "project_id", "size", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(255))
    #: What names are sorted by (`core/words/sorting.py`); triggers of the database keep it.
    name_key: Mapped[str] = mapped_column(Text, default="", deferred=True)
    content_type: Mapped[str] = mapped_column(String(100))
    size: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    created_at: Mapped[datetime] = mapped_column(default=utcnow)

    @property
    def etag(self) -> str:
        """The tag of what is shown of it; its bytes have their own, their SHA-256."""
        return entity_tag("Upload", self.id, self.created_at)


#: What lists may be sorted by.
UPLOAD_SORTS = {"id": Upload.id, "name": Upload.name_key, "size": Upload.size}
