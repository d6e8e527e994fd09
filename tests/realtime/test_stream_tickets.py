"""A ticket that opened a stream opens that stream again, until its session ends."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from collab.auth import tickets
from collab.auth.models import Session, Ticket
from collab.core.models import utcnow
from collab.extensions import db

from ..support.people import Person, ok
from .losing import SESSION_ENDS, Scene

Ends = Callable[[Scene], None]


@pytest.fixture
def ticket(bob: Person) -> str:
    """Return a ticket of bob's that is not used yet."""
    return ok(bob.post("/auth/ticket"))["ticket"]


@pytest.fixture
def status(follow: Any, nobody: Person) -> Callable[..., int]:
    """Return a way to open a stream and leave it again, which returns the answer's status."""

    def opens(**query: Any) -> int:
        stream = follow(nobody, **query)
        stream.close()
        code: int = stream.response.status_code
        return code

    return opens


def moved(app: Flask, column: Any, by: timedelta) -> None:
    """Move a time of all rows."""
    with app.app_context():
        for row in db.session.scalars(select(column.class_)):
            setattr(row, column.key, getattr(row, column.key) + by)
        db.session.commit()


def kept(app: Flask) -> int:
    with app.app_context():
        tickets.forget()
        return db.session.scalar(select(func.count()).select_from(Ticket)) or 0


def test_the_reader_of_a_stream_may_come_back_to_its_address(
    ticket: str, project: int, alice: Person, nobody: Person, follow: Any
) -> None:
    first = follow(nobody, ticket=ticket, project_id=project)
    last = first.until("subscribed").id
    first.close()
    told = alice.tells(project, n=1)
    again = follow(nobody, ticket=ticket, project_id=project, last_event_id=last)
    assert again.until("file.changed").id == str(told)


def test_a_tickets_first_minute_is_over_and_its_stream_goes_on(
    ticket: str, project: int, app: Flask, status: Any
) -> None:
    assert status(ticket=ticket, project_id=project) == 200
    moved(app, Ticket.expires_at, -timedelta(days=30))
    assert (kept(app), status(ticket=ticket, project_id=project)) == (1, 200)


def test_a_ticket_that_nobody_used_in_time_opens_nothing(
    ticket: str, app: Flask, status: Any
) -> None:
    moved(app, Ticket.expires_at, -timedelta(minutes=2))
    assert (status(ticket=ticket), kept(app)) == (401, 0)


@pytest.mark.parametrize(("way", "_"), SESSION_ENDS)
def test_the_ticket_ends_with_the_session(
    way: Ends, _: str, ticket: str, project: int, status: Any, scene: Scene
) -> None:
    assert status(ticket=ticket, project_id=project) == 200
    way(scene)
    assert status(ticket=ticket, project_id=project) == 401


def test_the_ticket_of_a_session_that_has_run_out_is_no_good_and_goes(
    ticket: str, project: int, app: Flask, status: Any
) -> None:
    assert status(ticket=ticket, project_id=project) == 200
    moved(app, Session.expires_at, -timedelta(days=30))
    moved(app, Ticket.expires_at, -timedelta(days=30))
    assert (status(ticket=ticket, project_id=project), kept(app)) == (401, 0)


def test_the_topics_may_stand_in_another_order_or_twice(
    ticket: str, project: int, bob: Person, status: Any
) -> None:
    topics = [f"user:{bob.id}", f"project:{project}"]
    assert status(ticket=ticket, topic=topics) == 200
    assert status(ticket=ticket, topic=[*topics[::-1], topics[0]]) == 200
    assert status(ticket=ticket, topic=topics[0], project_id=project) == 200


@pytest.mark.parametrize("other", [{}, {"topic": "posts"}, {"topic": ["project:1", "posts"]}])
def test_a_ticket_opens_no_stream_but_its_own(
    other: dict[str, Any], ticket: str, project: int, status: Any
) -> None:
    assert project == 1
    assert status(ticket=ticket, project_id=project) == 200
    assert status(ticket=ticket, **other) == 401
    assert status(ticket=ticket, project_id=project) == 200


def test_a_ticket_of_all_that_concerns_somebody_opens_no_topic(
    ticket: str, bob: Person, status: Any
) -> None:
    assert status(ticket=ticket) == 200
    assert status(ticket=ticket, topic=f"user:{bob.id}") == 401


def test_a_ticket_that_opened_a_stream_opens_no_socket_and_the_other_way_round(
    ticket: str, bob: Person, status: Any, connect: Any
) -> None:
    assert status(ticket=ticket) == 200
    assert connect(ticket=ticket).wait_closed().code == 4401
    other = ok(bob.post("/auth/ticket"))["ticket"]
    connect(ticket=other).flush()
    assert status(ticket=other) == 401


def test_who_may_see_no_more_of_a_topic_is_refused_when_they_come_back(
    ticket: str, project: int, alice: Person, bob: Person, status: Any
) -> None:
    assert status(ticket=ticket, project_id=project) == 200
    ok(alice.delete(f"/projects/{project}/members/{bob.id}"))
    assert status(ticket=ticket, project_id=project) == 404


def test_of_very_many_tickets_of_a_session_the_first_go(
    app: Flask, bob: Person, status: Any
) -> None:
    session = ok(bob.get("/auth/verify"))["session_id"]
    with app.app_context():
        db.session.add_all(
            Ticket(
                digest=f"{n:064}",
                session_id=session,
                expires_at=utcnow(),
                token_expires=utcnow() - timedelta(minutes=n + 1),
                stream="x" * 64,
            )
            for n in range(tickets.MAX_STREAM_TICKETS)
        )
        db.session.commit()
    newest = ok(bob.post("/auth/ticket"))["ticket"]
    assert (status(ticket=newest), status(ticket=newest)) == (200, 200)
    with app.app_context():
        keys = set(db.session.scalars(select(Ticket.digest)))
    assert len(keys) == tickets.MAX_STREAM_TICKETS
    assert f"{tickets.MAX_STREAM_TICKETS - 1:064}" not in keys


def test_a_session_that_was_renewed_keeps_its_streams(
    ticket: str, project: int, app: Flask, status: Any
) -> None:
    assert status(ticket=ticket, project_id=project) == 200
    moved(app, Ticket.expires_at, -timedelta(days=8))
    assert kept(app) == 1
    with app.app_context():
        assert db.session.scalar(select(Ticket.expires_at)) > utcnow()
