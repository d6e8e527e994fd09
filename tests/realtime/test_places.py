"""Places for live connections are limited, and every one that is taken is given back."""

from __future__ import annotations

from functools import partial
from typing import Any

import httpx
import pytest

from collab.core.errors import Unavailable
from collab.realtime.transport.live import LIVE
from collab.realtime.transport.places import MAX_LINGERING, Capacity, Limits

from ..support.each import each
from ..support.people import Person, ok
from ..support.raw import RawSocket
from ..support.servers import PLAIN
from ..support.waiting import eventually
from .test_handshake import knock


@pytest.fixture
def crowded(serve: Any) -> Any:
    """Return a server with one place, which looks every second whether its reader is there."""
    return serve(SOCKET_LIMIT="1", PING_SECONDS="1")


@pytest.fixture
def full(crowded: Any, alice: Person, connect: Any) -> Any:
    """Return that server, its place taken by alice."""
    connect(alice, url=crowded.url).flush()
    return crowded


@pytest.fixture
def limits() -> Capacity:
    """Return two places, both of which one person may have."""
    return Capacity(Limits(all=2, person=2, address=10))


def places_taken(server: Any) -> int:
    found: int = LIVE.of(server.app).capacity.used
    return found


def all_given_back(server: Any) -> bool:
    return bool(eventually(lambda: places_taken(server) == 0))


# -- when all are taken ---------------------------------------------------------------------------


def test_a_full_server_refuses_a_socket_before_the_handshake(full: Any) -> None:
    assert knock(full.url).status_code == 503


def test_a_full_server_refuses_a_stream(full: Any, bob: Person, follow: Any) -> None:
    assert follow(bob, url=full.url).response.status_code == 503


def test_a_full_server_refuses_a_long_poll(full: Any, bob: Person, over: Any) -> None:
    assert over(full, bob).get("/events", params={"wait": 1}).status_code == 503


def test_a_full_server_says_when_to_come_again(full: Any) -> None:
    assert int(knock(full.url).headers["Retry-After"]) > 0


def test_a_full_server_goes_on_answering_requests(full: Any, bob: Person, over: Any) -> None:
    assert over(full, bob).get("/projects").status_code == 200


# -- given back -----------------------------------------------------------------------------------


def test_a_closed_socket_gives_its_place_back(crowded: Any, bob: Person, connect: Any) -> None:
    socket = connect(bob, url=crowded.url)
    socket.flush()
    socket.close()
    assert all_given_back(crowded)


def test_a_socket_that_vanished_gives_its_place_back(crowded: Any, bob: Person) -> None:
    RawSocket(crowded.url, token=bob.token).vanish()
    assert all_given_back(crowded)


def test_a_socket_that_was_refused_gives_its_place_back(crowded: Any, connect: Any) -> None:
    connect(token="nonsense", url=crowded.url).wait_closed()
    assert all_given_back(crowded)


@each(
    [
        {"Sec_WebSocket_Key": None},
        {"Sec_WebSocket_Version": "8"},
        {"Connection": None},
        {"Upgrade": None},
    ]
)
def test_a_failed_handshake_gives_its_place_back(headers: dict[str, Any], *, crowded: Any) -> None:
    assert knock(crowded.url, **headers).status_code in (400, 426)
    assert all_given_back(crowded)


def test_a_stream_whose_reader_left_gives_its_place_back(
    crowded: Any, bob: Person, follow: Any
) -> None:
    stream = follow(bob, url=crowded.url)
    stream.until("subscribed")
    stream.close()
    assert all_given_back(crowded)


def test_a_stream_that_was_asked_for_with_head_gives_its_place_back(
    crowded: Any, bob: Person, over: Any
) -> None:
    answer = over(crowded, bob).request("HEAD", "/events/stream")
    assert answer.status_code == 200
    assert all_given_back(crowded)


