"""Accounts: registering, logging in, changing the password and the name."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import exists, select

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
from .sessions import Client, SignedIn
from .signing_in import completing, freshness, proving
from .signing_in.completing import SecondFactorRequired, Way


class EmailTaken(Conflict):
    """There is already an account with this e-mail address: log in."""

    kind = "email-taken"


class PasswordThere(Conflict):
    """Your account has a password: give it as `current_password`."""


FIRST_ACCOUNT = "This is the first account of this installation, so it is an admin."


def register(email: str, password: str, name: str | None, client: Client) -> SignedIn:
    """Create an account and sign in; raises EmailTaken, TooManyAttempts, TooManyAccounts.

    The first one becomes admin.
    """
    email = known.address_of(email)
    _check_strength(password, email)
    # Counted like log-ins: otherwise registering would tell everybody who has an account.
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
        # Others see the name; the address, which would show more, is cut at the @.
        name=name or email.split("@")[0][:100],
        password_hash=password_hash,
        role=ADMIN if first else USER,
    )
    db.session.add(user)
    db.session.flush()
    log.record(AccountRegistered(user_id=user.id, role=user.role), actor=user.id)
    return user


def log_in(email: str, password: str, client: Client) -> SignedIn:
    """Sign in with a password; raises WrongCredentials, Disabled, TooManyAttempts.

    SecondFactorRequired says that the password is right.
    """
    try:
        user = proving.account_with(known.address_of(email), password, client)
        return completing.complete(user, client, by=Way.PASSWORD)
    except SecondFactorRequired:  # a question, not a refusal
        raise
    except (Unauthorized, TooManyAttempts) as error:
        refusals.log_in(email, error)
        raise


def change_password(caller: Caller, current: str, new: str, client: Client) -> None:
    """Set a new password and end the other sessions; raises WrongCredentials."""
    _check_strength(new, caller.email, "new_password")
    proving.own_account(caller, current, client, new=new)
    _changed_password(caller, client)


def set_first_password(caller: Caller, new: str, client: Client) -> None:
    """Set the password of an account that has none; raises NotFresh, PasswordThere."""
    _check_strength(new, caller.email, "new_password")
    freshness.require(caller, None, client)
    password_hash = passwords.hash_password(new)
    take_write_lock()
    user = db.session.get_one(User, caller.user_id, populate_existing=True)
    if user.password_hash:
        raise PasswordThere()
    # Checked under the lock: otherwise two first passwords would each believe to be the only one.
    user.password_hash = password_hash
    _changed_password(caller, client)


def _changed_password(caller: Caller, client: Client) -> None:
    """End the other sessions, and whatever else the old password admitted; commits."""
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
