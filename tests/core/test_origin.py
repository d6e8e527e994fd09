"""From where a request comes is noted in the log, and only there."""

import pytest

from collab.core import client_address
from collab.events import log

from ..conftest import http_for
from ..support.people import ok

FORGED = {"X-Forwarded-For": "203.0.113.9"}


def newest(app):
    with app.app_context():
        return log.read_after(log.last_id() - 1).rows[0]


def test_an_event_has_the_address_of_its_request(app, alice, project):
    alice.tells(project)

    assert newest(app).address == "127.0.0.1"


def test_a_forged_address_is_not_believed(app, alice, project):
    alice.headers = FORGED
    alice.tells(project)

    assert newest(app).address == "127.0.0.1"


def test_a_trusted_proxy_says_from_where(make_app, alice, project):
    app = make_app(TRUSTED_PROXIES="1")
    with http_for(app) as http:
        alice.at(http).post("/events", {"type": "note"}, headers=FORGED)

    assert newest(app).address == "203.0.113.9"


@pytest.mark.parametrize("sent", ["x" * 500, "fe80::1%eth0", "'; DROP TABLE events; --"])
def test_what_a_proxy_says_is_cut_to_an_address_length(make_app, alice, sent):
    app = make_app(TRUSTED_PROXIES="1")
    with http_for(app) as http:
        ok(alice.at(http).post("/events", {"type": "note"}, headers={"X-Forwarded-For": sent}))

    assert newest(app).address == sent[:45]


def test_an_address_ends_with_its_request(alice):
    ok(alice.get("/auth/me"))

    assert client_address.address() is None


def test_what_no_request_did_has_no_address(app, alice, desk):
    alice.submits()
    desk.work()

    row = newest(app)
    assert (row.type, row.address) == ("job.succeeded", None)


def test_an_event_of_a_socket_has_its_address(app, bob, project, connect):
    connect(bob).ask("file_changed", topic=f"project:{project}")

    assert newest(app).address == "127.0.0.1"


def test_readers_are_not_told_from_where(alice, project):
    alice.tells(project)

    for path in ("/events", f"/projects/{project}/activity", "/activity"):
        assert "127.0.0.1" not in alice.get(path, params={"limit": 100}).text
