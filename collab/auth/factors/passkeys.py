"""Passkeys: adding, renaming, removing, and accepting them to sign in."""

from __future__ import annotations

import hmac
import secrets
from typing import Any

from sqlalchemy import func, select

from ...core.caller import Caller
from ...core.database import take_write_lock
from ...core.errors import Conflict, NotFound
from ...core.lists.paging import Page, paginate
from ...core.models import utcnow
from ...events import log
from ...events.catalogue.security import PasskeyAdded, PasskeyRemoved
from ...events.catalogue.security import PasskeyRefused as RefusedEvent
from ...extensions import db
from ...frozen import frozen
from ..accounts import ways_in
from ..models import User
from ..sessions import Client
from . import ceremonies, proofs, second
from .ceremonies import PasskeyRefused
from .models import PASSKEY_SORTS, Passkey
from .proofs import ProofRefused, Purpose

#: Passkeys of one person.
MAX_PASSKEYS = 20
#: Bytes of the account's name on devices: the maximum (WebAuthn §5.4.3).
HANDLE_BYTES = 64


class TooManyPasskeys(Conflict):
    """You have 20 passkeys: remove one first."""


class PasskeyKnown(Conflict):
    """This passkey is already registered."""


@frozen
class Added:
    """A new passkey, with the recovery codes that the first second factor brings."""

    passkey: Passkey
    recovery_codes: list[str]


def options(user: User, caller: Caller, client: Client) -> dict[str, Any]:
    """Return what a browser makes a passkey from; raises NoDomain, TooManyPasskeys."""
    mine = list(db.session.scalars(select(Passkey).where(Passkey.user_id == user.id)))
    if len(mine) >= MAX_PASSKEYS:
        raise TooManyPasskeys()
    handle = mine[0].handle if mine else secrets.token_bytes(HANDLE_BYTES)
    known, bound_to = [one.credential_id for one in mine], _bound(caller, handle)
    made = ceremonies.to_make(client.host, user, handle, known, bound_to)
    db.session.commit()
    return made


def _bound(caller: Caller, handle: bytes) -> str:
    """Return what a challenge for a new passkey is bound to: the session, and the name on it."""
    return f"{caller.session_id} {handle.hex()}"


def add(caller: Caller, name: str, credential: dict[str, Any], client: Client) -> Added:
    """Add the passkey that a browser has made by `options`; commits.

    Raises ProofRefused, PasskeyRefused, PasskeyKnown, TooManyPasskeys.
    """
    challenge, proof = ceremonies.challenge_in(credential, Purpose.NEW_PASSKEY)
    session, _, handle = proof.bound_to.partition(" ")
    if (proof.user_id, session) != (caller.user_id, str(caller.session_id)):
        raise ProofRefused()
    key = ceremonies.made(credential, challenge, client.host)
    take_write_lock()
    _require_room(caller, key.credential_id)
    proofs.spend(proof)
    passkey = Passkey(
        user_id=caller.user_id,
        name=name,
        credential_id=key.credential_id,
        public_key=key.public_key,
        handle=bytes.fromhex(handle),
        domain=ceremonies.domain_of(client.host),
        sign_count=key.sign_count,
        backed_up=key.backed_up,
    )
    db.session.add(passkey)
    db.session.flush()
    codes = second.first_codes(caller.user_id)
    added = PasskeyAdded(user_id=caller.user_id, passkey_id=passkey.id, name=name)
    log.record(added, actor=caller.user_id)
    db.session.commit()
    return Added(passkey, codes)


def _require_room(caller: Caller, credential_id: bytes) -> None:
    """Raise PasskeyKnown, TooManyPasskeys."""
    known = select(Passkey.id).where(Passkey.credential_id == credential_id)
    if db.session.scalar(known) is not None:
        raise PasskeyKnown()
    if count_of(caller.user_id) >= MAX_PASSKEYS:
        raise TooManyPasskeys()


