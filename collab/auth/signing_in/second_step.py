"""The second step of a log-in: the proof of the first factor, and a second one."""

from __future__ import annotations

import hmac
from typing import Any

from ...core.database import take_write_lock
from ...core.errors import TooManyRequests, Unauthorized
from ...extensions import db
from .. import refusals
from ..factors import passkeys, proofs, second
from ..factors.proofs import Proof, ProofRefused, Purpose
from ..models import User
from ..sessions import Client, SignedIn
from . import completing
from .completing import Way


def finish(
    sealed: str, client: Client, *, code: str | None, passkey: dict[str, Any] | None
) -> SignedIn:
    """Complete a log-in by a code (of the app, or a recovery code) or by a passkey; commits.

    A proof may be tried with several codes, and completes one log-in. Raises ProofRefused,
    WrongCode, TooManyGuesses, PasskeyRefused, Disabled.
    """
    proof = proofs.read(sealed, Purpose.SECOND_FACTOR)
    take_write_lock()
    user = _whose(proof)
    # Read now: after a rollback the object would be loaded again, outside of the lock.
    email = user.email
    try:
        completing.refuse_disabled(user)
        factor = _take(user, client, code, passkey)
        # After the factor: a wrong code must not use up the proof, or a typing error would cost the
        # log-in.
        proofs.spend(proof)
        return completing.begin(user, client, by=Way(proof.by), factor=factor)
    except (Unauthorized, TooManyRequests) as error:
        refusals.log_in(email, error)
        raise


def _whose(proof: Proof) -> User:
    """Return the account of a proof, under the lock; raises ProofRefused."""
    user = db.session.get(User, proof.user_id, populate_existing=True)
    # The password may have changed since the first step, which was taken with the old one.
    if user is None or not hmac.compare_digest(proof.bound_to, completing.stamp(user)):
        raise ProofRefused()
    return user


def _take(user: User, client: Client, code: str | None, passkey: dict[str, Any] | None) -> str:
    """Check the second factor, and return its kind."""
    if passkey is not None:
        passkeys.take(passkey, client, Purpose.PASSKEY_AS_FACTOR, user_id=user.id)
        return second.PASSKEY
    second.take_code(user.id, code or "")
    return "code"
