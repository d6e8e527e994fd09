"""Tickets: used in an address instead of a token, valid for one socket or one stream."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select, update

from ..core.caller import Caller
from ..core.errors import Unauthorized
from ..core.models import utcnow
from ..core.security import digest, new_token
from ..core.slots import setting
from ..core.storage import retention
from ..extensions import db
from .models import Session, Ticket
from .tokens import AccessClaims

#: Tickets of one session that belong to a stream: the newest.
MAX_STREAM_TICKETS = 100


class TicketUsed(Unauthorized):
    """The ticket has been used or has expired."""


class TicketOfAnother(Unauthorized):
    """The ticket is for a stream of other topics: get one for this stream."""


def issue(caller: Caller) -> tuple[str, datetime]:
    """Make a ticket, to be used within a minute, where an address would show a token."""
    now, ticket = utcnow(), new_token()
    expires = now + timedelta(seconds=setting("TICKET_SECONDS"))
    # Here, too, so that unused ones do not pile up between clean-ups.
    db.session.execute(delete(Ticket).where(Ticket.expires_at < now, Ticket.stream.is_(None)))
    db.session.add(
        Ticket(
            digest=digest(ticket),
            session_id=caller.session_id,
            expires_at=expires,
            token_expires=caller.token_expires,
        )
    )
    db.session.commit()
    return ticket, expires


def use(ticket: str) -> AccessClaims:
    """Use up a ticket and return what it says; raises TicketUsed the second time."""
    statement = (
        delete(Ticket)
        .where(Ticket.digest == digest(ticket), *_unused())
        .returning(Ticket.session_id, Ticket.token_expires)
    )
    # The statement that finds it deletes it: of two uses at once, only one gets the row.
    row = db.session.execute(statement).one_or_none()
    user_id = row and db.session.scalar(select(Session.user_id).where(Session.id == row.session_id))
    db.session.commit()
    if row is None or user_id is None:
        raise TicketUsed()
    return AccessClaims(user_id, row.session_id, row.token_expires)


def use_for_stream(ticket: str, topics: Iterable[str]) -> AccessClaims:
    """Return what a ticket for a stream says; without topics, the stream is of its person's own.

    A browser's EventSource reconnects to the address that it was made with, so the ticket belongs
    to this stream from its first use on, and reopens it until the session ends. Raises TicketUsed,
    TicketOfAnother.
    """
    # Sorted and without duplicates: the same topics in another order are the same stream.
    key, stream = digest(ticket), digest("\n".join(sorted(set(topics))))
    row = _found(key)
    if row is not None and row.stream is None:
        _bind(key, stream, row)
        row = _found(key)
    if row is None or row.stream is None:
        raise TicketUsed()
    if row.stream != stream:
        raise TicketOfAnother()
    return AccessClaims(row.user_id, row.session_id, row.expires_at)


def _unused() -> tuple[Any, ...]:
    return Ticket.stream.is_(None), Ticket.expires_at > utcnow()


def _found(key: str) -> Any:
    """Return a ticket's stream, and its session as it is now."""
    query = select(Ticket.stream, Ticket.session_id, Session.user_id, Session.expires_at)
    query = query.join(Session, Session.id == Ticket.session_id).where(Ticket.digest == key)
    return db.session.execute(query).one_or_none()


def _bind(key: str, stream: str, session: Any) -> None:
    """Bind a ticket to a stream, unless it was used or has expired meanwhile; commits."""
    bound = {"stream": stream, "expires_at": session.expires_at}
    db.session.execute(update(Ticket).where(Ticket.digest == key, *_unused()).values(bound))
    mine = select(Ticket.digest).where(
        Ticket.session_id == session.session_id, Ticket.stream.is_not(None)
    )
    old = mine.order_by(Ticket.token_expires.desc(), Ticket.digest).offset(MAX_STREAM_TICKETS)
    db.session.execute(
        delete(Ticket)
        .where(Ticket.digest.in_(old), Ticket.digest != key)
        .execution_options(synchronize_session=False)
    )
    db.session.commit()


def forget() -> bool:
    """Delete some expired tickets, and return whether there may be more; commits.

    Those of streams last as long as their session.
    """
    now = utcnow()
    lives = select(Session.expires_at).where(
        Session.id == Ticket.session_id, Session.revoked_at.is_(None)
    )
    run_out = Ticket.expires_at < now, Ticket.stream.is_not(None), lives.exists()
    db.session.execute(
        update(Ticket)
        .where(*run_out)
        .values(expires_at=lives.scalar_subquery())
        .execution_options(synchronize_session=False)
    )
    return retention.delete_older(Ticket.expires_at, now, Ticket.digest)
