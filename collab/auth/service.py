"""Accounts: registering, logging in, changing the password and the name."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import exists, select

from ..core.database import take_write_lock
from ..core.errors import Conflict, Unauthorized, invalid
from ..core.http.caller import Caller
from ..events import log
from ..events.catalogue.accounts import AccountRegistered, AccountUpdated, PasswordChanged
from ..extensions import db
from . import passwords, refusals, sessions
from .attempts import TooManyAttempts, attempts
from .models import ADMIN, USER, Session, User
from .sessions import Client, SignedIn


class EmailTaken(Conflict):
    """There is an account with this e-mail address already: log in."""


class WrongCredentials(Unauthorized):
    """The e-mail address or the password is wrong."""


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
    signed_in = sessions.start(user, client)
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
    try:
        return _log_in(email.lower(), password, client)
    except (Unauthorized, TooManyAttempts) as error:
        refusals.log_in(email, error)
        raise


def _log_in(email: str, password: str, client: Client) -> SignedIn:
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
        raise sessions.Disabled()
    if rehashed:
        user.password_hash = rehashed
    signed_in = sessions.start(user, client)
    db.session.commit()
    return signed_in


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
    sessions.revoke(others, "password changed")
    log.record(PasswordChanged(user_id=caller.user_id), actor=caller.user_id)
    db.session.commit()


def update_me(user: User, changes: dict[str, str]) -> User:
    """Change the caller's own account."""
    user.name = changes.get("name", user.name)
    if db.session.is_modified(user):
        log.record(AccountUpdated(user_id=user.id, name=user.name), actor=user.id)
    db.session.commit()
    return user


def _check_strength(password: str, email: str, field: str = "password") -> None:
    if reason := passwords.weakness(password, email):
        raise invalid(field, reason)
