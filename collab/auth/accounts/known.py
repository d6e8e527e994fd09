"""Finding the account that somebody means by an address, however they spell it."""

from __future__ import annotations

from sqlalchemy import select

from ...core.text.addresses import folded
from ...extensions import db
from ..models import User


def address_of(written: str) -> str:
    """Return the address of the account that is meant, or that there would be.

    Of accounts that were there before addresses had one spelling, two may have had the same
    mailbox: the younger one keeps the spelling that it had, and is meant by that one alone.
    """
    found, as_written = folded(written), written.strip().lower()
    if found != as_written and db.session.scalar(select(User.id).where(User.email == as_written)):
        return as_written
    return found
