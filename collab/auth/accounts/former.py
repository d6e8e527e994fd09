"""Addresses that accounts had before: an erasure looks for these, too."""

from __future__ import annotations

from sqlalchemy import delete, exists, select

from ...core.models import utcnow
from ...core.storage import retention
from ...extensions import db
from ..models import FormerAddress, User


def note(user: User) -> None:
    """Note the address of an account in the open transaction, before it gets a new one."""
    again = FormerAddress.user_id == user.id, FormerAddress.email == user.email
    # Going back and forth between two notes each once.
    db.session.execute(delete(FormerAddress).where(*again))
    db.session.add(FormerAddress(user_id=user.id, email=user.email, left_at=utcnow()))


def addresses_of(user_id: int) -> tuple[str, ...]:
    """Return the addresses that an account had before and that are nobody else's now."""
    query = select(FormerAddress.email).where(FormerAddress.user_id == user_id)
    # Data found by an address belongs to its present owner, who may have come after this person.
    taken = exists().where(User.email == FormerAddress.email)
    return tuple(db.session.scalars(query.where(~taken).order_by(FormerAddress.email)))


def forget() -> bool:
    """Forget some of the addresses that nothing else names any more; commits.

    Of everything that contains addresses, the audit stays longest. Returns whether there may be
    more.
    """
    before = retention.border("AUDIT_RETENTION_DAYS")
    if before is None:
        return False
    return retention.delete_older(FormerAddress.left_at, before, FormerAddress.id)
