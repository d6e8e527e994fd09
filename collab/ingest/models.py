"""Sources of events, with their write keys, and the schemas of event types.

The pipeline's worker reads both tables with plain SQL (`pipeline/`), so rename a column in both
places.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ..core.models import Model, Versioned, entity_tag, utcnow
from ..projects.models import AsSeen

#: Characters of a source's name.
MAX_SOURCE_NAME = 120
#: Characters of an event's type and of a schema's version.
MAX_TYPE_LENGTH = 200
MAX_VERSION_LENGTH = 40

ACCEPT = "accept"
REJECT = "reject"
#: What a source may do with types that have no schema.
POLICIES = (ACCEPT, REJECT)


class Source(AsSeen, Versioned, Model):
    """Something that sends events to a project with its own write key."""

    __tablename__ = "ingest_sources"
    __table_args__ = (
        UniqueConstraint("project_id", "name"),
        Index("ix_ingest_sources_project_id_id", "project_id", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(MAX_SOURCE_NAME))
    created_by: Mapped[int | None] = mapped_column(
        ForeignKey("users.id", ondelete="SET NULL"), index=True
    )
    enabled: Mapped[bool] = mapped_column(default=True)
    unknown_types: Mapped[str] = mapped_column(String(10), default=ACCEPT)
    rules: Mapped[list[Any]] = mapped_column(JSON, default=list)
    #: SHA-256 of the key; None: it has been revoked.
    key_digest: Mapped[str | None] = mapped_column(String(64), unique=True)
    #: The end of the key, by which people tell keys apart.
    key_hint: Mapped[str | None] = mapped_column(String(8))
    #: The previous key, which is valid until a time.
    previous_digest: Mapped[str | None] = mapped_column(String(64), index=True)
    previous_until: Mapped[datetime | None]
    #: Noted once a minute; this does not count as a change: only lists show it.
    last_used_at: Mapped[datetime | None]

    #: The key itself, in the answer that shows it and nowhere else.
    write_key: str | None = None


class EventSchema(AsSeen, Model):
    """What a type's events must look like in a project; it never changes."""

    __tablename__ = "ingest_schemas"
    __table_args__ = (
        UniqueConstraint("project_id", "event_type", "event_version"),
        Index("ix_ingest_schemas_project_id_id", "project_id", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    event_type: Mapped[str] = mapped_column(String(MAX_TYPE_LENGTH))
    #: Empty: for any version that has no schema of its own.
    event_version: Mapped[str] = mapped_column(String(MAX_VERSION_LENGTH), default="")
    schema: Mapped[dict[str, Any]]
    created_by: Mapped[int | None] = mapped_column(
        ForeignKey("users.id", ondelete="SET NULL"), index=True
    )
    created_at: Mapped[datetime] = mapped_column(default=utcnow)

    @property
    def etag(self) -> str:
        """The tag of something that never changes."""
        return entity_tag("EventSchema", self.id, self.created_at)


#: What lists may be sorted by.
SOURCE_SORTS = {"id": Source.id}
SCHEMA_SORTS = {"id": EventSchema.id}
