"""Whether it is still the owner: checked before a way to sign in is added or removed.

Somebody who got hold of an access token, or of an unattended machine, must not gain lasting access.
So the log-in has to be a few minutes old at most, or the password given.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from ...core.caller import Caller
from ...core.errors import Forbidden
from ...core.models import utcnow
from ...core.slots import setting
from ...extensions import db
from ..models import Session
from ..sessions import Client
from . import proving


class NotFresh(Forbidden):
    """You signed in a while ago: give your password, or sign in again first."""

    kind = "log-in-not-fresh"


def require(caller: Caller, password: str | None, client: Client) -> None:
    """Check that the caller has just signed in, or knows the password; raises NotFresh.

    Raises WrongCredentials and TooManyAttempts for a password. No transaction is left open.
    """
    if password is not None:
        proving.own_account(caller, password, client)
        db.session.commit()  # an outdated hash has been replaced
    elif not is_fresh(caller):
        raise NotFresh()


def is_fresh(caller: Caller) -> bool:
    """Return whether the caller's log-in is FRESH_LOGIN_MINUTES old at most."""
    begun = db.session.scalar(select(Session.created_at).where(Session.id == caller.session_id))
    life = timedelta(minutes=setting("FRESH_LOGIN_MINUTES"))
    # A start in the future means that the clock was set back: then it is not known to be fresh.
    return begun is not None and timedelta(0) <= utcnow() - begun < life
