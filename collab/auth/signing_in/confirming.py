"""Asking the caller again who they are, before what protects the account is changed.

A session may be somebody else's: a stolen token, a screen left open. So requests that could weaken
or take over an account need the password, or a code of the second factor. An account that has
neither, whose owner signs in with a provider, needs a session that has just begun.
"""

from __future__ import annotations

from ...core.caller import Caller
from ...core.database import take_write_lock
from ...core.errors import Unauthorized, Unprocessable
from ...extensions import db
from .. import refusals
from ..factors import second
from ..models import User
from ..sessions import Client
from . import freshness, proving
from .freshness import NotFresh


class NothingShown(Unprocessable):
    """Send your `password`, or a `code` of your authenticator app or of your recovery codes."""


def confirm(caller: Caller, client: Client, *, password: str | None, code: str | None) -> User:
    """Return the caller's account, in a transaction that holds the writer's lock.

    Raises WrongCredentials, WrongCode, TooManyAttempts, NothingShown, NotFresh.
    """
    if password is not None:
        return proving.own_account(caller, password, client)
    take_write_lock()
    user = db.session.get_one(User, caller.user_id, populate_existing=True)
    if code is not None:
        _take_code(user, code)
    elif user.password_hash or second.overview(user.id).totp_since:
        raise NothingShown(pointer="#/password")
    elif not freshness.is_fresh(caller):
        raise NotFresh()
    return user


def _take_code(user: User, code: str) -> None:
    try:
        second.take_code(user.id, code)
    except Unauthorized as error:
        refusals.log_in(user.email, error)
        raise
