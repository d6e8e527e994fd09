"""The one place where a log-in is completed: `complete`.

Code that has found out by a password, a provider or a passkey whose account it is takes the
writer's lock, looks the account up after that, and calls `complete(user, client, by=Way.…)`. It
refuses a disabled account, asks for the account's second factor, starts the session, records
`session.started`, makes the tokens and commits. The route then answers with
`refreshing.cookies.answer`, which puts the refresh token into the body or into the cookie.

An account with a second factor gets no tokens yet, but `SecondFactorRequired`: a problem with a
proof of what was shown so far. `second_step.finish` takes the proof and a code, and ends here, too.
"""

from __future__ import annotations

from enum import Enum
from typing import Any

from ...core.errors import Unauthorized
from ...core.security import digest
from ...extensions import db
from .. import sessions
from ..factors import ceremonies, proofs, second
from ..factors.proofs import Purpose
from ..factors.second import Overview
from ..models import User
from ..sessions import Client, Disabled, SignedIn


class Way(Enum):
    """How somebody has shown whose account it is."""

    REGISTRATION = "registration"
    PASSWORD = "password"  # noqa: S105  (the name of a way, not a secret)
    #: Of another service, which says who it is (OAuth 2.0, OpenID Connect).
    PROVIDER = "provider"
    #: Two factors in one: the device, and whatever unlocks it.
    PASSKEY = "passkey"


class SecondFactorRequired(Unauthorized):
    """This account has a second factor: send `proof` and a code to /auth/login/second-factor."""

    kind = "second-factor-required"

    def __init__(self, user: User, client: Client, found: Overview, way: Way) -> None:
        super().__init__()
        methods = list(found.methods)
        proof = proofs.issue(
            Purpose.SECOND_FACTOR, user_id=user.id, bound_to=stamp(user), by=way.value
        )
        asked: dict[str, Any] = {
            "proof": proof,
            "methods": methods,
            "expires_in": proofs.life_s(),
        }
        if second.PASSKEY in methods:
            asked["passkey"] = ceremonies.to_sign(
                client.host, Purpose.PASSKEY_AS_FACTOR, user_id=user.id
            )
            if asked["passkey"] is None:  # not where the service is called by a number
                methods.remove(second.PASSKEY)
                del asked["passkey"]
        self.members = {"second_factor": asked}


def complete(user: User, client: Client, *, by: Way) -> SignedIn:
    """Complete a log-in in the open transaction, and commit.

    The writer's lock is held, so nobody disables the account between the check and the commit.
    Raises Disabled, SecondFactorRequired.
    """
    refuse_disabled(user)
    # A passkey is two factors already: what one has, and what unlocks it.
    if by is not Way.PASSKEY and (found := second.overview(user.id)).required:
        raise SecondFactorRequired(user, client, found, by)
    return begin(user, client, by=by)


def refuse_disabled(user: User) -> None:
    """Raise Disabled, which is told only to people who have shown that the account is theirs."""
    if user.disabled:
        raise Disabled()


def begin(user: User, client: Client, *, by: Way, factor: str | None = None) -> SignedIn:
    """Start the session of somebody who has shown all that is required; commits."""
    signed_in = sessions.start(user, client, by=by.value, factor=factor)
    db.session.commit()
    return signed_in


def stamp(user: User) -> str:
    """Return what a proof is bound to: it ends when the password changes."""
    return digest(user.password_hash)
