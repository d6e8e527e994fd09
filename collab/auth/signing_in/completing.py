"""The one place where a log-in is completed: `complete`.

Whoever has found out by a password, a provider or a passkey whose account it is takes the writer's
lock, looks the account up after that, and calls `complete(user, client, by=Way.…)`. It refuses a
disabled account, starts the session, records `session.started`, makes the tokens and commits. It is
also the place where an account's second factor is asked for. The route then answers with
`refreshing.cookies.answer`, which puts the refresh token into the body or into the cookie.
"""

from __future__ import annotations

from enum import Enum

from ...extensions import db
from .. import sessions
from ..models import User
from ..sessions import Client, Disabled, SignedIn


class Way(Enum):
    """By what somebody has shown whose account it is."""

    REGISTRATION = "registration"
    PASSWORD = "password"  # noqa: S105  (the name of a way, not a secret)
    #: Of another service, which says who it is (OAuth 2.0, OpenID Connect).
    PROVIDER = "provider"
    PASSKEY = "passkey"


def complete(user: User, client: Client, *, by: Way) -> SignedIn:
    """Complete a log-in in the open transaction, and commit; raises Disabled.

    The writer's lock is held, so nobody disables the account between the look and the commit.
    """
    if user.disabled:  # said only to whoever has shown that the account is theirs
        raise Disabled()
    signed_in = sessions.start(user, client)
    db.session.commit()
    return signed_in
