"""A token that expires on an open connection: a warning, some seconds, then the end."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from ..support.people import Person, ok
from ..support.tokens import token_for

#: Whole seconds are cut from a token's end, so this is one to two.
SOON = timedelta(seconds=2)
#: Seconds that a poll would wait, and those after which it was not the token that ended it.
LONG_S = 30
WELL_BEFORE_S = 25


def short_lived(server: Any, person: Person, life: timedelta = SOON) -> str:
    """Return a token of somebody's session that expires soon."""
    return token_for(server.app, person, life)


@pytest.fixture
def strict(serve: Any) -> Any:
    """Return a server that gives one second to renew a token."""
    return serve(TOKEN_GRACE_SECONDS="1")


@pytest.fixture
def expiring(strict: Any, bob: Person, project: int, connect: Any) -> Any:
    """Return bob's socket, whose token expires soon."""
    return connect(url=strict.url, token=short_lived(strict, bob), project_id=project)


def test_whose_token_expires_is_warned_and_then_closed_with_4401(expiring: Any) -> None:
    assert expiring.expect("token_expired")["seconds_left"] == 1
    assert expiring.wait_closed().code == 4401
    assert [frame["type"] for frame in expiring.seen][-2:] == ["token_expired", "error"]


def test_a_socket_whose_token_is_renewed_in_time_goes_on(
    expiring: Any, strict: Any, bob: Person, connect: Any
) -> None:
    before = connect(url=strict.url, token=short_lived(strict, bob))
    before.ask("auth", token=bob.token)
    expiring.expect("token_expired")
    assert expiring.ask("auth", token=bob.token)["type"] == "authenticated"
    other = connect(url=strict.url, token=short_lived(strict, bob))
    other.wait_closed()  # a second and more has passed
    assert [one.ask("ping")["type"] for one in (expiring, before)] == ["pong", "pong"]
    assert "token_expired" not in [frame["type"] for frame in before.seen]


def test_a_renewed_token_that_expires_is_warned_of_again(
    expiring: Any, strict: Any, bob: Person
) -> None:
    expiring.expect("token_expired")
    assert expiring.ask("auth", token=short_lived(strict, bob))["type"] == "authenticated"
    assert expiring.expect("token_expired")["seconds_left"] == 1


def test_the_token_of_a_refreshed_session_renews(strict: Any, expiring: Any, bob: Person) -> None:
    fresh = ok(bob.post("/auth/refresh", {"refresh_token": bob.refresh_token}))["access_token"]
    assert expiring.ask("auth", token=fresh)["type"] == "authenticated"


def test_events_are_told_between_the_warning_and_the_end(
    serve: Any, alice: Person, bob: Person, project: int, connect: Any, over: Any
) -> None:
    server = serve(TOKEN_GRACE_SECONDS="600")
    socket = connect(url=server.url, token=short_lived(server, bob), project_id=project)
    socket.expect("token_expired")
    told = over(server, alice).tells(project, n=1)
    assert socket.expect("file.changed")["id"] == str(told)


def test_another_sessions_token_is_refused(bob: Person, connect: Any) -> None:
    socket = connect(bob)
    answer = socket.ask("auth", token=bob.logs_in().token)
    assert (answer["type"], answer["status"]) == ("error", 403)


def test_another_persons_token_is_refused(alice: Person, bob: Person, connect: Any) -> None:
    assert connect(bob).ask("auth", token=alice.token)["status"] == 403


def test_a_refused_token_leaves_the_socket_open(alice: Person, bob: Person, connect: Any) -> None:
    socket = connect(bob)
    socket.ask("auth", token=alice.token)
    assert socket.ask("ping")["type"] == "pong"


def test_an_expired_token_does_not_renew(server: Any, bob: Person, connect: Any) -> None:
    socket = connect(bob)
    socket.send("auth", token=short_lived(server, bob, timedelta(seconds=-5)))
    assert socket.wait_closed().code == 4401


def test_an_expired_token_opens_no_socket(server: Any, bob: Person, connect: Any) -> None:
    token = short_lived(server, bob, timedelta(seconds=-5))
    assert connect(token=token).wait_closed().code == 4401


def test_an_expired_token_opens_no_stream(
    server: Any, bob: Person, nobody: Person, follow: Any
) -> None:
    token = short_lived(server, bob, timedelta(seconds=-5))
    assert follow(nobody, token=token).response.status_code == 401


def test_a_stream_ends_when_its_token_expires(
    server: Any, bob: Person, nobody: Person, follow: Any
) -> None:
    stream = follow(nobody, token=short_lived(server, bob))
    last = stream.rest()[-1]
    assert (last.name, last.data["code"]) == ("closing", 4401)


def test_a_socket_that_a_ticket_opened_ends_with_the_token_that_bought_it(
    strict: Any, bob: Person, connect: Any
) -> None:
    bob.token = short_lived(strict, bob)
    ticket = ok(bob.post("/auth/ticket"))["ticket"]
    assert connect(url=strict.url, ticket=ticket).wait_closed().code == 4401


def test_a_stream_that_a_ticket_opened_outlives_the_token_that_bought_it(
    server: Any, alice: Person, bob: Person, nobody: Person, project: int, follow: Any
) -> None:
    bob.token = short_lived(server, bob)
    ticket = ok(bob.post("/auth/ticket"))["ticket"]
    stream = follow(nobody, ticket=ticket, project_id=project)
    assert follow(nobody, token=bob.token).rest()[-1].data["code"] == 4401  # its time is over
    told = alice.tells(project, n=1)
    assert stream.until("file.changed").id == str(told)


def test_a_long_poll_is_answered_when_its_token_expires(
    server: Any, bob: Person, over: Any
) -> None:
    bob.token = short_lived(server, bob)
    query = {"wait": LONG_S, "after": 10**6}
    answer = over(server, bob).get("/events", params=query, timeout=WELL_BEFORE_S)
    assert ok(answer)["items"] == []