def take(credential: dict[str, Any], client: Client, purpose: Purpose, user_id: int = 0) -> User:
    """Check what a passkey has signed; returns whose it is, with the writer's lock held.

    `user_id` is whose it must be; 0: anybody's. Raises ProofRefused, PasskeyRefused, NoDomain.
    """
    challenge, proof = ceremonies.challenge_in(credential, purpose)
    if proof.user_id != user_id:
        raise ProofRefused()
    found = _signed(credential, challenge, client, user_id)
    take_write_lock()  # after the cryptography, which a stranger may ask for
    passkey = _by_credential(ceremonies.id_of(credential), user_id)
    if (found.sign_count or passkey.sign_count) and found.sign_count <= passkey.sign_count:
        _report(passkey)
        raise PasskeyRefused()
    proofs.spend(proof)
    passkey.sign_count, passkey.backed_up = found.sign_count, found.backed_up
    passkey.last_used_at = utcnow()
    return db.session.get_one(User, passkey.user_id, populate_existing=True)


def _signed(
    credential: dict[str, Any], challenge: bytes, client: Client, user_id: int
) -> ceremonies.Signed:
    """Check a signature with the stored key; raises PasskeyRefused."""
    passkey = _by_credential(ceremonies.id_of(credential), user_id)
    _require_same_account(passkey, ceremonies.handle_of(credential))
    if passkey.domain != ceremonies.domain_of(client.host):
        raise PasskeyRefused()
    return ceremonies.signed(credential, challenge, client.host, passkey.public_key)


def _by_credential(credential_id: bytes, user_id: int) -> Passkey:
    query = select(Passkey).where(Passkey.credential_id == credential_id)
    passkey = db.session.scalar(query.execution_options(populate_existing=True))
    if passkey is None or (user_id and passkey.user_id != user_id):
        raise PasskeyRefused()
    return passkey


def _require_same_account(passkey: Passkey, handle: bytes | None) -> None:
    """Raise PasskeyRefused if the device says another account's name (WebAuthn §7.2, step 6)."""
    if handle is not None and not hmac.compare_digest(handle, passkey.handle):
        raise PasskeyRefused()


def _report(passkey: Passkey) -> None:
    """Record that a key may have been copied: its device's count went back; commits."""
    event = RefusedEvent(user_id=passkey.user_id, passkey_id=passkey.id, name=passkey.name)
    log.record(event, actor=None)
    db.session.commit()


def count_of(user_id: int) -> int:
    """Return how many passkeys somebody has."""
    mine = select(func.count()).where(Passkey.user_id == user_id)
    return db.session.scalar(mine) or 0


def list_passkeys(caller: Caller, *, sort: str, **page: Any) -> Page:
    """Return a page of the caller's passkeys."""
    query = select(Passkey).where(Passkey.user_id == caller.user_id)
    return paginate(query, columns=PASSKEY_SORTS, sort=sort, key=Passkey.id, **page)


def load(passkey_id: int, user_id: int, *, to_change: bool = False) -> Passkey:
    """Return one of somebody's passkeys; raises NotFound."""
    if to_change:
        take_write_lock()
    passkey = db.session.get(Passkey, passkey_id, populate_existing=True)
    if passkey is None or passkey.user_id != user_id:
        raise NotFound()
    return passkey


def update(passkey: Passkey, changes: dict[str, str]) -> Passkey:
    """Rename a passkey; commits."""
    passkey.name = changes.get("name", passkey.name)
    db.session.commit()
    return passkey


def remove(user: User, passkey_id: int) -> None:
    """Remove a passkey in the transaction that `confirming` opened; commits.

    Raises NotFound, LastWayIn.
    """
    passkey = load(passkey_id, user.id)
    db.session.delete(passkey)
    second.tidy(user.id)
    ways_in.require_one(user)
    removed = PasskeyRemoved(user_id=user.id, passkey_id=passkey_id, name=passkey.name)
    log.record(removed, actor=user.id)
    db.session.commit()
