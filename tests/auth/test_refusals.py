"""What was refused is in the audit, and never in the way."""

import threading

import pytest

from collab.auth.refusals import (
    MAX_RECORDED_REFUSALS,
    MAX_SUBJECTS_COUNTED,
    REFUSAL_WINDOW_S,
    Meter,
)
from collab.core.database import take_write_lock
from collab.extensions import db

from ..conftest import http_for
from ..support import databases
from ..support.people import PASSWORD, Person, ok


def refused(ada, kind="access.refused"):
    """Return what the audit has of a type, newest first."""
    return ok(ada.get("/audit", params={"type": kind, "limit": 100}))["items"]


def tries(nobody, email, password="wrong password"):
    return nobody.post("/auth/login", {"email": email, "password": password})


# -- log-ins --------------------------------------------------------------------------------------


def test_a_wrong_password_is_in_the_audit(ada, alice, nobody):
    assert tries(nobody, alice.email).status_code == 401

    (row,) = refused(ada, "login.refused")
    assert row["data"] == {
        "email": alice.email,
        "reason": "wrong e-mail address or password",
        "left_out": 0,
    }
    assert (row["actor"], row["address"], row["topic"]) == (None, "127.0.0.1", "audit")
    assert row["text"].startswith(f"Somebody failed to log in as {alice.email}: wrong")


def test_the_address_is_kept_in_its_one_spelling(ada, nobody):
    tries(nobody, "\uff2eobody.There@Example.com.")

    assert refused(ada, "login.refused")[0]["data"]["email"] == "nobody.there@example.com"


def test_a_disabled_account_is_in_the_audit(ada, bob, nobody):
    ok(ada.patch(f"/users/{bob.id}", {"disabled": True}))
    assert tries(nobody, bob.email, PASSWORD).status_code == 401

    assert refused(ada, "login.refused")[0]["data"]["reason"] == "the account is disabled"


def test_too_many_attempts_are_in_the_audit(make_app, ada, alice):
    app = make_app(AUTH_RATE_LIMIT="2 per minute")
    with http_for(app) as http:
        answers = [tries(Person("nobody", http), alice.email).status_code for _ in range(3)]

    assert answers == [401, 401, 429]
    assert refused(ada, "login.refused")[0]["data"]["reason"] == "too many attempts"


def test_no_password_is_in_the_audit(ada, alice, nobody):
    tries(nobody, alice.email, "a very secret typo")

    assert "typo" not in ada.get("/audit").text


def test_who_logs_in_is_in_the_audit_with_the_address(ada, alice):
    alice.logs_in()

    row = refused(ada, "session.started")[0]
    assert (row["actor"]["id"], row["address"]) == (alice.id, "127.0.0.1")


def test_a_refresh_token_that_is_used_twice_is_in_the_audit(ada, alice, nobody, later):
    body = {"refresh_token": alice.logs_in().refresh_token}
    ok(nobody.post("/auth/refresh", body))
    later(10)
    assert nobody.post("/auth/refresh", body).status_code == 401

    assert refused(ada, "session.revoked")[0]["data"]["reason"] == "refresh token reused"
    assert refused(ada)[0]["data"]["path"] == "/api/v1/auth/refresh"


# -- requests -------------------------------------------------------------------------------------


def test_a_role_that_is_too_low_is_in_the_audit(ada, vera, project):
    assert vera.delete(f"/projects/{project}").status_code == 403

    (row,) = refused(ada)
    assert row["actor"] == {"id": vera.id, "name": "Vera"}
    assert row["data"] == {
        "method": "DELETE",
        "path": f"/api/v1/projects/{project}",
        "status": 403,
        "reason": "Your role here is viewer; this needs owner.",
        "left_out": 0,
    }


def test_a_token_whose_session_has_ended_is_in_the_audit_with_whose_it_is(ada, alice):
    session = alice.logs_in()
    ok(session.post("/auth/logout"))
    assert session.get("/auth/me").status_code == 401

    (row,) = refused(ada)
    assert (row["actor"]["id"], row["data"]["status"]) == (alice.id, 401)


def test_a_token_in_the_address_is_refused_and_not_kept(ada, nobody):
    assert nobody.get("/events/stream", params={"token": "eyJwhat"}).status_code == 401

    (row,) = refused(ada)
    assert (row["actor"], row["data"]["path"]) == (None, "/api/v1/events/stream")
    assert "eyJwhat" not in ada.get("/audit").text


def test_who_sends_no_token_is_not_in_the_audit(ada, nobody):
    assert nobody.get("/auth/me").status_code == 401

    assert refused(ada) == []


def test_what_may_not_be_known_of_is_not_in_the_audit(ada, charlie, project):
    assert charlie.get(f"/projects/{project}").status_code == 404

    assert refused(ada) == []


