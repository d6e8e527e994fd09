"""The log's table, and how far it has been pruned."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from ..core.models import Model, utcnow
from ..core.tracing import CARRIER_LENGTH


class EventRow(Model):
    """One thing that happened. Rows never change, and are deleted only at the log's old end."""

    __tablename__ = "events"
    __table_args__ = (
        Index("ix_events_topic_id", "topic", "id"),
        Index("ix_events_topic_type_id", "topic", "type", "id"),
        Index("ix_events_project_id_id", "project_id", "id"),
        Index("ix_events_actor_id", "actor", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    topic: Mapped[str] = mapped_column(String(64))
    type: Mapped[str] = mapped_column(String(100))
    #: Who did it; no foreign key, since the log outlives accounts and projects.
    actor: Mapped[int | None]
    project_id: Mapped[int | None]
    data: Mapped[dict[str, Any]]
    time: Mapped[datetime] = mapped_column(default=utcnow, index=True)
    #: The address that asked for it; only the audit shows it.
    address: Mapped[str | None] = mapped_column(String(45))
    #: The `traceparent` under which it was recorded, where traces are exported.
    trace: Mapped[str | None] = mapped_column(String(CARRIER_LENGTH))


class LogState(Model):
    """One row: the id of the newest event that has been pruned."""

    __tablename__ = "event_log_state"

    id: Mapped[int] = mapped_column(primary_key=True)
    pruned_through: Mapped[int] = mapped_column(default=0)


class LogReader(Model):
    """How far a reader that writes from what it reads has come; its writes commit with this."""

    __tablename__ = "log_readers"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    position: Mapped[int] = mapped_column(default=0)
