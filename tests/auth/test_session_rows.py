"""Sessions and networks as rows: what a log-in writes, and what of earlier ones goes with it."""

from __future__ import annotations

from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, select, update

from collab.auth import guard, sessions
from collab.auth.models import KnownNetwork, Session, User
from collab.auth.sessions import KNOWN_NETWORKS, MAX_SESSIONS_KEPT, Client, SignedIn
from collab.core import client_address
from collab.core.caller import Caller
from collab.core.errors import NotFound
from collab.core.models import utcnow
from collab.core.security import digest
from collab.core.slots import setting
from collab.core.storage.retention import ROWS_PER_COMMIT
from collab.events.models import EventRow
from collab.extensions import db

from ..support.people import Person

pytestmark = pytest.mark.usefixtures("inside")

HOUR = timedelta(hours=1)
HERE = Client("192.0.2.7", "a browser")


def log_in(user: User, client: Client = HERE, **more: Any) -> SignedIn:
    """Start a session; returns its tokens."""
    made = sessions.start(user, client, **more)
    db.session.commit()
    return made


def keep(user_id: int, expires: datetime, **more: Any) -> int:
    """Keep a session; returns its id."""
    row = Session(user_id=user_id, token_digest="", user_agent="", address="", expires_at=expires)
    for name, value in more.items():
        setattr(row, name, value)
    db.session.add(row)
    db.session.commit()
    return row.id


def newest() -> Session:
    found = db.session.scalar(select(Session).order_by(Session.id.desc()).limit(1))
    assert found is not None
    return found


def kept() -> set[int]:
    return set(db.session.scalars(select(Session.id)))


def test_a_log_in_writes_from_where_and_with_what(user: User) -> None:
    log_in(user, Client("2001:db8:1:2::7", "x" * 300))
    row = newest()
    assert (row.user_id, row.address, row.user_agent) == (user.id, "2001:db8:1:2::7", "x" * 200)
    assert row.revoked_at is None


def test_a_log_in_is_told_with_what_was_shown(user: User) -> None:
    log_in(user, by="passkey", factor="code")
    row = db.session.scalar(select(EventRow).order_by(EventRow.id.desc()).limit(1))
    assert row is not None
    assert (row.type, row.actor, row.topic) == ("session.started", user.id, f"user:{user.id}")
    assert row.data == {
        "user_id": user.id,
        "session_id": newest().id,
        "by": "passkey",
        "factor": "code",
    }


def test_the_tokens_are_of_the_session_that_begins(user: User) -> None:
    made = log_in(user)
    who = guard.from_token(made.access_token)
    assert (made.user.id, who.user_id, who.session_id) == (user.id, user.id, newest().id)
    assert made.expires_in == 60 * setting("ACCESS_TOKEN_MINUTES")
    claims = sessions.tokens.read_refresh_token(made.refresh_token or "")
    assert claims is not None
    assert claims.session_id == newest().id
    assert newest().token_digest == digest(claims.token_id)


def test_a_log_in_clears_that_persons_sessions_away_that_have_run_out(
    user: User, bob: Person
) -> None:
    past, later = utcnow() - HOUR, utcnow() + HOUR
    over, good, of_bob = keep(user.id, past), keep(user.id, later), keep(bob.id, past)
    log_in(user)
    assert over not in kept()
    assert {good, of_bob, newest().id} <= kept()


def test_of_very_many_sessions_the_one_begun_first_ends(user: User, bob: Person) -> None:
    """Of two that began at one moment it is the one that was written first."""
    db.session.execute(delete(Session).where(Session.user_id == user.id))
    now, later = utcnow(), utcnow() + HOUR
    row = {"user_id": user.id, "user_agent": "", "address": "", "expires_at": later}
    ages = [*range(1, MAX_SESSIONS_KEPT), MAX_SESSIONS_KEPT - 1]
    begun = [row | {"token_digest": str(n), "created_at": now - n * HOUR} for n in ages]
    db.session.execute(db.insert(Session), begun)
    oldest = Session.created_at == now - ages[-1] * HOUR
    first, second = db.session.scalars(select(Session.id).where(oldest).order_by(Session.id))
    before = kept()
    log_in(user)
    assert kept() == before - {first} | {newest().id}
    assert second in kept()
    assert told() == [(user.id, first, "more than 1,000 sessions")]


# -- networks -------------------------------------------------------------------------------------


