"""A new address for an account: it counts once its owner has followed a link sent there.

Whoever asks shows that they are the owner; the link goes to the new address, and is good for the
person who asked, where they are signed in: a slip of the pen gives nobody an account. Whether the
address has an account is told to its mailbox alone: the answer is the same, and so is the work.
"""

from __future__ import annotations

from sqlalchemy import exists, select

from ..auth.accounts import former, known
from ..auth.models import User
from ..auth.service import EmailTaken
from ..auth.sessions import Client
from ..auth.signing_in import freshness
from ..core.caller import Caller
from ..core.database import take_write_lock
from ..core.errors import invalid
from ..core.models import utcnow
from ..events import log
from ..events.catalogue.accounts import EmailChanged
from ..extensions import db
from ..mail import outbox
from . import limits, links, verification, writing
from .models import CHANGE


def ask(caller: Caller, email: str, password: str | None, client: Client) -> None:
    """Send the new address a link; raises NotFresh, WrongCredentials, TooManyMails and the like."""
    # First of all: each try may send a mail to somebody else's address.
    limits.CHANGES.here().take(str(caller.user_id))
    freshness.require(caller, password, client)
    take_write_lock()
    user = db.session.get_one(User, caller.user_id, populate_existing=True)
    wanted = known.address_of(email)
    if wanted == user.email:
        raise invalid("email", "This is already your address.")
    if limits.has_enough(wanted, writing.NEW_ADDRESS):
        raise limits.TooManyMails(retry_after=3600)
    good_until = utcnow() + links.CHANGE_LIFE
    token = links.issue(CHANGE, wanted, links.CHANGE_LIFE, user_id=user.id)
    if _is_taken(wanted):
        # A mail in either case: the answer and the time must not tell whether the address has an
        # account.
        mail = writing.address_taken(wanted, good_until)
    else:
        mail = writing.new_address(wanted, token, good_until)
    outbox.send(mail, owner_id=user.id)
    db.session.commit()


def confirm(caller: Caller, token: str) -> User:
    """Move the caller's account to the address that the link was sent to.

    Sessions, tokens and second factors go on; links that were sent to the address before are
    void. Raises LinkSpent, EmailTaken.
    """
    take_write_lock()
    link = links.use(token, CHANGE)
    user = db.session.get_one(User, caller.user_id, populate_existing=True)
    if link.user_id != user.id:
        raise links.LinkSpent()
    # Again: an hour may have passed since the link was sent.
    if _is_taken(link.email):
        raise EmailTaken()
    former.note(user)
    before, user.email = user.email, link.email
    log.record(EmailChanged(user_id=user.id), actor=user.id)
    verification.mark(user)
    outbox.send(writing.address_changed(before), owner_id=user.id)
    db.session.commit()
    return user


def _is_taken(email: str) -> bool:
    return bool(db.session.scalar(select(exists().where(User.email == email))))
