"""How many accounts one network may make: each has quotas of its own, and takes a hash's time."""

from __future__ import annotations

from ..core.counting.ration import Ration
from ..core.errors import TooManyRequests
from ..core.slots import Slot


class TooManyAccounts(TooManyRequests):
    """Too many accounts were made from this address: wait and try again."""


REGISTRATIONS: Slot[Ration] = Slot(
    "registrations", lambda app: Ration(app.config["REGISTER_RATE_LIMIT"], TooManyAccounts)
)
