"""Refusals as rows: under which words they are kept, of whom they are counted, what they leave."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask, g
from sqlalchemy import select

from collab.auth import refusals
from collab.auth.factors.proofs import ProofRefused
from collab.auth.models import User
from collab.auth.refusals import (
    MAX_EMAIL_LENGTH,
    MAX_REASON_LENGTH,
    MAX_RECORDED_REFUSALS,
    MAX_SUBJECTS_COUNTED,
    METER,
    OF_SECOND_STEP,
    REFUSAL_WINDOW_S,
    Meter,
)
from collab.auth.sessions import Disabled
from collab.core import client_address
from collab.core.caller import Caller, act_as, acting
from collab.core.errors import ApiError, Forbidden, NotFound, TooManyRequests, Unauthorized
from collab.core.models import utcnow
from collab.events.models import EventRow
from collab.extensions import db

from ..support import databases
from ..support.people import Person


@pytest.fixture(autouse=True)
def asked(app: Flask) -> Iterator[None]:
    """Be in a request from an address."""
    with (
        app.test_request_context("/some/path", method="POST"),
        client_address.assumed("2001:db8:1:2::7"),
    ):
        yield


def newest() -> Any:
    """Return the newest row, as others see it."""
    db.session.rollback()
    return db.session.scalar(select(EventRow).order_by(EventRow.id.desc()).limit(1))


class Kinds(ApiError):
    """An error of some kind."""

    status = 401


def of_kind(kind: str) -> ApiError:
    made = Kinds()
    made.kind = kind
    return made


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (Unauthorized(), "wrong e-mail address or password"),
        (Disabled(), "the account is disabled"),
        (TooManyRequests(), "too many attempts"),
        (ProofRefused(), "the proof or challenge has expired or was used"),
        *((of_kind(kind), reason) for kind, reason in OF_SECOND_STEP.items()),
    ],
)
def test_why_a_log_in_failed_is_told_in_words(error: ApiError, reason: str) -> None:
    refusals.log_in("Alice@example.com", error)
    row = newest()
    assert (row.type, row.actor, row.address) == ("login.refused", None, "2001:db8:1:2::7")
    assert row.data == {"email": "alice@example.com", "reason": reason, "left_out": 0}


def test_what_is_typed_is_kept_up_to_a_bound() -> None:
    refusals.log_in("x" * (MAX_EMAIL_LENGTH + 1), Unauthorized())
    assert newest().data["email"] == "x" * MAX_EMAIL_LENGTH


def test_an_access_is_kept_with_whose_it_was_and_bounded_words(alice: Person) -> None:
    much = "x" * (MAX_REASON_LENGTH + 1)
    refusals.access(alice.id, "PATCH", "/" + much, Forbidden(much))
    row = newest()
    assert (row.type, row.actor) == ("access.refused", alice.id)
    assert row.data == {
        "method": "PATCH",
        "path": "/" + "x" * (MAX_REASON_LENGTH - 1),
        "status": 403,
        "reason": "x" * MAX_REASON_LENGTH,
        "left_out": 0,
    }


@pytest.mark.parametrize("claimed", [True, False])
def test_a_bad_token_is_kept_under_whom_it_names(alice: Person, claimed: bool) -> None:
    if claimed:
        g.claimed = alice.id
    refusals.token("PUT", "/there", Unauthorized("Not good."))
    row = newest()
    assert row.actor == (alice.id if claimed else None)
    kept = [row.data[name] for name in ("method", "path", "status", "reason")]
    assert kept == ["PUT", "/there", 401, "Not good."]


# -- how many -------------------------------------------------------------------------------------


def recorded(key: str) -> int:
    """Return how many refusals are counted under a key."""
    found = METER.here()._counts.get(key)
    return found.recorded if found else 0


def test_people_are_counted_by_themselves_and_strangers_by_their_network(alice: Person) -> None:
    refusals.access(alice.id, "GET", "/", Forbidden())
    refusals.log_in("a@example.com", Unauthorized())
    with client_address.assumed("2001:db8:1:2::8"):
        refusals.log_in("a@example.com", Unauthorized())
    assert recorded(f"user:{alice.id}") == 1
    assert recorded("address:2001:db8:1:2::/64") == 2
    assert len(METER.here()._counts) == 2


def test_what_is_too_much_writes_nothing_and_is_told_with_the_next(alice: Person) -> None:
    for _ in range(MAX_RECORDED_REFUSALS + 2):
        refusals.access(alice.id, "GET", "/", Forbidden())
    before = newest().id
    refusals.access(alice.id, "GET", "/", Forbidden())
    assert newest().id == before
    METER.here()._counts[f"user:{alice.id}"].since -= REFUSAL_WINDOW_S
    refusals.access(alice.id, "GET", "/", Forbidden())
    assert newest().data["left_out"] == 3


def test_a_window_ends_at_its_time_and_not_before() -> None:
    now = [0.0]
    meter = Meter(lambda: now[0])
    for _ in range(MAX_RECORDED_REFUSALS):
        meter.take("a")
    now[0] = REFUSAL_WINDOW_S - 1
    assert meter.take("a") is None
    now[0] = REFUSAL_WINDOW_S
    assert [meter.take("a") for _ in range(MAX_RECORDED_REFUSALS + 1)] == [
        1,
        *[0] * (MAX_RECORDED_REFUSALS - 1),
        None,
    ]


def test_when_too_many_are_counted_those_whose_window_is_over_are_forgotten() -> None:
    now = [0.0]
    meter = Meter(lambda: now[0])
    meter.take("old")
    now[0] = 1.0
    for number in range(MAX_SUBJECTS_COUNTED - 1):
        meter.take(str(number))
    now[0] = REFUSAL_WINDOW_S
    meter.take("new")
    assert len(meter._counts) == MAX_SUBJECTS_COUNTED
    assert "old" not in meter._counts


def test_when_all_windows_are_young_counting_starts_over() -> None:
    meter = Meter(lambda: 0.0)
    for number in range(MAX_SUBJECTS_COUNTED):
        meter.take(str(number))
    assert len(meter._counts) == MAX_SUBJECTS_COUNTED
    meter.take("new")
    assert list(meter._counts) == ["new"]


# -- what they leave ------------------------------------------------------------------------------


def test_what_was_refused_is_rolled_back_and_nobody_acts(alice: Person) -> None:
    db.session.get_one(User, alice.id).name = "Changed"
    db.session.flush()
    act_as(Caller(alice.id, 1, "Alice", alice.email, False, utcnow()))
    refusals.access(alice.id, "GET", "/", Forbidden())
    assert acting() is None
    assert newest().type == "access.refused", "though that person's session has ended"
    assert db.session.get_one(User, alice.id).name == "Alice"


def test_a_refusal_that_can_not_be_kept_is_in_the_log_and_leaves_nothing_open(
    app: Flask, alice: Person, caplog: pytest.LogCaptureFixture
) -> None:
    with db.engine.begin() as connection:
        refuse = databases.trigger("no_room", "BEFORE INSERT", "events", databases.REFUSE)
        connection.exec_driver_sql(refuse)
    with caplog.at_level("WARNING", refusals.logger.name):
        refusals.access(alice.id, "GET", "/", Forbidden())
    assert "a refusal could not be recorded: (" in caplog.text
    assert not db.session().in_transaction()


# -- which answers are refusals -------------------------------------------------------------------


def answered(app: Flask, error: ApiError | None, status: int, **about: Any) -> bool:
    """Return whether an answer leaves a refusal."""
    before = getattr(newest(), "id", 0)
    g.answered_with = error
    for name, value in about.items():
        setattr(g, name, value)
    response = app.make_response(("", status))
    assert refusals._note(response) is response
    row = newest()
    return getattr(row, "id", 0) > before and row.type == "access.refused"


def test_what_is_forbidden_to_somebody_is_one(app: Flask, alice: Person) -> None:
    who = Caller(alice.id, 1, "Alice", alice.email, False, utcnow())
    assert answered(app, Forbidden(), 403, caller=who)
    row = newest()
    assert (row.actor, row.data["method"], row.data["path"]) == (alice.id, "POST", "/some/path")


def test_a_path_is_kept_as_it_was_sent(app: Flask, alice: Person) -> None:
    who = Caller(alice.id, 1, "Alice", alice.email, False, utcnow())
    with app.test_request_context("/a%20b"):
        assert answered(app, Forbidden(), 403, caller=who)
    assert newest().data["path"] == "/a%20b"


@pytest.mark.parametrize(("error", "status"), [(Unauthorized(), 401), (Forbidden(), 403)])
def test_a_token_that_was_sent_and_is_not_good_is_one(
    app: Flask, error: ApiError, status: int
) -> None:
    assert answered(app, error, status, refusal=error, caller=None)
    assert newest().data["method"] == "POST"


def test_who_sends_no_token_is_merely_not_signed_in(app: Flask) -> None:
    assert not answered(app, Unauthorized(), 401, caller=None)


def test_what_is_not_found_is_none(app: Flask, alice: Person) -> None:
    error = NotFound()
    assert not answered(app, error, 404, refusal=error)


def test_an_error_that_became_another_answer_is_none(app: Flask) -> None:
    error = Unauthorized()
    assert not answered(app, error, 200, refusal=error, caller=None)


def test_a_good_answer_is_none(app: Flask) -> None:
    assert not answered(app, None, 403, caller=None)


def test_a_bad_refresh_token_is_one(app: Flask) -> None:
    with app.test_request_context("/api/v1/auth/refresh", method="POST"):
        assert answered(app, Unauthorized(), 401, caller=None)
