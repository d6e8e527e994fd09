"""Signing in and out: accounts, sessions and their tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from flask import current_app
from sqlalchemy import ColumnElement, delete, exists, select, update

from ..core.database import take_write_lock
from ..core.errors import Conflict, NotFound, Unauthorized, invalid
from ..core.http.caller import Caller
from ..core.models import utcnow
from ..core.security import digest, new_token
from ..events import log
from ..events.types import (
    AccountRegistered,
    AccountUpdated,
    PasswordChanged,
    SessionRevoked,
    SessionStarted,
)
from ..extensions import db
from . import passwords, tokens
from .attempts import attempts
from .models import ADMIN, USER, Session, Ticket, User


@dataclass(frozen=True)
class Client:
    """Where a request came from."""

    address: str
    user_agent: str


@dataclass(frozen=True)
class SignedIn:
    """A person with fresh tokens."""

    user: User
    access_token: str
    refresh_token: str
    expires_in: int
    token_type: str = "Bearer"  # noqa: S105  (the name of the scheme, RFC 6750)
    notice: str | None = None

    @property
    def role(self) -> str:
        """Return the global role."""
        return self.user.role


class EmailTaken(Conflict):
    """There is an account with this e-mail address already: log in."""


class WrongCredentials(Unauthorized):
    """The e-mail address or the password is wrong."""


class Disabled(Unauthorized):
    """This account has been disabled by an admin."""


class RefreshRefused(Unauthorized):
    """The refresh token is not valid: log in again."""


class RefreshReused(Unauthorized):
    """This refresh token was used before, so its whole session has been ended: log in again."""


FIRST_ACCOUNT = "This is the first account of this installation, so it is an admin."


def register(email: str, password: str, name: str | None, client: Client) -> SignedIn:
    """Make an account and sign in; raises EmailTaken. The first one becomes admin."""
    email = email.lower()
    _check_strength(password, email)
    attempts().begin(client.address, email)
    password_hash = passwords.hash_password(password)
    take_write_lock()
    if db.session.scalar(select(exists().where(User.email == email))):
        db.session.rollback()
        raise EmailTaken()
    user = new_account(email, password_hash, name)
    signed_in = _sign_in(user, client)
    db.session.commit()
    attempts().forgive(client.address, email)
    return replace(signed_in, notice=FIRST_ACCOUNT) if user.role == ADMIN else signed_in


def new_account(email: str, password_hash: str, name: str | None) -> User:
    """Add an account to the open transaction: an admin if it is the first one."""
    first = not db.session.scalar(select(exists(select(User.id))))
    user = User(
        email=email,
        name=name or email.split("@")[0][:100],
        password_hash=password_hash,
        role=ADMIN if first else USER,
    )
    db.session.add(user)
    db.session.flush()
    log.record(AccountRegistered(user_id=user.id, role=user.role), actor=user.id)
    return user


def log_in(email: str, password: str, client: Client) -> SignedIn:
    """Sign in with a password; raises WrongCredentials, Disabled, TooManyAttempts."""
    email = email.lower()
    attempts().begin(client.address, email)
    query = select(User.id, User.password_hash).where(User.email == email)
    known = db.session.execute(query).one_or_none()
    db.session.rollback()  # gives the connection back while the password is checked
    if not passwords.check_password(password, known and known.password_hash) or not known:
        raise WrongCredentials()
    attempts().forgive(client.address, email)
    rehashed = passwords.outdated(known.password_hash) and passwords.hash_password(password)
    take_write_lock()
    user = db.session.get_one(User, known.id, populate_existing=True)
    if user.disabled:
        raise Disabled()
    if rehashed:
        user.password_hash = rehashed
    signed_in = _sign_in(user, client)
    db.session.commit()
    return signed_in


def refresh(token: str) -> SignedIn:
    """Trade a refresh token for new tokens, once; a second time ends the session."""
    claims = tokens.read_refresh_token(token)
    if claims is None:
        raise RefreshRefused()
    token_id, now = tokens.new_token_id(), utcnow()
    rotation = (
        update(Session)
        .where(
            Session.id == claims.session_id,
            Session.token_digest == digest(claims.token_id),
            Session.revoked_at.is_(None),
        )
        .values(token_digest=digest(token_id), last_used_at=now, expires_at=now + refresh_life())
        .returning(Session.id)
    )
    if db.session.execute(rotation).one_or_none() is None:
        raise _reused(claims.session_id)
    session = db.session.get_one(Session, claims.session_id, populate_existing=True)
    if session.user.disabled:
        raise Disabled()
    db.session.commit()
    return _issue(session, token_id)


def _reused(session_id: int) -> Unauthorized:
    """End the family of a token that was used before: one of its two users stole it."""
    revoked = _revoke(Session.id == session_id, "refresh token reused")
    db.session.commit()
    return RefreshReused() if revoked else RefreshRefused()


def log_out(caller: Caller) -> None:
    """End the session of this request."""
    _revoke(Session.id == caller.session_id, "logged out")
    db.session.commit()


def log_out_everywhere(caller: Caller) -> None:
    """End all sessions of the caller."""
    _revoke(Session.user_id == caller.user_id, "logged out everywhere")
    db.session.commit()


def change_password(caller: Caller, current: str, new: str, client: Client) -> None:
    """Set a new password and end the other sessions; raises WrongCredentials."""
    _check_strength(new, caller.email, "new_password")
    attempts().begin(client.address, caller.email)
    kept = db.session.scalar(select(User.password_hash).where(User.id == caller.user_id))
    db.session.rollback()
    if not passwords.check_password(current, kept):
        raise WrongCredentials("The current password is wrong.")
    attempts().forgive(client.address, caller.email)
    hashed = passwords.hash_password(new)
    take_write_lock()
    user = db.session.get_one(User, caller.user_id, populate_existing=True)
    if user.password_hash != kept:
        raise Conflict("The password was changed meanwhile.")
    user.password_hash = hashed
    others = (Session.user_id == caller.user_id) & (Session.id != caller.session_id)
    _revoke(others, "password changed")
    log.record(PasswordChanged(user_id=caller.user_id), actor=caller.user_id)
    db.session.commit()


def sessions_of(caller: Caller) -> Sequence[Session]:
    """Return the caller's sessions that are still good, the latest used first."""
    query = (
        select(Session)
        .where(
            Session.user_id == caller.user_id,
            Session.revoked_at.is_(None),
            Session.expires_at > utcnow(),
        )
        .order_by(Session.last_used_at.desc(), Session.id.desc())
    )
    return db.session.scalars(query).all()


