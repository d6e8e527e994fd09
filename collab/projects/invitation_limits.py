"""How many people one person may add or invite, since the answers show who has an account."""

from __future__ import annotations

from ..core.counting.ration import ration_slot
from ..core.errors import TooManyRequests


class TooManyInvitations(TooManyRequests):
    """You have added or invited too many people: wait and try again."""


INVITATIONS = ration_slot("invitations", "INVITE_RATE_LIMIT", TooManyInvitations)
