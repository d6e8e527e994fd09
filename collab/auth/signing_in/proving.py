"""Whose account it is, by the password: counted before the check, and looked up again after it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from sqlalchemy import bindparam, select

from ...core.caller import Caller
from ...core.compiled import Compiled
from ...core.database import take_write_lock
from ...core.errors import Conflict, Unauthorized
from ...core.models import Id
from ...extensions import db
from .. import passwords, sessions
from ..attempts import attempts
from ..models import User
from ..passwords import Match
from ..sessions import Client

#: Reads an account's id and hash, as they are now.
Whose = Callable[[], Any]

#: How often a password is checked again if others change it at the same time.
PASSWORD_CHECKS = 3


_KEPT = select(User.id, User.password_hash)
_OF_EMAIL = Compiled(_KEPT.where(User.email == bindparam("email")))
_OF_ID = Compiled(_KEPT.where(User.id == bindparam("id", type_=Id)))


class WrongCredentials(Unauthorized):
    """The e-mail address or the password is wrong."""

    kind = "wrong-credentials"


def account_with(email: str, password: str, client: Client) -> User:
    """Return the account with this address and password, the writer's lock held.

    An outdated hash is replaced. Raises WrongCredentials, TooManyAttempts.
    """
    whose = partial(_OF_EMAIL.one, {"email": email})
    return _proved(whose, email, password, client, WrongCredentials())


def own_account(caller: Caller, password: str, client: Client, *, new: str | None = None) -> User:
    """Return the caller's account, the writer's lock held, if this is its password.

    With `new`, this becomes its password. Raises WrongCredentials, TooManyAttempts.
    """
    refusal = WrongCredentials("The current password is wrong.")
    mine = partial(_OF_ID.one, {"id": caller.user_id})
    return _proved(mine, caller.email, password, client, refusal, new)


def _proved(
    whose: Whose,
    email: str,
    password: str,
    client: Client,
    refusal: WrongCredentials,
    new: str | None = None,
) -> User:
    known_there = sessions.is_known_network(email, client)
    attempt = attempts().begin(client.network, email, known=known_there)
    checked = _check(whose, password, new)
    if checked is None:
        # The attempt stays counted: only a right password forgives it.
        raise refusal
    user, rehashed = checked
    attempts().forgive(attempt)
    # Here, where the password is known: its hash can't be replaced at any other moment.
    user.password_hash = rehashed or user.password_hash
    return user


def _check(whose: Whose, password: str, new: str | None = None) -> tuple[User, str | None] | None:
    """Check a password; if it is right, take the writer's lock and return its account.

    It also returns the hash to store from now on: of the new password, or of the same one if the
    stored hash is outdated. Hashing takes long, so it happens before the lock. Under the lock the
    stored hash is compared with the one that was checked: the password may have been changed
    meanwhile, and then the old one is no longer right. Raises Conflict if that goes on and on.
    """
    for _ in range(PASSWORD_CHECKS):
        kept = whose()
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
