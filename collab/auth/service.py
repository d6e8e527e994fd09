"""Accounts: registering, logging in, changing the password and the name."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import ColumnElement, exists, select

from ..core.caller import Caller
from ..core.database import take_write_lock
from ..core.errors import Conflict, Unauthorized, invalid
from ..events import log
from ..events.catalogue.accounts import AccountRegistered, AccountUpdated, PasswordChanged
from ..extensions import db
from . import passwords, refusals, sessions
from .accounts import known
from .attempts import REGISTRATIONS, TooManyAttempts, attempts
from .models import ADMIN, USER, Session, User
from .passwords import Match
from .sessions import Client, SignedIn
from .signing_in import completing
from .signing_in.completing import Way


class EmailTaken(Conflict):
    """There is already an account with this e-mail address: log in."""

    kind = "email-taken"


class WrongCredentials(Unauthorized):
    """The e-mail address or the password is wrong."""

    kind = "wrong-credentials"


#: How often a password is checked that others change at the same time.
PASSWORD_CHECKS = 3

FIRST_ACCOUNT = "This is the first account of this installation, so it is an admin."


def register(email: str, password: str, name: str | None, client: Client) -> SignedIn:
    """Make an account and sign in; raises EmailTaken, TooManyAttempts, TooManyAccounts.

    The first one becomes admin.
    """
    email = known.address_of(email)
    _check_strength(password, email)
    attempt = attempts().begin(client.network, email, guess=False)
    REGISTRATIONS.here().take(client.network)
    password_hash = passwords.hash_password(password)  # before the lock: it takes long
    take_write_lock()
    if db.session.scalar(select(exists().where(User.email == email))):
        db.session.rollback()
        raise EmailTaken()
    user = new_account(email, password_hash, name)
    signed_in = completing.complete(user, client, by=Way.REGISTRATION)
    attempts().forgive(attempt)
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
        return _log_in(known.address_of(email), password, client)
    except (Unauthorized, TooManyAttempts) as error:
        refusals.log_in(email, error)
        raise


def _log_in(email: str, password: str, client: Client) -> SignedIn:
    known_there = sessions.is_known_network(email, client)
    attempt = attempts().begin(client.network, email, known=known_there)
    checked = _check(User.email == email, password)
    if checked is None:
        raise WrongCredentials()
    user, rehashed = checked
    attempts().forgive(attempt)
    if rehashed:
        user.password_hash = rehashed
    return completing.complete(user, client, by=Way.PASSWORD)


def _check(
    whose: ColumnElement[bool], password: str, new: str | None = None
) -> tuple[User, str | None] | None:
    """Check a password; if it is right, take the writer's lock and return its account.

    It also returns the hash to keep from now on: of the new password, or of the same one if the
    kept hash is outdated. Hashing takes long, so it is done before the lock. Whether what was
    checked is still kept is looked up after it: the password may have been changed meanwhile, and
    then what was right is so no longer. Raises Conflict if that goes on and on.
    """
    for _ in range(PASSWORD_CHECKS):
        query = select(User.id, User.password_hash).where(whose)
        kept = db.session.execute(query).one_or_none()
        db.session.rollback()  # gives the connection back while the password is checked
        match = passwords.check_password(password, kept and kept.password_hash)
        if match is None or not kept:
            return None
        outdated = match is Match.AS_TYPED or passwords.outdated(kept.password_hash)
        anew = password if new is None and outdated else new
        rehashed = passwords.hash_password(anew) if anew is not None else None
        take_write_lock()
        user = db.session.get(User, kept.id, populate_existing=True)
        if user is not None and user.password_hash == kept.password_hash:
            return user, rehashed
        db.session.rollback()
    raise Conflict("The password was changed in the meantime.")


def change_password(caller: Caller, current: str, new: str, client: Client) -> None:
    """Set a new password and end the other sessions; raises WrongCredentials."""
    _check_strength(new, caller.email, "new_password")
    known_there = sessions.is_known_network(caller.email, client)
    attempt = attempts().begin(client.network, caller.email, known=known_there)
    checked = _check(User.id == caller.user_id, current, new)
    if checked is None:
        raise WrongCredentials("The current password is wrong.")
    user, rehashed = checked
    attempts().forgive(attempt)
    user.password_hash = rehashed or user.password_hash
    others = (Session.user_id == caller.user_id) & (Session.id != caller.session_id)
    sessions.revoke(others, "password changed")
    sessions.forget_networks(caller.user_id, client)
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
