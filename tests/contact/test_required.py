"""Where addresses must be verified, people see to their account alone until theirs is."""

import pytest

from collab.auth.models import User
from collab.core.models import utcnow
from collab.extensions import db

from ..support.people import ok
from ..support.sockets import Socket


@pytest.fixture
def strict(app):
    """Let addresses have to be verified; only alice's is."""
    with app.app_context():
        db.session.query(User).filter_by(email="alice@example.com").update(
            {"email_verified_at": utcnow()}
        )
        db.session.commit()
    app.config["REQUIRE_VERIFIED_EMAIL"] = True
    return app


@pytest.mark.usefixtures("strict")
def test_who_is_not_verified_sees_to_their_account_alone(bob, alice):
    for path in ("/tasks", "/projects", "/events?topic=posts", "/jobs", "/search?q=x"):
        refused = bob.get(path)
        assert (refused.status_code, refused.json()["type"]) == (
            403,
            "/problems/address-not-verified",
        ), path
        assert alice.get(path).status_code == 200
    assert bob.post("/tasks", {"title": "x"}).status_code == 403
    assert ok(bob.get("/auth/me"))["email_verified"] is False
    assert bob.get("/auth/sessions").status_code == 200
    assert bob.post("/auth/verification").status_code == 202
    assert bob.post("/auth/logout").status_code == 204


def test_no_socket_and_no_ticket_lets_them_in(strict, server, over, bob, alice):
    bob, alice = over(server, bob), over(server, alice)
    ticket = ok(bob.post("/auth/ticket"))["ticket"]
    for query in ({"token": bob.token}, {"ticket": ticket}):
        with Socket(server.url, **query) as refused:
            assert refused.wait_closed().code == 4403
    with Socket(server.url, token=alice.token) as socket:
        assert socket.ask("ping")["type"] == "pong"


@pytest.mark.usefixtures("strict")
def test_the_link_opens_the_rest(token, dora, nobody):
    assert dora.get("/tasks").status_code == 403
    ok(nobody.post("/auth/verification/confirm", {"token": token()}))
    assert dora.get("/tasks").status_code == 200


def test_ordinarily_nobody_has_to(bob):
    assert bob.get("/tasks").status_code == 200
