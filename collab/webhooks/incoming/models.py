"""Incoming hooks, and which messages they have received."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from ...core.models import Model, Versioned, utcnow
from ...projects.models import AsSeen
from ..models import MAX_NAME_LENGTH

#: Characters of the type that a hook's events have, or begin with.
MAX_EVENT_TYPE_LENGTH = 60
#: Characters of a sender's id of a message.
MAX_MESSAGE_ID_LENGTH = 120

#: How messages are checked, besides the secret address.
NO_CHECK = "none"
STANDARD = "standard"
GITHUB = "github"
CHECKS = (NO_CHECK, STANDARD, GITHUB)


class IncomingHook(AsSeen, Versioned, Model):
    """A secret address: what is sent there becomes an event, in the name of the hook's creator."""

    __tablename__ = "incoming_hooks"
    __table_args__ = (
        Index("ix_incoming_hooks_project_id_id", "project_id", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    created_by: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(MAX_NAME_LENGTH))
    #: The type of its events, or its beginning where the sender says more.
    event_type: Mapped[str] = mapped_column(String(MAX_EVENT_TYPE_LENGTH))
    enabled: Mapped[bool] = mapped_column(default=True)
    #: SHA-256 of the token in its address, and the token's end, by which people distinguish them.
    token_digest: Mapped[str] = mapped_column(String(64), unique=True)
    token_hint: Mapped[str] = mapped_column(String(8))
    check: Mapped[str] = mapped_column(String(10), default=NO_CHECK)
    #: The secret to check signatures with; sealed (`core/sealing.py`).
    sealed_secret: Mapped[str | None] = mapped_column(Text)

    #: The token itself and the address with it, in the answer that shows them and nowhere else.
    token: str | None = None
    url: str | None = None
    #: The secret that was made, shown in the same way.
    secret: str | None = None


class IncomingMessage(Model):
    """A received message: a sender that repeats it publishes it once."""

    __tablename__ = "incoming_messages"

    hook_id: Mapped[int] = mapped_column(
        ForeignKey("incoming_hooks.id", ondelete="CASCADE"), primary_key=True
    )
    message_id: Mapped[str] = mapped_column(String(MAX_MESSAGE_ID_LENGTH), primary_key=True)
    event_id: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(default=utcnow, index=True)


#: What lists may be sorted by.
INCOMING_SORTS: dict[str, Any] = {"id": IncomingHook.id}
