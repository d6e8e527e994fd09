"""Who calls is remembered while the number stands that each change of rights moves.

All processes of a database share the number (`core/transactions/rights_epoch.py`); where they do
not, nobody is remembered. When a session, or a personal token, runs out is kept with its person;
whether an access token has is seen before anybody is looked up.
"""

from __future__ import annotations

from collections.abc import Hashable
from datetime import datetime
from typing import Generic, TypeVar

from flask import Flask
from sqlalchemy import event

from ...core.caller import Caller
from ...core.models import utcnow
from ...core.slots import Slot
from ...core.transactions.rights_epoch import RIGHTS_EPOCH
from ...events import log
from ..models import User
from ..tokens import AccessClaims

#: People that are remembered at once; past it, all are forgotten.
MAX_KNOWN_CALLERS = 4096

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Known(Generic[K, V]):
    """Who was looked up at one state of rights, by what they came with."""

    def __init__(self, app: Flask) -> None:
        self._epoch = RIGHTS_EPOCH.of(app)
        self._known: tuple[int, dict[K, tuple[V, datetime]]] = (-1, {})

    def find(self, key: K) -> V | None:
        """Return who it was, if nothing can have changed since."""
        known_at, callers = self._known
        found = callers.get(key)
        if found is None or known_at != self._epoch.now() or found[1] <= utcnow():
            return None
        return found[0]

    def now(self) -> int:
        """Return the state of rights; look at it before you look somebody up."""
        return self._epoch.now()

    def keep(self, looked_at: int, key: K, who: V, ends: datetime) -> None:
        """Remember who was looked up at a state of rights, and when what they came with ends."""
        known_at, callers = self._known
        # Looked up before the last change of rights: that answer may be wrong already.
        if not self._epoch.is_shared or looked_at < known_at:
            return
        if looked_at != known_at or len(callers) >= MAX_KNOWN_CALLERS:
            # A new dict, and not one emptied: a thread that reads the old one keeps what it has
            # begun with.
            callers = {}
            self._known = (looked_at, callers)
        callers[key] = who, ends


class KnownCallers(Known[AccessClaims, Caller]):
    """The callers of access tokens."""


@event.listens_for(User, "after_update")
def _outdate(*_: object) -> None:
    """Forget everybody once an account has changed, whatever it was: it is seldom."""
    log.outdate_callers()


KNOWN_CALLERS: Slot[KnownCallers] = Slot("known callers", KnownCallers)