def networks(user_id: int) -> set[str]:
    query = select(KnownNetwork.network).where(KnownNetwork.user_id == user_id)
    return set(db.session.scalars(query))


def test_of_the_networks_of_a_person_those_used_last_are_known(user: User, bob: Person) -> None:
    db.session.execute(update(KnownNetwork).values(used_at=utcnow() - 1000 * HOUR))
    for number in range(KNOWN_NETWORKS):
        for who in (user.id, bob.id):
            used = utcnow() - (number + 1) * HOUR
            db.session.add(KnownNetwork(user_id=who, network=f"{number}", used_at=used))
    log_in(user)
    expected = {str(number) for number in range(KNOWN_NETWORKS - 1)} | {HERE.network}
    assert networks(user.id) == expected
    assert len(networks(bob.id)) == KNOWN_NETWORKS + 1


def test_a_network_that_is_used_again_is_among_the_last(user: User) -> None:
    used = utcnow() - HOUR
    db.session.add(KnownNetwork(user_id=user.id, network=HERE.network, used_at=used))
    log_in(user)
    row = db.session.get_one(KnownNetwork, (user.id, HERE.network), populate_existing=True)
    assert row.used_at > used


def test_a_network_is_known_of_those_who_logged_in_there_alone(user: User, bob: Person) -> None:
    log_in(user)
    elsewhere = Client("198.51.100.7", "a browser")
    assert sessions.is_known_network(user.email, HERE)
    assert not sessions.is_known_network(user.email, elsewhere)
    assert not sessions.is_known_network(bob.email, HERE)


def test_to_forget_the_others_leaves_the_present_network_and_other_people(
    user: User, bob: Person
) -> None:
    log_in(user)
    log_in(user, Client("198.51.100.7", ""))
    before = networks(bob.id)
    sessions.forget_networks(user.id, HERE)
    assert (networks(user.id), networks(bob.id)) == ({HERE.network}, before)


# -- their end ------------------------------------------------------------------------------------


def told() -> list[tuple[int, int, str]]:
    """Return whose sessions have ended, which, and why, as the log has it."""
    query = select(EventRow.data).where(EventRow.type == "session.revoked").order_by(EventRow.id)
    return [
        (data["user_id"], data["session_id"], data["reason"]) for data in db.session.scalars(query)
    ]


def ended() -> set[int]:
    db.session.rollback()  # what has ended is kept, whatever becomes of the request
    return set(db.session.scalars(select(Session.id).where(Session.revoked_at.is_not(None))))


def test_logging_out_ends_the_session_of_the_request(user: User) -> None:
    keep(user.id, utcnow() + HOUR)
    caller = caller_of(log_in(user))
    sessions.log_out(caller)
    assert ended() == {caller.session_id}
    assert told() == [(user.id, caller.session_id, "logged out")]


def test_logging_out_everywhere_ends_all_of_that_person_alone(user: User) -> None:
    caller = caller_of(log_in(user))
    mine = set(db.session.scalars(select(Session.id).where(Session.user_id == user.id)))
    sessions.log_out_everywhere(caller)
    assert ended() == mine
    assert {reason for _, _, reason in told()} == {"logged out everywhere"}


def test_one_of_ones_own_sessions_is_ended_and_nobody_elses(user: User, bob: Person) -> None:
    caller, other = caller_of(log_in(user)), keep(user.id, utcnow() + HOUR)
    theirs = keep(bob.id, utcnow() + HOUR)
    for none in (theirs, 10**6):
        with pytest.raises(NotFound):
            sessions.end_session(caller, none)
    sessions.end_session(caller, other)
    assert ended() == {other}
    assert told() == [(user.id, other, "ended by its owner")]
    with pytest.raises(NotFound):
        sessions.end_session(caller, other)


def test_all_sessions_of_somebody_end_for_a_reason(user: User) -> None:
    mine = set(db.session.scalars(select(Session.id).where(Session.user_id == user.id)))
    sessions.end_sessions_of(user.id, "why not")
    db.session.commit()
    assert ended() == mine
    assert {(who, reason) for who, _, reason in told()} == {(user.id, "why not")}


def caller_of(made: SignedIn) -> Caller:
    return guard.from_token(made.access_token)


def listed(caller: Caller) -> list[Session]:
    page = sessions.list_sessions(caller, sort="-last_used_at", limit=50, cursor=None)
    return list(page.items)


