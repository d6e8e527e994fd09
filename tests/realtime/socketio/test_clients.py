"""What stock clients of Socket.IO see: the names of older workspaces and ours, over each way."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from collab.realtime.transport.live import LIVE

from ...support import history
from ...support.people import Person, ok
from ...support.servers import ProcessServer, ThreadServer
from ...support.waiting import eventually
from .conftest import Clients

WAYS = [("websocket",), ("polling",), ("polling", "websocket")]


@pytest.mark.parametrize("way", WAYS, ids="-".join)
def test_a_client_of_an_older_workspace_works_with_others_over_each_way(
    way: tuple[str, ...],
    standing: Callable[..., ProcessServer],
    clients: Clients,
    alice: Person,
    bob: Person,
    project: int,
) -> None:
    url = standing().url
    for one in (alice, bob):
        assert clients.connect(url, one, *way)["connected"]
    clients.ask("alice", "join-project", project)  # or bob might be there before her
    clients.emit("bob", "join-project", project)
    ((joined,),) = clients.wait("alice", "user-joined")
    clients.emit("alice", "file-change", {"projectId": project, "filePath": "a.py", "content": "1"})
    clients.emit("alice", "cursor-move", {"projectId": project, "filePath": "a.py", "cursor": 7})
    ((changed, _),) = clients.wait("bob", "file-change")
    ((moved,),) = clients.wait("bob", "cursor-move")
    clients.close("bob")
    ((left,),) = clients.wait("alice", "user-left")
    assert joined["userId"] == left["userId"] == bob.id
    assert changed == {"filePath": "a.py", "content": "1", "userId": alice.id}
    assert moved == {"filePath": "a.py", "cursor": 7, "userId": alice.id}
    names = {name for name, *_ in clients.seen("alice")}
    assert names.isdisjoint({"file-change", "cursor-move", "file.changed", "cursor.moved"})


@pytest.mark.parametrize("way", WAYS, ids="-".join)
def test_a_client_that_wants_no_bytes_works_over_each_way(
    way: tuple[str, ...], server: ThreadServer, clients: Clients, bob: Person, project: int
) -> None:
    """As those before 4.8 do in Node, and those of phones."""
    options = {"auth": {"token": bob.token}, "transports": way, "forceBase64": True}
    assert clients.open("bob", server.url, options)["connected"]
    assert clients.ask("bob", "join-project", project)["type"] == "subscribed"


def test_who_is_not_signed_in_is_told_an_authentication_error(
    server: ThreadServer, clients: Clients
) -> None:
    refused = clients.open("nobody", server.url, {"auth": {"token": "forged"}})
    assert refused["connected"] is False
    (refusal,) = refused["refusals"]
    assert (refusal["message"], refusal["data"]["status"]) == ("Authentication error", 401)


def test_a_token_in_a_header_is_taken(server: ThreadServer, clients: Clients, bob: Person) -> None:
    options = {"transports": ["websocket"], "extraHeaders": {"token": bob.token}}
    assert clients.open("bob", server.url, options)["connected"]


def test_an_acknowledgement_says_what_became_of_it(
    server: ThreadServer, clients: Clients, bob: Person, vera: Person, project: int
) -> None:
    for one in (bob, vera):
        clients.connect(server.url, one, "websocket")
    event = {"project_id": project, "payload": {"n": 1}}
    published, refused = (clients.ask(who, "activity", event) for who in ("bob", "vera"))
    assert (published["type"], published["topic"]) == ("published", f"project:{project}")
    assert (refused["type"], refused["status"]) == ("error", 403)
    hers = {"projectId": project, "filePath": "a", "content": ""}
    assert clients.ask("vera", "file-change", hers)["status"] == 403


def test_an_outsider_joins_nothing(
    server: ThreadServer, clients: Clients, charlie: Person, project: int
) -> None:
    clients.connect(server.url, charlie, "websocket")
    assert clients.ask("charlie", "join-project", project)["status"] == 404


def test_nobody_speaks_for_another(
    server: ThreadServer, clients: Clients, alice: Person, bob: Person, project: int
) -> None:
    for one in (alice, bob):
        clients.connect(server.url, one, "websocket", projectId=project)
    payload = {"userId": alice.id, "filePath": "a"}
    clients.ask("bob", "file-change", payload | {"projectId": project})
    clients.ask("bob", "publish", {"event": "file.changed", "payload": payload})
    told = clients.wait("alice", "file-change", 2)
    assert [one["userId"] for one, _ in told] == [bob.id, bob.id]


def test_a_client_that_comes_back_has_missed_nothing(
    server: ThreadServer, clients: Clients, app: Flask, alice: Person, bob: Person, project: int
) -> None:
    topic = f"project:{project}"
    before = history.ids(app, topic)
    first = clients.connect(server.url, alice, "websocket", projectId=project)
    at = bob.at(alice.http)
    bob_publishes(at, project, 3)
    clients.wait("alice", "activity", 3)
    writer = threading.Thread(target=bob_publishes, args=[at, project, 30])
    writer.start()
    back = clients.cut("alice")
    writer.join()
    told = [offset for _, offset in clients.wait("alice", "activity", 33)]
    assert (back["recovered"], back["id"]) == (True, first["id"])
    assert [int(one) for one in told] == [
        one for one in history.ids(app, topic) if one not in before
    ]


def bob_publishes(bob: Person, project: int, count: int) -> None:
    for n in range(count):
        event = {"type": "activity", "project_id": project, "payload": {"n": n}}
        ok(bob.post("/events", json=event))


def test_nothing_is_lost_or_doubled_while_a_client_moves_to_a_websocket(
    server: ThreadServer, clients: Clients, app: Flask, alice: Person, bob: Person, project: int
) -> None:
    topic = f"project:{project}"
    before = history.ids(app, topic)
    writer = threading.Thread(target=bob_publishes, args=[bob, project, 60])
    writer.start()
    clients.connect(server.url, alice, projectId=project, after=before[-1])
    assert clients.upgraded("alice")["transport"] == "websocket"
    writer.join()
    told = [offset for _, offset in clients.wait("alice", "activity", 60)]
    assert [int(one) for one in told] == [
        one for one in history.ids(app, topic) if one not in before
    ]


@pytest.mark.parametrize("way", WAYS[:2], ids="-".join)
def test_who_loses_the_project_is_told_so_and_follows_no_longer(
    way: tuple[str, ...],
    server: ThreadServer,
    clients: Clients,
    alice: Person,
    bob: Person,
    project: int,
) -> None:
    clients.connect(server.url, bob, *way, projectId=project)
    ok(alice.delete(f"/projects/{project}/members/{bob.id}"))
    ((told,),) = clients.wait("bob", "unsubscribed")
    bob_publishes(alice, project, 1)
    server.drain()
    refused = clients.ask("bob", "activity", {"project_id": project, "payload": {}})
    assert (told["reason"], refused["status"]) == ("member.removed", 404)
    assert "activity" not in {name for name, *_ in clients.seen("bob")}


@pytest.mark.parametrize("way", WAYS[:2], ids="-".join)
def test_whose_session_ends_is_disconnected_for_good(
    way: tuple[str, ...], server: ThreadServer, clients: Clients, bob: Person, project: int
) -> None:
    clients.connect(server.url, bob, *way, projectId=project)
    ok(bob.post("/auth/logout-all"))
    ended = clients.ended("bob")
    ((told,),) = clients.wait("bob", "closing")
    assert (ended["ends"], told["code"]) == (["io server disconnect"], 4401)


def test_a_client_comes_back_by_itself_after_a_restart(
    process: Callable[..., ProcessServer], clients: Clients, bob: Person, project: int
) -> None:
    server = process()
    clients.connect(server.url, bob, "websocket", projectId=project)
    server.stop()
    clients.ended("bob")
    server.start()
    again = eventually(lambda: (one := clients.state("bob"))["connected"] and one)
    assert (again["connects"], again["recovered"]) == (2, False)


@pytest.mark.parametrize("way", WAYS, ids="-".join)
def test_a_client_that_leaves_gives_its_place_back(
    way: tuple[str, ...],
    server: ThreadServer,
    clients: Clients,
    app: Flask,
    bob: Person,
    project: int,
) -> None:
    clients.connect(server.url, bob, *way, projectId=project)
    if len(way) == 2:
        clients.upgraded("bob")
    clients.close("bob")
    here = LIVE.of(app)
    eventually(lambda: here.capacity.used == 0 and not here.hub.present(f"project:{project}"))


def test_a_client_that_moved_to_a_websocket_counts_as_its_person_s(
    serve: Callable[..., ThreadServer], clients: Clients, bob: Person, connect: Any
) -> None:
    server = serve(LIVE_PER_PERSON="1")
    clients.connect(server.url, bob, "polling", "websocket")
    clients.upgraded("bob")
    eventually(lambda: LIVE.of(server.app).capacity.used == 1)
    assert "one person may have" in connect(bob, url=server.url).wait_closed().reason


def test_each_event_of_a_burst_comes_once_and_in_order(
    serve: Callable[..., ThreadServer], clients: Clients, alice: Person, bob: Person, project: int
) -> None:
    url = serve(MESSAGE_RATE="100000").url
    for one, way in ((alice, "websocket"), (bob, "polling")):
        clients.connect(url, one, way, projectId=project)
        clients.wait(one.name, "subscribed")
    clients.burst("bob", 600, "activity", {"project_id": project})
    told: list[Any] = clients.wait("alice", "activity", 600)
    assert [one["data"]["n"] for one, _ in told] == list(range(600))