def test_what_was_refused_is_rolled_back_and_not_committed_with_the_refusal(ada, vera, project):
    vera.post(f"/projects/{project}/workspaces", {"name": "Mine"})

    assert ok(ada.get(f"/projects/{project}/workspaces"))["items"] == []


# -- sockets --------------------------------------------------------------------------------------


def test_a_message_that_was_refused_is_in_the_audit(ada, vera, project, connect):
    socket = connect(vera)
    assert socket.ask("file_changed", topic=f"project:{project}")["status"] == 403

    (row,) = refused(ada)
    assert (row["actor"]["id"], row["address"]) == (vera.id, "127.0.0.1")
    assert (row["data"]["method"], row["data"]["path"]) == (
        "WEBSOCKET",
        f"file_changed project:{project}",
    )


def test_a_refused_message_leaves_those_before_it_alone(ada, bob, project, connect):
    socket = connect(bob)
    socket.send("file_changed", topic=f"project:{project}")
    socket.send("member_added", topic=f"project:{project}")
    socket.expect("error", status=403)

    kept = ok(bob.get(f"/projects/{project}/activity", params={"type": "file.changed"}))["items"]
    assert len(kept) == 1


def test_a_socket_with_a_token_that_is_not_good_is_in_the_audit(ada, connect):
    connect(None, token="eyJwhat").expect("error", status=401)

    assert refused(ada)[0]["data"]["path"] == "/api/v1/ws"


def test_an_admin_sees_refusals_live(ada, vera, project, connect):
    socket = connect(ada)
    assert socket.ask("subscribe", topic="audit")["type"] == "subscribed"

    vera.delete(f"/projects/{project}")

    assert socket.expect("access.refused")["data"]["status"] == 403


def test_nobody_else_follows_the_audit(alice, connect):
    assert connect(alice).ask("subscribe", topic="audit")["status"] == 404


# -- bounds ---------------------------------------------------------------------------------------


def test_a_flood_of_refusals_is_bounded(ada, vera, project):
    for _ in range(MAX_RECORDED_REFUSALS + 5):
        assert vera.delete(f"/projects/{project}").status_code == 403

    assert len(refused(ada)) == MAX_RECORDED_REFUSALS


def test_the_first_after_a_flood_says_how_many_were_left_out():
    now = [0.0]
    meter = Meter(lambda: now[0])
    assert [meter.take("a") for _ in range(MAX_RECORDED_REFUSALS + 3)] == [
        0
    ] * MAX_RECORDED_REFUSALS + [None] * 3

    now[0] += REFUSAL_WINDOW_S

    assert [meter.take("a"), meter.take("a")] == [3, 0]


def test_ones_flood_leaves_room_for_others():
    meter = Meter()
    assert None in [meter.take("a") for _ in range(MAX_RECORDED_REFUSALS + 1)]

    assert meter.take("b") == 0


def test_many_addresses_do_not_fill_the_memory():
    meter = Meter(lambda: 0.0)
    for number in range(3 * MAX_SUBJECTS_COUNTED):
        meter.take(str(number))

    assert len(meter._counts) <= MAX_SUBJECTS_COUNTED


def test_threads_that_are_refused_at_once_are_counted_once_each():
    meter, taken = Meter(), []
    threads = [
        threading.Thread(target=lambda: taken.append([meter.take("a") for _ in range(20)]))
        for _ in range(8)
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join()

    assert sum(one is not None for found in taken for one in found) == MAX_RECORDED_REFUSALS


@pytest.fixture
def full(app):
    """Let the log take no more rows, as a full disk does."""
    with app.app_context(), db.engine.begin() as connection:
        connection.exec_driver_sql(
            databases.trigger("no_room", "BEFORE INSERT", "events", databases.REFUSE)
        )


@pytest.mark.usefixtures("full")
def test_a_refusal_that_can_not_be_recorded_is_answered_as_ever(nobody, alice, vera):
    assert tries(nobody, alice.email).status_code == 401
    assert vera.get("/users").status_code == 403


def test_a_refusal_under_a_lock_gives_the_lock_back(app, vera, project, bob):
    vera.delete(f"/projects/{project}")
    with app.app_context():
        take_write_lock()
        db.session.rollback()

    told = bob.tells(project)
    newest = ok(bob.get(f"/events?topic=project:{project}"))["items"][-1]
    assert newest["id"] == str(told)


def test_a_flood_from_one_ipv6_network_is_bounded_as_one(make_app, ada):
    with http_for(make_app(TRUSTED_PROXIES="1")) as http:
        for number in range(MAX_RECORDED_REFUSALS + 5):
            from_there = {
                "X-Forwarded-For": f"2001:db8::{number:x}",
                "Authorization": "Bearer none",
            }
            http.get("/api/v1/auth/me", headers=from_there)

        assert len(refused(ada.at(http))) == MAX_RECORDED_REFUSALS
