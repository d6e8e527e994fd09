"""Identities: who people are according to providers; listed, linked to an account and unlinked."""

from __future__ import annotations

from sqlalchemy import Select, func, select

from ..auth.accounts import ways_in
from ..auth.models import User
from ..core.caller import Caller
from ..core.database import take_write_lock
from ..core.errors import NotFound
from ..core.models import utcnow
from ..events import log
from ..events.catalogue.accounts import IdentityLinked, IdentityUnlinked
from ..extensions import db
from . import spent
from .models import Identity
from .problems import AttemptInvalid, IdentityTaken, TooManyIdentities
from .provider_clients import providers
from .provider_clients.claims import Claims
from .sealed import Proof

#: Identities of one person.
MAX_IDENTITIES = 10


def list_identities(caller: Caller) -> list[Identity]:
    """Return the caller's identities, the oldest first."""
    return list(db.session.scalars(_of(caller.user_id).order_by(Identity.id)))


def usable_ones_of(user_id: int) -> int:
    """Return with how many of their identities a person can sign in here now."""
    return sum(
        providers.knows(one.provider, one.issuer) for one in db.session.scalars(_of(user_id))
    )


def find(claims: Claims) -> Identity | None:
    """Return the identity of which a provider speaks, if it is linked to an account."""
    query = select(Identity).where(
        # By these two and never by the address: a provider may give that to somebody else one day.
        Identity.issuer == claims.issuer,
        Identity.subject == claims.subject,
    )
    return db.session.scalar(query)


def use(identity: Identity, proof: Proof) -> User:
    """Note in the open transaction that an identity signed in; returns whose it is."""
    identity.last_used_at, identity.provider = utcnow(), proof.provider
    identity.shown = proof.claims.shown
    return identity.user


def add(user: User, proof: Proof, by: str) -> Identity:
    """Link an identity to an account, in the open transaction; raises TooManyIdentities.

    `by` tells what it was linked by (see the event).
    """
    mine = select(func.count()).where(Identity.user_id == user.id)
    if (db.session.scalar(mine) or 0) >= MAX_IDENTITIES:
        db.session.rollback()
        raise TooManyIdentities()
    claims = proof.claims
    identity = Identity(
        user=user,
        provider=proof.provider,
        issuer=claims.issuer,
        subject=claims.subject,
        shown=claims.shown,
    )
    db.session.add(identity)
    db.session.flush()
    linked = IdentityLinked(
        user_id=user.id, identity_id=identity.id, provider=proof.provider, by=by
    )
    log.record(linked, actor=user.id)
    return identity


def link(proof: Proof, caller: Caller) -> Identity:
    """Link what was proved to the account of the session that asked for it.

    Raises AttemptInvalid, IdentityTaken, TooManyIdentities.
    """
    # The session that asked: otherwise a link could be finished in somebody else's browser (CSRF).
    if (proof.user_id, proof.session_id) != (caller.user_id, caller.session_id):
        raise AttemptInvalid()
    take_write_lock()
    spent.spend(proof)
    identity = find(proof.claims)
    if identity is None:
        identity = add(db.session.get_one(User, caller.user_id), proof, "asked")
    elif identity.user_id != caller.user_id:
        db.session.rollback()
        raise IdentityTaken()
    db.session.commit()
    return identity


def unlink(identity_id: int, caller: Caller) -> None:
    """Unlink one of the caller's identities; raises NotFound, LastWayIn."""
    take_write_lock()
    identity = db.session.scalar(_of(caller.user_id).where(Identity.id == identity_id))
    if identity is None:
        db.session.rollback()
        raise NotFound()
    user, provider = identity.user, identity.provider
    db.session.delete(identity)
    db.session.flush()
    # After the deletion, in its transaction: what is counted is what would be left.
    ways_in.require_one(user)
    gone = IdentityUnlinked(user_id=user.id, identity_id=identity_id, provider=provider)
    log.record(gone, actor=user.id)
    db.session.commit()


def forget_all_of(user_id: int) -> None:
    """Unlink all identities of somebody, in the open transaction."""
    for identity in db.session.scalars(_of(user_id)):
        key, provider = identity.id, identity.provider
        db.session.delete(identity)
        gone = IdentityUnlinked(user_id=user_id, identity_id=key, provider=provider)
        log.record(gone, actor=None)


def _of(user_id: int) -> Select[Identity]:
    return select(Identity).where(Identity.user_id == user_id)
