"""Signing in with what a provider has said: to which account, and when its password is asked for.

An address alone says whose account it is only where both sides have verified it. What only one of
them has seen could be anybody's: somebody may have registered here with an address that is not
theirs, or at the provider. Then the password of the account decides, once; from then on the
provider's name for the person (issuer and subject) does, whatever becomes of addresses.
"""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import select

from ..auth import refusals, service
from ..auth.attempts import REGISTRATIONS, TooManyAttempts
from ..auth.models import ADMIN, User
from ..auth.sessions import Client, Disabled, SignedIn
from ..auth.signing_in import completing, proving
from ..auth.signing_in.completing import Way
from ..auth.signing_in.proving import WrongCredentials
from ..core.database import take_write_lock
from ..core.models import utcnow
from ..extensions import db
from . import identities, spent
from .problems import AddressNotVouched, AttemptInvalid, PasswordNeeded
from .provider_clients.claims import Claims
from .sealed import Proof


def sign_in(proof: Proof, client: Client, password: str | None = None) -> SignedIn:
    """Sign in whom a provider has named; makes an account for whoever has none.

    Raises PasswordNeeded where there is an account that may be theirs, AddressNotVouched where
    nothing says that the address is theirs, AttemptInvalid, WrongCredentials, TooManyAttempts,
    TooManyAccounts, Disabled.
    """
    if proof.user_id is not None:
        raise AttemptInvalid()
    claims = proof.claims
    try:
        owner = _proved(claims, client, password)
        spent.spend(proof)
        user, is_new = _linked(proof, client, owner)
        if user.disabled:  # nothing is linked to it either
            raise Disabled()
    except (WrongCredentials, TooManyAttempts, Disabled) as error:
        refusals.log_in(claims.email or claims.shown, error)
        raise
    db.session.commit()  # linked, also where the second factor is still to come
    take_write_lock()
    # Read again under the lock: between the two transactions somebody may have disabled it.
    user = db.session.get_one(User, user.id, populate_existing=True)
    signed_in = completing.complete(user, client, by=Way.PROVIDER)
    first = is_new and user.role == ADMIN
    return replace(signed_in, notice=service.FIRST_ACCOUNT) if first else signed_in


def _proved(claims: Claims, client: Client, password: str | None) -> User | None:
    """Return the account whose password was given, if one was; takes the writer's lock."""
    if password is None or claims.email is None:
        take_write_lock()
        return None
    return proving.account_with(claims.email, password, client)


def _linked(proof: Proof, client: Client, owner: User | None) -> tuple[User, bool]:
    """Return the account of an identity, in the open transaction, and whether it is a new one."""
    claims = proof.claims
    if (identity := identities.find(claims)) is not None:
        return identities.use(identity, proof), False
    user, is_new = (owner, False) if owner else _found(claims, client)
    by = "password" if owner else "registration" if is_new else "address"
    identities.add(user, proof, by)
    if claims.verified and user.email == claims.email and user.email_verified_at is None:
        # The provider has seen it, and the account's own password was given, or it is new: both
        # agree.
        user.email_verified_at = utcnow()
    return user, is_new


def _found(claims: Claims, client: Client) -> tuple[User, bool]:
    """Return the account that an address says, or a new one, and whether it is new."""
    if claims.email is None:
        db.session.rollback()
        raise AddressNotVouched()
    user = db.session.scalar(select(User).where(User.email == claims.email))
    # Only by a verified address: otherwise anybody could reserve somebody's account for themselves.
    if user is None and claims.verified:
        REGISTRATIONS.here().take(client.network)
        return service.new_account(claims.email, "", claims.name), True
    if user is not None and claims.verified and user.email_verified_at is not None:
        return user, False
    db.session.rollback()
    raise AddressNotVouched() if user is None else PasswordNeeded.of(claims.email)
