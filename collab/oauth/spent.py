"""States and proofs that were used: each is valid once, across all processes."""

from __future__ import annotations

from datetime import UTC, datetime

from ..core.database import take_write_lock
from ..core.models import utcnow
from ..core.security import digest
from ..core.storage import retention
from ..extensions import db
from .models import SpentLogIn
from .problems import AttemptInvalid
from .sealed import Proof, State


def spend(used: State | Proof) -> None:
    """Use up a state or proof in the open transaction; raises AttemptInvalid the second time.

    The writer's lock is held: of two concurrent uses, the second finds what the first has done.
    """
    key = digest(used.key)
    if db.session.get(SpentLogIn, key) is not None:
        db.session.rollback()
        raise AttemptInvalid("This log-in is already finished: start again.")
    db.session.add(SpentLogIn(digest=key, expires_at=datetime.fromtimestamp(used.expires, UTC)))


def spend_now(state: State) -> None:
    """Use up a state before anything is asked of the provider; commits."""
    take_write_lock()
    spend(state)
    db.session.commit()


def forget() -> bool:
    """Delete some that nobody could use any more; returns whether there may be more; commits."""
    return retention.delete_older(SpentLogIn.expires_at, utcnow(), SpentLogIn.digest)
