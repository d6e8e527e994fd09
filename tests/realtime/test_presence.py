"""Who is present in a topic, and how it is told."""

from __future__ import annotations

from typing import Any

from ..support.each import each
from ..support.people import Person, ok


def test_nobody_is_present_where_nobody_follows(alice: Person, project: int) -> None:
    answer = ok(alice.get("/presence", params={"project_id": project}))
    assert answer == {"topic": f"project:{project}", "items": []}


def test_who_follows_a_project_is_present(
    alice: Person, bob: Person, project: int, connect: Any
) -> None:
    connect(bob, project_id=project).expect("subscribed")
    answer = ok(alice.get("/presence", params={"project_id": project}))
    assert answer["items"] == [{"user_id": bob.id, "name": "Bob"}]


def test_who_reads_a_stream_is_present(
    alice: Person, bob: Person, project: int, follow: Any
) -> None:
    follow(bob, project_id=project).until("subscribed")
    answer = ok(alice.get("/presence", params={"topic": f"project:{project}"}))
    assert [one["name"] for one in answer["items"]] == ["Bob"]


def test_a_viewer_is_present_too(alice: Person, vera: Person, project: int, connect: Any) -> None:
    connect(vera, project_id=project).expect("subscribed")
    items = ok(alice.get("/presence", params={"project_id": project}))["items"]
    assert [one["name"] for one in items] == ["Vera"]


def test_who_only_publishes_is_not_present(
    alice: Person, bob: Person, project: int, connect: Any
) -> None:
    connect(bob).ask("activity", project_id=project, payload={})
    assert ok(alice.get("/presence", params={"project_id": project}))["items"] == []


def test_presence_in_a_workspace_is_the_workspaces_own(
    alice: Person, bob: Person, project: int, connect: Any
) -> None:
    workspace = alice.makes_workspace(project)
    connect(bob, topic=f"workspace:{workspace}").expect("subscribed")
    there = ok(alice.get("/presence", params={"topic": f"workspace:{workspace}"}))["items"]
    above = ok(alice.get("/presence", params={"project_id": project}))["items"]
    assert (len(there), len(above)) == (1, 0)


@each(["project:999", "nothing", "user:1", "project:0"])
def test_presence_where_one_may_not_look_is_not_there(topic: str, *, charlie: Person) -> None:
    assert charlie.get("/presence", params={"topic": topic}).status_code == 404


def test_presence_without_a_topic_is_ones_own(bob: Person, connect: Any) -> None:
    connect(bob, topic=f"user:{bob.id}").expect("subscribed")
    answer = ok(bob.get("/presence"))
    assert (answer["topic"], len(answer["items"])) == (f"user:{bob.id}", 1)


def test_a_joining_person_is_told_by_name(
    alice: Person, bob: Person, project: int, connect: Any
) -> None:
    watching = connect(alice, project_id=project)
    watching.expect("subscribed")
    connect(bob, project_id=project)
    joined = watching.expect("user.joined", actor=bob.id)
    assert (joined["data"], joined["signal"]) == ({"user_id": bob.id, "name": "Bob"}, True)


def test_a_leaving_person_is_told(alice: Person, bob: Person, project: int, connect: Any) -> None:
    watching = connect(alice, project_id=project)
    watching.expect("subscribed")
    with connect(bob, project_id=project) as socket:
        socket.expect("subscribed")
    assert watching.expect("user.left")["data"]["user_id"] == bob.id


def test_who_unsubscribes_has_left(alice: Person, bob: Person, project: int, connect: Any) -> None:
    socket = connect(bob, project_id=project)
    socket.ask("unsubscribe", topic=f"project:{project}")
    assert ok(alice.get("/presence", params={"project_id": project}))["items"] == []


def test_who_subscribes_twice_leaves_at_once(
    alice: Person, bob: Person, project: int, connect: Any
) -> None:
    socket = connect(bob, project_id=project)
    socket.ask("subscribe", project_id=project)
    socket.ask("unsubscribe", topic=f"project:{project}")
    assert ok(alice.get("/presence", params={"project_id": project}))["items"] == []


def test_presence_is_no_row_of_the_log(
    alice: Person, bob: Person, project: int, connect: Any, app: Any
) -> None:
    watching = connect(alice, project_id=project)
    watching.expect("subscribed")
    with connect(bob, project_id=project):
        watching.expect("user.joined", actor=bob.id)
    watching.expect("user.left")
    page = ok(alice.get("/events", params={"project_id": project, "limit": 100}))
    assert not [one for one in page["items"] if one["type"].startswith("user.")]


def test_someone_who_was_present_before_is_in_the_answer_to_subscribing(
    alice: Person, bob: Person, project: int, connect: Any
) -> None:
    connect(bob, project_id=project).expect("subscribed")
    present = connect(alice, project_id=project).expect("subscribed")["present"]
    assert {one["name"] for one in present} == {"Alice", "Bob"}