def end_session(caller: Caller, session_id: int) -> None:
    """End one of the caller's sessions; raises NotFound."""
    mine = (Session.user_id == caller.user_id) & (Session.id == session_id)
    if not _revoke(mine, "ended by its owner"):
        raise NotFound()
    db.session.commit()


def update_me(user: User, changes: dict[str, str]) -> User:
    """Change the caller's own account."""
    user.name = changes.get("name", user.name)
    if db.session.is_modified(user):
        log.record(AccountUpdated(user_id=user.id, name=user.name), actor=user.id)
    db.session.commit()
    return user


def issue_ticket(caller: Caller) -> tuple[str, datetime]:
    """Make a ticket: good once, for a minute, for an address that would show a token."""
    now, ticket = utcnow(), new_token()
    expires = now + timedelta(seconds=current_app.config["TICKET_SECONDS"])
    db.session.execute(delete(Ticket).where(Ticket.expires_at < now))
    db.session.add(
        Ticket(
            digest=digest(ticket),
            session_id=caller.session_id,
            expires_at=expires,
            token_expires=caller.token_expires,
        )
    )
    db.session.commit()
    return ticket, expires


def end_sessions_of(user_id: int, reason: str) -> None:
    """End all sessions of somebody, in the open transaction."""
    _revoke(Session.user_id == user_id, reason)


def refresh_life() -> timedelta:
    """Return how long a refresh token is good."""
    return timedelta(days=current_app.config["REFRESH_TOKEN_DAYS"])


def _check_strength(password: str, email: str, field: str = "password") -> None:
    if reason := passwords.weakness(password, email):
        raise invalid(field, reason)


def _sign_in(user: User, client: Client) -> SignedIn:
    """Start a session in the open transaction."""
    token_id = tokens.new_token_id()
    session = Session(
        user=user,
        token_digest=digest(token_id),
        user_agent=client.user_agent[:200],
        address=client.address,
        expires_at=utcnow() + refresh_life(),
    )
    db.session.add(session)
    db.session.flush()
    log.record(SessionStarted(user_id=user.id, session_id=session.id), actor=user.id)
    return _issue(session, token_id)


def _issue(session: Session, token_id: str) -> SignedIn:
    return SignedIn(
        user=session.user,
        access_token=tokens.new_access_token(session),
        refresh_token=tokens.new_refresh_token(session, token_id),
        expires_in=int(tokens.access_life().total_seconds()),
    )


def _revoke(which: ColumnElement[bool], reason: str) -> int:
    """End sessions in the open transaction, tell each, and return how many."""
    statement = (
        update(Session)
        .where(which, Session.revoked_at.is_(None))
        .values(revoked_at=utcnow())
        .returning(Session.id, Session.user_id)
    )
    ended = db.session.execute(statement).all()
    for session_id, user_id in ended:
        revoked = SessionRevoked(user_id=user_id, session_id=session_id, reason=reason)
        log.record(revoked, actor=user_id)
    return len(ended)
