"""What becomes of rights on open connections, case by case."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from collab.realtime.transport.live import LIVE

from ..support import history
from ..support.people import Person, ok
from ..support.readers import Poller
from ..support.streams import Stream
from ..support.waiting import eventually


def changes_role(alice: Person, project: int, person: Person, role: str) -> None:
    ok(alice.patch(f"/projects/{project}/members/{person.id}", {"role": role}))


def removes(alice: Person, project: int, person: Person) -> None:
    ok(alice.delete(f"/projects/{project}/members/{person.id}"))


# -- demotion -------------------------------------------------------------------------------------


def test_a_demoted_members_next_write_on_the_open_socket_is_refused(
    alice: Person, bob: Person, project: int, connect: Any
) -> None:
    socket = connect(bob, project_id=project)
    assert socket.ask("file_changed", payload={})["type"] == "published"
    changes_role(alice, project, bob, "viewer")
    refused = socket.ask("file_changed", payload={})
    assert (refused["type"], refused["status"]) == ("error", 403)


def test_a_demoted_members_next_signal_on_the_open_socket_is_refused(
    alice: Person, bob: Person, project: int, connect: Any
) -> None:
    socket = connect(bob, project_id=project)
    assert socket.ask("typing", payload={})["type"] == "published"
    changes_role(alice, project, bob, "viewer")
    assert socket.ask("typing", payload={})["status"] == 403


def test_a_demoted_member_goes_on_following(
    alice: Person, bob: Person, project: int, connect: Any
) -> None:
    socket = connect(bob, project_id=project)
    socket.expect("subscribed")
    changes_role(alice, project, bob, "viewer")
    told = alice.tells(project, n=1)
    assert socket.expect("file.changed")["id"] == str(told)


def test_a_promoted_member_writes_on_the_open_socket(
    alice: Person, vera: Person, project: int, connect: Any
) -> None:
    socket = connect(vera, project_id=project)
    assert socket.ask("file_changed", payload={})["status"] == 403
    changes_role(alice, project, vera, "collaborator")
    assert socket.ask("file_changed", payload={})["type"] == "published"


def test_a_removed_members_write_on_the_open_socket_is_refused_like_an_outsiders(
    alice: Person, bob: Person, project: int, connect: Any
) -> None:
    socket = connect(bob, project_id=project)
    socket.flush()
    removes(alice, project, bob)
    assert socket.ask("file_changed", topic=f"project:{project}", payload={})["status"] == 404


def test_a_disabled_persons_write_on_the_open_socket_leaves_no_row(
    ada: Person, bob: Person, project: int, app: Flask, connect: Any
) -> None:
    socket = connect(bob, project_id=project)
    socket.flush()
    ok(ada.patch(f"/users/{bob.id}", {"disabled": True}))
    before = history.ids(app)
    socket.send("file_changed", payload={})
    socket.wait_closed()
    assert history.ids(app) == before


# -- removal --------------------------------------------------------------------------------------


def test_a_removed_member_is_no_longer_present(
    alice: Person, bob: Person, project: int, connect: Any
) -> None:
    watching = connect(alice, project_id=project)
    watching.flush()
    connect(bob, project_id=project).flush()
    removes(alice, project, bob)
    watching.expect("user.left")
    present = ok(alice.get("/presence", params={"project_id": project}))["items"]
    assert [one["user_id"] for one in present] == [alice.id]


def test_a_removed_member_cannot_subscribe_again(
    alice: Person, bob: Person, project: int, connect: Any
) -> None:
    socket = connect(bob, project_id=project)
    socket.flush()
    removes(alice, project, bob)
    assert socket.ask("subscribe", project_id=project)["status"] == 404


def test_a_member_who_was_removed_and_added_again_follows_on_the_same_socket(
    alice: Person, bob: Person, project: int, connect: Any, server: Any
) -> None:
    socket = connect(bob, project_id=project)
    socket.expect("subscribed")
    removes(alice, project, bob)
    last = socket.expect("unsubscribed") and int(socket.events()[-1]["id"])
    server.drain()
    alice.invites(project, bob.email, "viewer")
    assert socket.ask("subscribe", project_id=project, after=last)["type"] == "subscribed"
    assert socket.expect("member.added")["data"]["user_id"] == bob.id


def test_a_removed_member_loses_the_topics_of_workspaces_too(
    alice: Person, bob: Person, project: int, connect: Any
) -> None:
    workspace = alice.makes_workspace(project)
    socket = connect(bob, topic=f"workspace:{workspace}")
    socket.expect("subscribed")
    removes(alice, project, bob)
    assert socket.expect("unsubscribed")["topic"] == f"workspace:{workspace}"


def test_others_go_on_when_somebody_is_removed(
    alice: Person, bob: Person, vera: Person, project: int, connect: Any
) -> None:
    socket = connect(vera, project_id=project)
    socket.expect("subscribed")
    removes(alice, project, bob)
    told = alice.tells(project, n=1)
    assert socket.expect("file.changed")["id"] == str(told)


def test_a_deleted_workspaces_topic_ends_and_the_projects_goes_on(
    alice: Person, bob: Person, project: int, connect: Any
) -> None:
    workspace = alice.makes_workspace(project)
    socket = connect(bob, topic=f"workspace:{workspace}", project_id=project)
    socket.expect("subscribed", topic=f"project:{project}")
    ok(alice.delete(f"/workspaces/{workspace}"))
    ended = socket.expect("unsubscribed")
    told = alice.tells(project, n=1)
    socket.expect("file.changed", id=str(told))
    assert (ended["topic"], ended["reason"]) == (f"workspace:{workspace}", "workspace.deleted")


def test_a_stream_of_a_deleted_workspace_ends(
    alice: Person, bob: Person, project: int, follow: Any
) -> None:
    workspace = alice.makes_workspace(project)
    stream = follow(bob, topic=f"workspace:{workspace}")
    stream.until("subscribed")
    ok(alice.delete(f"/workspaces/{workspace}"))
    assert endings(stream) == ["unsubscribed", "closing"]


def endings(stream: Stream) -> list[str]:
    """Read a stream to its end and return what it told of itself."""
    return [sent.name for sent in stream.rest() if sent.name != "message"]


# -- an admin's rights ----------------------------------------------------------------------------


@pytest.fixture
def second_admin(ada: Person, charlie: Person, server: Any) -> Person:
    """Return an admin who is a member of nothing."""
    ok(ada.patch(f"/users/{charlie.id}", {"role": "admin"}))
    server.drain()  # what changed the role ends connections too
    return charlie


def test_an_admin_who_loses_the_role_loses_the_socket_on_anybodys_project(
    ada: Person, second_admin: Person, project: int, connect: Any
) -> None:
    socket = connect(second_admin, project_id=project)
    socket.expect("subscribed")
    ok(ada.patch(f"/users/{second_admin.id}", {"role": "user"}))
    assert socket.wait_closed().code == 4503


def test_an_admin_who_loses_the_role_loses_the_stream_of_anybodys_project(
    ada: Person, second_admin: Person, project: int, follow: Any, server: Any
) -> None:
    stream = follow(second_admin, project_id=project)
    stream.until("subscribed")
    ok(ada.patch(f"/users/{second_admin.id}", {"role": "user"}))
    assert endings(stream) == ["closing"]


def test_an_admin_who_loses_the_role_loses_the_long_poll_of_anybodys_project(
    ada: Person, second_admin: Person, project: int, app: Flask, over: Any, server: Any
) -> None:
    with Poller(over(server, second_admin), project, history.ids(app)[-1]) as poller:
        eventually(lambda: LIVE.of(app).capacity.used)
        ok(ada.patch(f"/users/{second_admin.id}", {"role": "user"}))
    assert poller.refused == 404


# -- tokens over REST -----------------------------------------------------------------------------


def test_a_disabled_persons_access_token_is_refused_at_once(ada: Person, bob: Person) -> None:
    ok(ada.patch(f"/users/{bob.id}", {"disabled": True}))
    assert bob.get("/auth/me").status_code == 401


def test_a_disabled_persons_ticket_is_refused(ada: Person, bob: Person, connect: Any) -> None:
    ticket = ok(bob.post("/auth/ticket"))["ticket"]
    ok(ada.patch(f"/users/{bob.id}", {"disabled": True}))
    assert connect(ticket=ticket).wait_closed().code == 4401