def test_sessions_that_have_run_out_or_ended_are_not_listed(user: User, bob: Person) -> None:
    good = keep(user.id, utcnow() + HOUR)
    hidden = {
        keep(user.id, utcnow() - HOUR),
        keep(user.id, utcnow() + HOUR, revoked_at=utcnow()),
        keep(bob.id, utcnow() + HOUR),
    }
    made = caller_of(log_in(user))
    hidden -= {one for one in hidden if one not in kept()}  # a log-in clears what has run out
    late = keep(user.id, utcnow() - HOUR)
    found = {one.id: one.current for one in listed(made)}
    assert found[good] is False
    assert found[made.session_id] is True
    assert not found.keys() & (hidden | {late})


def test_what_was_ended_before_keeps_its_time_and_is_told_once(user: User) -> None:
    before = utcnow() - HOUR
    ended, open_one = keep(user.id, utcnow() + HOUR, revoked_at=before), keep(user.id, utcnow())
    which = Session.id.in_([ended, open_one])
    assert sessions.revoke(which, "test") == 1
    db.session.commit()
    assert db.session.get_one(Session, ended).revoked_at == before
    revoked_at = db.session.get_one(Session, open_one).revoked_at
    assert revoked_at is not None
    assert revoked_at > before
    told = select(EventRow.data).where(EventRow.type == "session.revoked")
    (data,) = db.session.scalars(told)
    assert data == {"user_id": user.id, "session_id": open_one, "reason": "test"}


def test_an_end_is_told_by_whom_it_was_and_from_where(user: User, ada: Person) -> None:
    first, second = keep(user.id, utcnow() + HOUR), keep(user.id, utcnow() + HOUR)
    with client_address.assumed("192.0.2.9"):
        sessions.revoke(Session.id == first, "test")
        sessions.revoke(Session.id == second, "test", by=ada.id)
    rows = db.session.scalars(select(EventRow).where(EventRow.type == "session.revoked"))
    found = [(row.data["session_id"], row.actor, row.address) for row in rows]
    assert found == [(first, user.id, "192.0.2.9"), (second, ada.id, "192.0.2.9")]


def test_a_session_has_ended_where_it_was_ended_or_is_gone(user: User) -> None:
    good = keep(user.id, utcnow() + HOUR)
    ended = keep(user.id, utcnow() + HOUR, revoked_at=utcnow())
    assert [sessions.has_ended(one) for one in (good, ended, 10**6)] == [False, True, True]


def test_ended_sessions_go_when_they_have_been_kept_long_enough(user: User) -> None:
    days = timedelta(days=setting("SESSION_RETENTION_DAYS"))
    old, young = keep(user.id, utcnow() - days - HOUR), keep(user.id, utcnow() - days + HOUR)
    assert not sessions.forget()
    assert old not in kept()
    assert young in kept()


def test_where_very_many_ended_the_rest_goes_in_the_next_turn(user: User) -> None:
    old = utcnow() - timedelta(days=setting("SESSION_RETENTION_DAYS")) - HOUR
    row = {"user_id": user.id, "user_agent": "", "address": "", "expires_at": old}
    before = kept()
    db.session.execute(
        db.insert(Session),
        [row | {"token_digest": str(number)} for number in range(ROWS_PER_COMMIT + 1)],
    )
    db.session.commit()
    assert (sessions.forget(), sessions.forget()) == (True, False)
    assert kept() == before


def test_where_ended_sessions_are_kept_for_ever_none_goes(app: Flask, user: User) -> None:
    app.config["SESSION_RETENTION_DAYS"] = 0
    old = keep(user.id, utcnow() - timedelta(days=4000))
    assert sessions.forget() is False
    assert old in kept()


@pytest.mark.parametrize(("days", "left"), [(30, 1), (33, 4), (300, 7), (0, 7)])
def test_a_session_ends_when_it_is_not_used_or_by_its_age(app: Flask, days: int, left: int) -> None:
    app.config["SESSION_DAYS"], app.config["REFRESH_TOKEN_DAYS"] = days, 7
    now = utcnow()
    begun = now - timedelta(days=29)
    assert sessions.expiry(begun, now) == now + timedelta(days=left)


@pytest.mark.parametrize(("days", "old"), [(30, False), (29, True), (1, True), (0, False)])
def test_a_session_is_too_old_by_its_age_alone(app: Flask, days: int, old: bool) -> None:
    app.config["SESSION_DAYS"] = days
    made: Any = SimpleNamespace(created_at=utcnow() - timedelta(days=29, hours=12))
    assert sessions.is_too_old(made) is old
