"""How many people one person may add or invite, as the answers show who has an account."""

from __future__ import annotations

from ..core.counting.ration import Ration
from ..core.errors import TooManyRequests
from ..core.slots import Slot


class TooManyInvitations(TooManyRequests):
    """You have added or invited too many people: wait and try again."""


INVITATIONS: Slot[Ration] = Slot(
    "invitations", lambda app: Ration(app.config["INVITE_RATE_LIMIT"], TooManyInvitations)
)
