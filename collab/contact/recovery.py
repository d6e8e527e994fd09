"""A new password for the person who reads what is sent to the account's address.

Asking does the same for every address, known or not: one row, and 202. Whether there is an account
is looked up later, in another thread, so that neither the answer nor its timing reveals it.
"""

from __future__ import annotations

from sqlalchemy import delete, exists, insert, literal, select

from ..auth import passwords, users
from ..auth.accounts import known, ways_in
from ..auth.models import User
from ..core.database import take_write_lock
from ..core.errors import invalid
from ..core.models import utcnow
from ..events import log
from ..events.catalogue.accounts import PasswordResetRequested
from ..extensions import db
from ..mail import outbox
from . import limits, links, verification, writing
from .models import RESET, ResetRequest

#: Requests that are looked up in one commit.
REQUESTS_PER_COMMIT = 50


def ask(email: str, network: str) -> None:
    """Note that somebody asks for a new password; raises TooManyResets."""
    limits.RESETS.here().take(network)
    # Within the writer's lock, which an insert begins with: nobody else notes the same meanwhile.
    there = exists().where(ResetRequest.email == email)
    row = select(literal(email), literal(utcnow(), ResetRequest.asked_at.type)).where(~there)
    db.session.execute(insert(ResetRequest).from_select(["email", "asked_at"], row))
    db.session.commit()


def answer_some() -> bool:
    """Send links to the accounts among the addresses that were asked for; commits.

    Returns whether there may be more.
    """
    some = select(ResetRequest.email).order_by(ResetRequest.asked_at).limit(REQUESTS_PER_COMMIT)
    if db.session.scalar(some.limit(1)) is None:
        db.session.rollback()
        return False
    take_write_lock()
    addresses = db.session.scalars(some).all()
    db.session.execute(delete(ResetRequest).where(ResetRequest.email.in_(addresses)))
    for address in addresses:
        _answer(address)
    db.session.commit()
    return len(addresses) == REQUESTS_PER_COMMIT


def _answer(address: str) -> None:
    user = db.session.scalar(select(User).where(User.email == known.address_of(address)))
    if user is None or user.disabled or limits.has_enough(user.email, writing.RECOVERY):
        return
    token = links.issue(RESET, user.email, links.RESET_LIFE, user_id=user.id)
    outbox.send(writing.recovery(user.email, token, utcnow() + links.RESET_LIFE))
    log.record(PasswordResetRequested(user_id=user.id), actor=None)


def reset(token: str, password: str) -> None:
    """Set a new password by a link, and end all sessions; raises LinkSpent.

    If the address was verified, the second factor stays, and so do tokens of scripts: a mailbox
    alone lets nobody in. If it was not, all ways to sign in are closed: they may belong to somebody
    else who registered with this address.
    """
    link = links.find(token, RESET)
    if reason := passwords.weakness(password, link.email):
        raise invalid("new_password", reason)
    db.session.rollback()
    password_hash = passwords.hash_password(password)  # before the lock: it takes long
    take_write_lock()
    link = links.use(token, RESET)
    user = db.session.get(User, link.user_id, populate_existing=True)
    if user is None or user.disabled or user.email != link.email:
        raise links.LinkSpent()
    ways_in.owner_proved(user)  # before the address is noted as verified
    users.replace_password(user, password_hash)
    verification.mark(user)
    db.session.commit()