@each([{"topic": "project:999"}, {"topic": ""}, {"after": -1}])
def test_a_refused_stream_gives_its_place_back(
    query: dict[str, Any], *, crowded: Any, bob: Person, over: Any
) -> None:
    assert over(crowded, bob).get("/events/stream", params=query).status_code in (404, 422)
    assert all_given_back(crowded)


def test_a_stream_of_an_expired_ticket_gives_its_place_back(crowded: Any) -> None:
    answer = httpx.get(f"{crowded.url}/api/v1/events/stream", params={"ticket": "used"}, **PLAIN)
    assert answer.status_code == 401
    assert all_given_back(crowded)


@each([{"topic": "project:999"}, {"topic": "nothing"}, {}])
def test_a_long_poll_gives_its_place_back(
    query: dict[str, Any], *, crowded: Any, bob: Person, over: Any
) -> None:
    over(crowded, bob).get("/events", params=query | {"wait": 1, "after": 10**6})
    assert all_given_back(crowded)


def test_a_connection_that_ends_inside_the_handshake_gives_its_place_back(
    crowded: Any, bob: Person, over: Any
) -> None:
    for _ in range(20):
        RawSocket(crowded.url, path="/ws", wait=False).vanish()
    assert ok(over(crowded, bob).get("/auth/me"))["id"] == bob.id
    assert all_given_back(crowded)


def test_a_socket_that_was_refused_has_no_place_while_its_peer_says_nothing(
    serve: Any, alice: Person, bob: Person, connect: Any
) -> None:
    server = serve(SOCKET_LIMIT="2", LIVE_PER_PERSON="1")
    connect(bob, url=server.url).flush()
    with RawSocket(server.url, token=bob.token) as refused:
        assert refused.until_closed()[1] == 1013
        eventually(lambda: places_taken(server) == 1)
        assert LIVE.of(server.app).capacity.lingering == 1
        connect(alice, url=server.url).flush()
    eventually(lambda: not LIVE.of(server.app).capacity.lingering)
    assert places_taken(server) == 2


def test_a_socket_that_is_closed_from_here_has_no_place_while_its_peer_says_nothing(
    serve: Any, bob: Person
) -> None:
    server = serve(SOCKET_LIMIT="1")  # with pings far apart: this peer answers none
    with RawSocket(server.url, token=bob.token) as shut:
        shut.send("ping")
        shut.receive()
        ok(bob.post("/auth/logout"))
        assert shut.until_closed()[1] == 4401
        eventually(lambda: places_taken(server) == 0)
        assert LIVE.of(server.app).capacity.lingering == 1


def test_only_so_many_linger_without_a_place() -> None:
    capacity = Capacity(Limits(all=10_000, person=10_000, address=10_000))
    seats = [capacity.take("a", door="socket") for _ in range(MAX_LINGERING + 1)]
    assert [seat.linger() for seat in seats] == [True] * MAX_LINGERING + [False]
    assert (capacity.used, capacity.lingering) == (0, MAX_LINGERING)
    for seat in seats:
        seat.end()
        seat.end()
    assert (capacity.used, capacity.lingering) == (0, 0)


# -- strangers ------------------------------------------------------------------------------------


def test_strangers_keep_nobody_out(crowded: Any, alice: Person, connect: Any) -> None:
    stranger = connect(url=crowded.url)
    connect(alice, url=crowded.url).flush()
    closed = stranger.wait_closed()
    assert (closed.code, "sign in" in closed.reason) == (1013, True)


def test_strangers_of_socket_io_keep_nobody_out(
    crowded: Any, alice: Person, connect: Any, over: Any
) -> None:
    http = over(crowded, alice).http
    opened = http.get("/socket.io/", params={"EIO": "4", "transport": "polling"})
    assert opened.status_code == 200
    connect(alice, url=crowded.url).flush()
    assert places_taken(crowded) == 1


