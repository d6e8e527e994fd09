"""How many mails of a kind an address gets: nobody can fill another person's mailbox."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, select

from ..core.counting.kinds import windows_of
from ..core.counting.ration import Ration
from ..core.errors import TooManyRequests
from ..core.models import utcnow
from ..core.slots import Slot
from ..extensions import db
from ..mail.models import OutgoingMail

#: Mails of one kind to one address in a day.
MAX_MAILS_A_DAY = 5
#: Requests for new passwords from one network: a class behind one address has room.
RESETS_FROM_A_NETWORK = "60 per hour"


class TooManyMails(TooManyRequests):
    """Enough of these mails have been sent to this address today: wait and try again."""


class TooManyResets(TooManyRequests):
    """Too many new passwords were asked for from this address: wait and try again."""


#: Changes of the address that one person asks for.
CHANGES_OF_A_PERSON = "10 per hour"


class TooManyChanges(TooManyRequests):
    """You asked for too many changes of your address: wait and try again."""


CHANGES: Slot[Ration] = Slot(
    "changes of addresses", lambda _: Ration(CHANGES_OF_A_PERSON, TooManyChanges)
)
RESETS: Slot[Ration] = Slot(
    "resets",
    lambda app: Ration(RESETS_FROM_A_NETWORK, TooManyResets, windows=windows_of(app, "resets")),
)


def has_enough(email: str, kind: str) -> bool:
    """Return whether an address was sent enough mails of a kind in the last day."""
    since = utcnow() - timedelta(days=1)
    query = select(func.count()).where(
        OutgoingMail.recipient == email, OutgoingMail.kind == kind, OutgoingMail.created_at > since
    )
    return (db.session.scalar(query) or 0) >= MAX_MAILS_A_DAY
