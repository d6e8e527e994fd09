"""Proofs and challenges: sealed notes that the service hands out and accepts back once.

A proof says that somebody has shown the first factor of an account; a challenge is what a passkey
signs. Both are sealed for one purpose, valid for some minutes, and remembered once used: nothing is
kept of those that nobody brings back, so asking for them fills no table.
"""

from __future__ import annotations

import time
from dataclasses import asdict
from datetime import UTC, datetime
from enum import Enum

from ...core import sealing
from ...core.errors import Unauthorized
from ...core.json import dumps, loads
from ...core.models import utcnow
from ...core.security import digest, new_token
from ...core.slots import setting
from ...core.storage import retention
from ...extensions import db
from ...frozen import frozen
from .models import SpentProof


class Purpose(Enum):
    """What a proof is valid for, and nothing else."""

    SECOND_FACTOR = "second factor: proof"
    PASSKEY_AS_FACTOR = "second factor: passkey"
    PASSKEY_LOG_IN = "passkey: log in"
    NEW_PASSKEY = "passkey: add"


class ProofRefused(Unauthorized):
    """The proof has expired, has been used, or is for something else: log in again."""

    kind = "proof-refused"


@frozen
class Proof:
    """What a proof says."""

    nonce: str
    #: Unix seconds.
    expires: int
    #: Whose it is; 0: the owner of the passkey that signs it.
    user_id: int = 0
    #: What must not have changed since, such as the session or the password.
    bound_to: str = ""
    #: How the first factor was shown.
    by: str = ""


def issue(purpose: Purpose, *, user_id: int = 0, bound_to: str = "", by: str = "") -> str:
    """Make a proof."""
    expires = int(time.time()) + life_s()
    made = Proof(new_token(), expires, user_id, bound_to, by)
    return sealing.seal(dumps(asdict(made)).decode(), purpose=purpose.value)


def read(sealed: str, purpose: Purpose) -> Proof:
    """Return what a proof says, if it is for this and has not expired; raises ProofRefused."""
    try:
        proof = Proof(**loads(sealing.unseal(sealed, purpose=purpose.value)))
    # TypeError: sealed by another version of this program, with other members.
    except (sealing.Unsealable, ValueError, TypeError):
        raise ProofRefused() from None
    if proof.expires <= time.time():
        raise ProofRefused()
    return proof


def spend(proof: Proof) -> None:
    """Use up a proof in the open transaction, under the lock; raises ProofRefused if it was."""
    key = digest(proof.nonce)
    if db.session.get(SpentProof, key) is not None:
        raise ProofRefused()
    db.session.add(SpentProof(digest=key, expires_at=datetime.fromtimestamp(proof.expires, UTC)))


def forget() -> bool:
    """Delete some that have expired, and return whether there may be more; commits."""
    return retention.delete_older(SpentProof.expires_at, utcnow(), SpentProof.digest)


def life_s() -> int:
    """Return for how many seconds a proof is valid."""
    seconds: int = setting("SECOND_FACTOR_SECONDS")
    return seconds
