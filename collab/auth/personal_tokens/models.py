"""Personal tokens, as they are stored."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from ...core.models import Model, utcnow

#: Characters of a token's name.
MAX_TOKEN_NAME = 100


class PersonalToken(Model):
    """A token that a person made for a script; what it may do, and until when."""

    __tablename__ = "personal_tokens"
    __allow_unmapped__ = True
    __table_args__ = (
        Index("ix_personal_tokens_user_id_id", "user_id", "id"),
        Index("ix_personal_tokens_user_id_created_at_id", "user_id", "created_at", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(MAX_TOKEN_NAME))
    #: SHA-256: a token has 190 random bits.
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    #: Its scopes, separated by spaces, as OAuth writes them (RFC 6749 §3.3).
    scope: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    expires_at: Mapped[datetime] = mapped_column(index=True)
    #: To the hour.
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]

    #: Its text, if it has just been made.
    token: str | None = None

    @property
    def scopes(self) -> list[str]:
        """Return what it may do."""
        return self.scope.split()


#: What lists may be sorted by.
TOKEN_SORTS = {"id": PersonalToken.id, "created_at": PersonalToken.created_at}
