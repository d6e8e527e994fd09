"""Tickets as rows: what each says, what it opens, and when it goes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from collab.auth import guard, tickets
from collab.auth.models import Session, Ticket
from collab.auth.tickets import MAX_STREAM_TICKETS, TicketOfAnother, TicketUsed
from collab.auth.tokens import AccessClaims
from collab.core.caller import Caller
from collab.core.models import utcnow
from collab.core.security import digest
from collab.core.slots import setting
from collab.core.storage.retention import ROWS_PER_COMMIT
from collab.extensions import db

from ..support.people import Person

MINUTE = timedelta(minutes=1)
TOPICS = ["project:1", "user:2"]


@pytest.fixture
def caller(app: Flask, alice: Person) -> Iterator[Caller]:
    """Return alice as a caller, in the application's context."""
    with app.app_context():
        yield guard.from_token(alice.token)


@pytest.fixture
def session(caller: Caller) -> Session:
    return db.session.get_one(Session, caller.session_id)


def keep(session_id: int, name: str, expires: datetime, stream: str | None = None) -> None:
    """Keep a ticket; it was bought by a token that ends when it does."""
    row = Ticket(digest=name, session_id=session_id, expires_at=expires, token_expires=expires)
    row.stream = stream
    db.session.add(row)
    db.session.commit()


def kept() -> dict[str, Ticket]:
    db.session.expire_all()
    return {row.digest: row for row in db.session.scalars(select(Ticket))}


def move(ticket: str, by: timedelta) -> None:
    row = db.session.get_one(Ticket, digest(ticket))
    row.expires_at += by
    db.session.commit()


# -- for one socket -------------------------------------------------------------------------------


def test_a_ticket_says_whose_session_it_is_of_and_until_when_its_token_is_good(
    caller: Caller,
) -> None:
    ticket, expires = tickets.issue(caller)
    db.session.rollback()  # it is kept, whatever becomes of the request
    assert timedelta(0) < expires - utcnow() <= timedelta(seconds=setting("TICKET_SECONDS"))
    assert kept()[digest(ticket)].expires_at == expires
    said = AccessClaims(caller.user_id, caller.session_id, caller.token_expires)
    assert tickets.use(ticket) == said


def test_a_ticket_is_good_once(caller: Caller) -> None:
    ticket, _ = tickets.issue(caller)
    tickets.use(ticket)
    db.session.rollback()  # it is used up, whatever becomes of the request
    with pytest.raises(TicketUsed):
        tickets.use(ticket)


def test_a_ticket_uses_up_no_other(caller: Caller) -> None:
    first, second = tickets.issue(caller)[0], tickets.issue(caller)[0]
    tickets.use(first)
    assert tickets.use(second)


def test_a_ticket_that_was_not_used_in_time_is_no_good(caller: Caller) -> None:
    ticket, _ = tickets.issue(caller)
    move(ticket, -timedelta(seconds=setting("TICKET_SECONDS")))
    with pytest.raises(TicketUsed):
        tickets.use(ticket)
    with pytest.raises(TicketUsed):
        tickets.use_for_stream(ticket, TOPICS)


def test_a_new_ticket_clears_those_that_ran_out_unused_away(caller: Caller) -> None:
    keep(caller.session_id, "over", utcnow() - MINUTE)
    keep(caller.session_id, "good", utcnow() + MINUTE)
    keep(caller.session_id, "of a stream", utcnow() - MINUTE, "its topics")
    ticket, _ = tickets.issue(caller)
    assert kept().keys() == {"good", "of a stream", digest(ticket)}


# -- for one stream -------------------------------------------------------------------------------