def test_the_stranger_who_came_first_makes_room(limits: Capacity) -> None:
    told: list[str] = []
    for name in ("first", "second"):
        limits.take("a", door="socket").when_left(partial(told.append, name))
    limits.take("b", door="socket")
    assert (told, limits.used) == (["first"], 2)


def test_who_is_known_makes_no_room(limits: Capacity) -> None:
    limits.take("a", 1, door="socket")
    limits.take("a", door="socket").belongs_to(2)
    with pytest.raises(Unavailable):
        limits.take("b", 3, door="socket")


def test_who_has_made_room_is_nobody_s_place_any_more(limits: Capacity) -> None:
    gone, _ = (limits.take("a", door="socket") for _ in range(2))
    gone.when_left(lambda: None)
    limits.take("b", 1, door="socket")
    with pytest.raises(Unavailable):
        gone.belongs_to(2)
    gone.end()
    assert limits.used == 2


def test_who_is_being_looked_up_makes_no_room(limits: Capacity) -> None:
    comes, waits = (limits.take("a", door="socket") for _ in range(2))
    told: list[str] = []
    waits.when_left(lambda: told.append("waits"))
    limits.take("b", door="socket")
    with pytest.raises(Unavailable):
        limits.take("b", door="socket")
    comes.belongs_to(1)
    comes.when_left(lambda: told.append("known"))
    with pytest.raises(Unavailable):
        limits.take("b", door="socket")
    assert (told, comes.given_back, waits.given_back) == (["waits"], False, True)


def test_who_has_left_makes_room_for_nobody(limits: Capacity) -> None:
    gone = limits.take("a", door="socket")
    gone.give_back()
    gone.when_left(lambda: None)
    limits.take("b", 1, door="socket")
    limits.take("b", 1, door="socket")
    with pytest.raises(Unavailable):
        limits.take("b", 2, door="socket")
    assert limits.used == 2


@pytest.mark.parametrize("known_before", [True, False])
def test_who_goes_on_in_another_place_is_counted_there(
    limits: Capacity, known_before: bool
) -> None:
    before, after = (limits.take("a", door="socketio") for _ in range(2))
    if known_before:
        before.belongs_to(1)
    before.pass_on(after)
    if not known_before:
        before.belongs_to(1)
    before.end()
    assert (after.user_id, limits.used) == (1, 1)


# -- one person, one address ----------------------------------------------------------------------


@pytest.fixture
def shared(serve: Any) -> Any:
    """Return a server where a person may have two places of many."""
    return serve(LIVE_PER_PERSON="2")


def test_one_person_cannot_take_all_places(
    shared: Any, alice: Person, bob: Person, connect: Any, follow: Any, over: Any
) -> None:
    for _ in range(2):
        connect(bob, url=shared.url).flush()
    closed = connect(bob, url=shared.url).wait_closed()
    assert (closed.code, "one person may have" in closed.reason) == (1013, True)
    assert follow(bob, url=shared.url).response.status_code == 429
    assert over(shared, bob).get("/events", params={"wait": 1}).status_code == 429
    connect(alice, url=shared.url).flush()


def test_who_signs_in_by_a_message_is_counted_too(shared: Any, bob: Person, connect: Any) -> None:
    for _ in range(2):
        connect(bob, url=shared.url).flush()
    late = connect(url=shared.url)
    late.send("auth", token=bob.token)
    assert late.wait_closed().code == 1013


def test_a_person_who_gives_a_place_back_may_take_another(
    shared: Any, bob: Person, connect: Any
) -> None:
    for _ in range(4):
        socket = connect(bob, url=shared.url)
        socket.flush()
        socket.close()
        assert all_given_back(shared)


def test_one_address_cannot_take_all_places(serve: Any, bob: Person, connect: Any) -> None:
    server = serve(LIVE_PER_ADDRESS="1")
    connect(bob, url=server.url).flush()
    refused = knock(server.url)
    assert (refused.status_code, "one address may have" in refused.text) == (429, True)
