"""The ways to sign in to an account: one must always be left."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask

from ...core.errors import Conflict
from ...core.slots import Contributions
from ..models import User

#: Returns how many ways a package has for a person, in the open transaction.
Count = Callable[[int], int]

COUNTS: Contributions[Count] = Contributions("ways in")


class LastWayIn(Conflict):
    """There is no other way into your account: set a password first."""

    kind = "last-way-in"


def count(app: Flask, counted: Count) -> None:
    """Let a package say how many ways into an account it knows, besides the password."""
    COUNTS.add(app, counted)


#: Removes, in the open transaction, the ways that a package knows into a person's account.
Closing = Callable[[int], None]

CLOSINGS: Contributions[Closing] = Contributions("ways in that are closed")


def on_owner_proved(app: Flask, close: Closing) -> None:
    """Let a package close what somebody may have set up for themselves with another's address."""
    CLOSINGS.add(app, close)


def owner_proved(user: User) -> None:
    """Close all ways into an account but the password, in the open transaction.

    It is called before the address is noted as verified, when somebody sets a password by a link
    sent to it: if nobody had verified it, anybody could have made the account until then, and have
    linked a service, enrolled a device or made a token of their own. If it was verified, all ways
    stay.
    """
    if user.email_verified_at is None:
        for close in CLOSINGS:
            close(user.id)


def require_one(user: User) -> None:
    """Refuse what would lock somebody out; raises LastWayIn.

    It is called in the transaction that removes a way, after that, with the writer's lock held.
    """
    # Counted after the removal, in the same transaction: two concurrent removals see each other.
    if not user.password_hash and not any(counted(user.id) for counted in COUNTS):
        raise LastWayIn()