def test_a_ticket_belongs_to_its_first_stream_until_the_session_ends(
    caller: Caller, session: Session
) -> None:
    ticket, _ = tickets.issue(caller)
    said = AccessClaims(caller.user_id, caller.session_id, session.expires_at)
    assert tickets.use_for_stream(ticket, TOPICS) == said
    db.session.rollback()  # it belongs to it, whatever becomes of the request
    assert kept()[digest(ticket)].expires_at == session.expires_at
    assert tickets.use_for_stream(ticket, TOPICS) == said
    with pytest.raises(TicketOfAnother):
        tickets.use_for_stream(ticket, TOPICS[:1])
    with pytest.raises(TicketUsed):
        tickets.use(ticket)


def test_a_ticket_that_opens_a_stream_leaves_the_others_for_what_they_are_for(
    caller: Caller,
) -> None:
    ticket, other = tickets.issue(caller)[0], tickets.issue(caller)[0]
    tickets.use_for_stream(ticket, TOPICS)
    assert kept()[digest(other)].stream is None
    assert tickets.use(other)


def test_what_is_no_ticket_opens_no_stream(caller: Caller) -> None:
    ticket, _ = tickets.issue(caller)
    tickets.use(ticket)
    for none in (ticket, "made up"):
        with pytest.raises(TicketUsed):
            tickets.use_for_stream(none, TOPICS)


def test_a_session_has_so_many_streams_at_most_and_those_bought_first_go(
    caller: Caller, bob: Person
) -> None:
    other = guard.from_token(bob.token)
    ticket, _ = tickets.issue(caller)
    begun = utcnow() - timedelta(hours=1)
    for number in range(MAX_STREAM_TICKETS):
        keep(caller.session_id, f"{number:03}", begun + number * timedelta(seconds=1), "a")
    keep(other.session_id, "of another session", begun - MINUTE, "a")
    keep(caller.session_id, "not used yet", utcnow() + MINUTE)
    tickets.use_for_stream(ticket, TOPICS)
    left = kept().keys()
    assert "000" not in left
    assert len(left) == MAX_STREAM_TICKETS + 2
    assert {"001", "of another session", "not used yet", digest(ticket)} <= left


def test_the_stream_that_is_just_opened_is_not_the_one_that_goes(caller: Caller) -> None:
    ticket, _ = tickets.issue(caller)
    for number in range(MAX_STREAM_TICKETS):
        keep(caller.session_id, f"{number:03}", caller.token_expires + MINUTE, "a")
    assert tickets.use_for_stream(ticket, TOPICS)
    assert digest(ticket) in kept()


# -- cleaning up ----------------------------------------------------------------------------------


def test_what_ran_out_goes_and_what_is_of_a_stream_lasts_as_its_session(
    caller: Caller, session: Session
) -> None:
    past = utcnow() - MINUTE
    keep(caller.session_id, "over", past)
    keep(caller.session_id, "good", past + 2 * MINUTE)
    keep(caller.session_id, "of a stream", past, "its topics")
    keep(caller.session_id, "of a later stream", past + 2 * MINUTE, "its topics")
    assert not tickets.forget()
    ends = {name: row.expires_at for name, row in kept().items()}
    later = past + 2 * MINUTE
    assert ends == {
        "good": later,
        "of a stream": session.expires_at,
        "of a later stream": later,
    }


@pytest.mark.parametrize("column", ["revoked_at", "expires_at"])
def test_the_ticket_of_a_stream_goes_where_its_session_has_ended(
    column: str, caller: Caller, session: Session
) -> None:
    keep(caller.session_id, "of a stream", utcnow() - MINUTE, "its topics")
    setattr(session, column, utcnow() - MINUTE)
    db.session.commit()
    tickets.forget()
    assert kept() == {}


def test_where_very_many_ran_out_the_rest_goes_in_the_next_turn(caller: Caller) -> None:
    past = utcnow() - MINUTE
    db.session.add_all(
        Ticket(digest=str(n), session_id=caller.session_id, expires_at=past, token_expires=past)
        for n in range(ROWS_PER_COMMIT + 1)
    )
    db.session.commit()
    assert (tickets.forget(), tickets.forget()) == (True, False)
    assert kept() == {}
