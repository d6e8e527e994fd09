"""Finding the account that somebody means by an address, however they spell it."""

from __future__ import annotations

from sqlalchemy import select

from ...core.text.addresses import folded
from ...extensions import db
from ..models import User


def address_of(written: str) -> str:
    """Return the address of the account that is meant, or that it would have.

    Two accounts from before addresses had one spelling may have the same mailbox: the younger one
    keeps its spelling, and only that means it.
    """
    found, as_written = folded(written), written.strip().lower()
    if found != as_written and db.session.scalar(select(User.id).where(User.email == as_written)):
        return as_written
    return found
