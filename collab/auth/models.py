"""Users, their sessions (one family of refresh tokens each), tickets, networks and blocks."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship, validates

from ..core.models import Model, Versioned, utcnow
from ..core.words.calling import call_key

USER = "user"
ADMIN = "admin"


def mailbox_of(email: str) -> str:
    """Return what is before the @ of an address, as mentions look for it."""
    return call_key(email.partition("@")[0])


def _given(context: Any, name: str) -> str:
    return str(context.get_current_parameters()[name])


class User(Versioned, Model):
    """A person's account."""

    __tablename__ = "users"
    __allow_unmapped__ = True
    __table_args__ = (
        Index("ix_users_created_at_id", "created_at", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    #: Lower case throughout.
    email: Mapped[str] = mapped_column(String(254), unique=True)
    name: Mapped[str] = mapped_column(String(100))
    #: What mentions call the person: the name, and the address before its @, as `call_key` writes
    #: it.
    handle: Mapped[str] = mapped_column(
        String(100), index=True, default=lambda context: call_key(_given(context, "name"))
    )
    mailbox: Mapped[str] = mapped_column(
        String(254), index=True, default=lambda context: mailbox_of(_given(context, "email"))
    )
    #: argon2id; empty where the account has no password.
    password_hash: Mapped[str] = mapped_column(String(255))
    role: Mapped[str] = mapped_column(String(10), default=USER, index=True)
    disabled_at: Mapped[datetime | None]
    #: When they showed that they receive mail at the address; null: not yet.
    email_verified_at: Mapped[datetime | None]
    #: When a mail server last said permanently that there is no such mailbox.
    email_bounced_at: Mapped[datetime | None]

    #: Whether it is shown to an admin, with more than its owner sees.
    to_admin: bool = False

    def shown_besides(self) -> tuple[object, ...]:
        """Return who may see it."""
        return (self.to_admin,)

    @validates("name")
    def _call(self, _: str, name: str) -> str:
        """Let the handle follow the name."""
        self.handle = call_key(name)
        return name

    @validates("email")
    def _move(self, _: str, email: str) -> str:
        """Let the mailbox follow the new address, about which nothing is known yet."""
        self.mailbox = mailbox_of(email)
        self.email_verified_at = self.email_bounced_at = None
        return email

    @property
    def email_verified(self) -> bool:
        """Return whether they showed that they receive mail at the address."""
        return self.email_verified_at is not None

    @property
    def disabled(self) -> bool:
        """Return whether an admin has disabled the account."""
        return self.disabled_at is not None


class Session(Model):
    """A log-in on one device, with the one refresh token that is valid for it now."""

    __tablename__ = "sessions"
    __allow_unmapped__ = True
    __table_args__ = (
        Index("ix_sessions_user_id_created_at_id", "user_id", "created_at", "id"),
        Index("ix_sessions_user_id_last_used_at_id", "user_id", "last_used_at", "id"),
        Index("ix_sessions_user_id_expires_at", "user_id", "expires_at"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    #: Digest of the current refresh token's id: any other one of this session was used before.
    token_digest: Mapped[str] = mapped_column(String(64))
    #: Digests of those that were exchanged a moment ago, each with its time (Unix seconds).
    retired: Mapped[dict[str, Any]] = mapped_column(default=dict)
    #: The tokens that the last rotation gave, sealed; the same for all who ask within the grace
    #: period.
    newest_tokens: Mapped[str | None] = mapped_column(Text)
    user_agent: Mapped[str] = mapped_column(String(200))
    address: Mapped[str] = mapped_column(String(45))
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    last_used_at: Mapped[datetime] = mapped_column(default=utcnow)
    expires_at: Mapped[datetime] = mapped_column(index=True)
    revoked_at: Mapped[datetime | None]

    user: Mapped[User] = relationship()

    #: Whether the request that lists it belongs to it.
    current: bool = False


class Ticket(Model):
    """Admits one socket, once, for a session; or one stream, whenever it reconnects."""

    __tablename__ = "tickets"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    session_id: Mapped[int] = mapped_column(
        ForeignKey("sessions.id", ondelete="CASCADE"), index=True
    )
    expires_at: Mapped[datetime] = mapped_column(index=True)
    #: When the access token that got it expires, and with it the socket that the ticket opened.
    token_expires: Mapped[datetime]
    #: Digest of the topics of the stream that it belongs to, from its first use on one.
    stream: Mapped[str | None] = mapped_column(String(64))


class KnownNetwork(Model):
    """A network from which somebody has logged in to an account: guesses elsewhere wait first."""

    __tablename__ = "known_networks"

    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    #: As limits count addresses (`core/counting/networks.py`).
    network: Mapped[str] = mapped_column(String(50), primary_key=True)
    used_at: Mapped[datetime] = mapped_column(default=utcnow)


class FormerAddress(Model):
    """An address that an account had before; an erasure finds what was noted under it."""

    __tablename__ = "former_addresses"
    __table_args__ = (Index("ix_former_addresses_user_id_email", "user_id", "email", unique=True),)

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    email: Mapped[str] = mapped_column(String(254))
    left_at: Mapped[datetime] = mapped_column(default=utcnow, index=True)


class Block(Model):
    """Somebody whom a person wants nothing to do with."""

    __tablename__ = "blocks"

    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    blocked_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    created_at: Mapped[datetime] = mapped_column(default=utcnow)


#: What lists may be sorted by.
USER_SORTS = {"id": User.id, "email": User.email, "created_at": User.created_at}
BLOCK_SORTS = {"user_id": Block.blocked_id, "created_at": Block.created_at}
SESSION_SORTS = {"last_used_at": Session.last_used_at, "created_at": Session.created_at}
