"""Verifying that people receive mail at their address."""

from __future__ import annotations

from ..auth.models import User
from ..core.caller import Caller
from ..core.database import take_write_lock
from ..core.errors import Conflict
from ..core.models import utcnow
from ..events import log
from ..events.catalogue.accounts import EmailVerified
from ..extensions import db
from ..mail import outbox
from . import limits, links, writing
from .models import VERIFY


class AlreadyVerified(Conflict):
    """Your address has been verified already."""


def ask(user: User) -> bool:
    """Send somebody a link that verifies their address, in the open transaction.

    Returns whether it was sent: an address gets a number of them a day.
    """
    if limits.has_enough(user.email, writing.VERIFICATION):
        return False
    token = links.issue(VERIFY, user.email, links.VERIFY_LIFE, user_id=user.id)
    outbox.send(writing.verification(user.email, token, utcnow() + links.VERIFY_LIFE))
    return True


def ask_again(caller: Caller) -> None:
    """Send the caller another link; raises AlreadyVerified, TooManyMails."""
    take_write_lock()
    user = db.session.get_one(User, caller.user_id, populate_existing=True)
    if user.email_verified:
        raise AlreadyVerified()
    if not ask(user):
        raise limits.TooManyMails(retry_after=3600)
    db.session.commit()


def confirm(token: str) -> User:
    """Verify the address that a link was sent to; raises LinkSpent."""
    take_write_lock()
    link = links.use(token, VERIFY)
    user = db.session.get(User, link.user_id, populate_existing=True)
    if user is None or user.disabled or user.email != link.email:
        raise links.LinkSpent()
    mark(user)
    db.session.commit()
    return user


def mark(user: User) -> None:
    """Note in the open transaction that somebody reads what is sent to their address."""
    # A followed link shows that the mailbox accepts mails again.
    user.email_bounced_at = None
    if not user.email_verified:
        user.email_verified_at = utcnow()
        log.record(EmailVerified(user_id=user.id), actor=user.id)
