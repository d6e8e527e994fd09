"""Whom other services say that people are, and which proofs have been used."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ..auth.models import User
from ..core.models import Model, utcnow

#: Characters of a subject (OpenID Connect Core §2), and of an issuer.
MAX_SUBJECT_LENGTH = 255
MAX_ISSUER_LENGTH = 255


class Identity(Model):
    """Somebody at another service, who signs in to an account here.

    Issuer and subject together say who it is (OpenID Connect Core §5.7): a name of a provider can
    be given to another service later, and an address to another person.
    """

    __tablename__ = "identities"
    __table_args__ = (UniqueConstraint("issuer", "subject"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    provider: Mapped[str] = mapped_column(String(32))
    issuer: Mapped[str] = mapped_column(String(MAX_ISSUER_LENGTH))
    subject: Mapped[str] = mapped_column(String(MAX_SUBJECT_LENGTH))
    #: What the service calls the person: their address there, or else their name.
    shown: Mapped[str] = mapped_column(String(254))
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    last_used_at: Mapped[datetime] = mapped_column(default=utcnow)

    user: Mapped[User] = relationship()


class SpentLogIn(Model):
    """A state or a proof that was used, until it would have expired."""

    __tablename__ = "spent_log_ins"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)
