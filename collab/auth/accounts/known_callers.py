"""Callers are remembered until the number changes that each change of rights moves.

All processes of a database share the number (`core/transactions/rights_epoch.py`); where they do
not, nobody is remembered. The expiry of a session or personal token is kept with its person; that
of an access token is checked before anybody is looked up.
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
from ...core.transactions.remembered import Remembered
from ...events import log
from ..models import User
from ..tokens import AccessClaims

#: People that are remembered at once; past that, all are forgotten.
MAX_KNOWN_CALLERS = 4096

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Known(Generic[K, V]):
    """Who was looked up at one state of rights, by their credentials."""

    def __init__(self, app: Flask) -> None:
        self._remembered: Remembered[K, tuple[V, datetime]] = Remembered(app, MAX_KNOWN_CALLERS)

    def find(self, key: K) -> V | None:
        """Return who it was, if nothing can have changed since then."""
        found = self._remembered.find(key)
        return found[0] if found is not None and found[1] > utcnow() else None

    def now(self) -> int:
        """Return the state of rights; read it before you look somebody up."""
        return self._remembered.epoch.now()

    def keep(self, looked_at: int, key: K, who: V, ends: datetime) -> None:
        """Remember who was looked up at a state of rights, and when their credentials end."""
        if self._remembered.epoch.is_shared:
            self._remembered.keep(looked_at, key, (who, ends))


class KnownCallers(Known[AccessClaims, Caller]):
    """The callers of access tokens."""


@event.listens_for(User, "after_update")
def _outdate(*_: object) -> None:
    """Forget everybody once an account has changed in any way: that is rare."""
    log.outdate_callers()


KNOWN_CALLERS: Slot[KnownCallers] = Slot("known callers", KnownCallers)
