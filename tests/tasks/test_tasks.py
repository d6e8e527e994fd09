"""Making, reading, changing and deleting tasks, personal and in a project."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from ..support.made_once import made_once
from ..support.people import Person, ok
from ..support.problems import pointers, problem
from ..support.races import at_once, statuses
from ..support.records import Record, recording

PLAIN = {
    "project_id": None,
    "title": "Launch",
    "description": "",
    "status": "todo",
    "priority": "normal",
    "assignee_id": None,
    "due_at": None,
    "due_zone": "UTC",
    "tags": [],
}


@made_once
def task(alice: Person, project: int) -> dict[str, Any]:
    """Return a task of alice's in the project."""
    return alice.makes_task(project_id=project)


# -- making ---------------------------------------------------------------------------------------


def test_a_task_of_ones_own_needs_only_a_title(alice: Person) -> None:
    made = alice.makes_task("Launch")
    assert made | PLAIN | {"owner_id": alice.id} == made


def test_a_task_is_made_in_a_project_below_it_or_with_its_id(bob: Person, project: int) -> None:
    below = ok(bob.post(f"/projects/{project}/tasks", {"title": "Launch"}))
    beside = bob.makes_task(projectId=project)
    assert [one["project_id"] for one in (below, beside)] == [project, project]


def test_the_answer_is_what_reading_and_lists_show(alice: Person, project: int) -> None:
    made = alice.makes_task(
        project_id=project,
        description="All\nof it",
        status="doing",
        priority="urgent",
        assignee_id=alice.id,
        due_at="2026-12-24T12:00:00+01:00",
        due_zone="Europe/Paris",
        tags=["b", "a"],
    )
    assert ok(alice.get(f"/tasks/{made['id']}")) == made
    assert ok(alice.get("/tasks"))["items"] == [made]


def test_other_names_of_fields_are_taken(alice: Person) -> None:
    made = alice.makes_task(assignee=alice.id, dueDate="2026-12-24", dueZone="Asia/Tokyo")
    assert made["assignee_id"] == alice.id
    assert (made["due_at"], made["due_zone"]) == ("2026-12-24T14:59:59Z", "Asia/Tokyo")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", ""),
        ("title", " \t"),
        ("title", "a\nb"),
        ("title", "x" * 201),
        ("title", None),
        ("title", "a\0b"),
        ("description", "x" * 20_001),
        ("description", "a\0b"),
        ("status", "later"),
        ("priority", 1),
        ("assignee_id", "1"),
        ("assignee_id", 2**63),
        ("assignee_id", 0),
        ("due_at", 1),
        ("due_at", "soon"),
        ("due_zone", None),
        ("due_zone", "Mars/Olympus"),
        ("due_zone", "../etc/passwd"),
        ("due_zone", "America"),
        ("tags", "a"),
        ("tags", ["a"] * 21),
        ("project_id", True),
        ("id", 7),
        ("owner_id", 1),
        ("position", "V"),
    ],
)
def test_a_wrong_value_is_pointed_at(alice: Person, field: str, value: Any) -> None:
    body = {"title": "Launch"} | {field: value}
    assert set(pointers(alice.post("/tasks", body))) == {f"#/{field}"}


@pytest.mark.parametrize("tag", ["", " ", "a\nb", "x" * 41, 1, None])
def test_a_wrong_tag_is_pointed_at(alice: Person, tag: Any) -> None:
    body = {"title": "Launch", "tags": ["fine", tag]}
    assert set(pointers(alice.post("/tasks", body))) == {"#/tags/1"}


def test_tags_are_trimmed_lowered_composed_and_kept_once(alice: Person) -> None:
    sent = [" Moon ", "moon", "Cafe\u0301", "CAFÉ", "b c"]
    assert alice.makes_task(tags=sent)["tags"] == ["moon", "café", "b c"]


def test_a_repeated_request_makes_one_task(alice: Person) -> None:
    key = {"Idempotency-Key": "once"}
    answers = [alice.post("/tasks", {"title": "Launch"}, headers=key) for _ in range(2)]
    assert ok(answers[0]) == ok(answers[1])
    assert len(ok(alice.get("/tasks"))["items"]) == 1


def test_a_project_that_is_not_there_is_404(alice: Person) -> None:
    problem(alice.post("/tasks", {"title": "Launch", "project_id": 77}), 404)
    problem(alice.post("/projects/77/tasks", {"title": "Launch"}), 404)


def test_making_is_recorded_in_the_project(app: Flask, bob: Person, project: int) -> None:
    with recording(app) as told:
        made = bob.makes_task(project_id=project, due_at="2026-12-24", tags=["a"])
    about = {
        "task_id": made["id"],
        "owner_id": bob.id,
        "project_id": project,
        "title": "Launch",
    }
    rest: dict[str, Any] = {"status": "todo", "priority": "normal", "assignee_id": None}
    rest |= {"due_at": "2026-12-24T23:59:59Z", "tags": ["a"], "mentioned": []}
    assert told == [Record("task.created", f"project:{project}", bob.id, about | rest)]


def test_a_personal_task_is_told_to_its_owner(app: Flask, bob: Person) -> None:
    with recording(app) as told:
        bob.makes_task()
    assert [(one.type, one.topic) for one in told] == [("task.created", f"user:{bob.id}")]


# -- the assignee ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["alice", "bob", "vera"])
def test_any_member_can_be_assigned(
    request: pytest.FixtureRequest, bob: Person, project: int, name: str
) -> None:
    person: Person = request.getfixturevalue(name)
    made = bob.makes_task(project_id=project, assignee_id=person.id)
    assert made["assignee_id"] == person.id


@pytest.mark.parametrize("name", ["charlie", "ada"])
def test_who_is_no_member_can_not_be_assigned(
    request: pytest.FixtureRequest, bob: Person, project: int, name: str
) -> None:
    person: Person = request.getfixturevalue(name)
    body = {"title": "Launch", "project_id": project, "assignee_id": person.id}
    assert pointers(bob.post("/tasks", body)) == ["#/assignee_id"]


def test_a_personal_task_is_for_its_owner_alone(alice: Person, bob: Person, project: int) -> None:
    body = {"title": "Launch", "assignee_id": bob.id}
    assert pointers(alice.post("/tasks", body)) == ["#/assignee_id"]


def test_assigning_is_recorded_when_it_is_somebody_else_than_before(
    app: Flask, alice: Person, bob: Person, project: int
) -> None:
    with recording(app) as told:
        made = alice.makes_task(project_id=project, assignee_id=bob.id)
        path = f"/tasks/{made['id']}"
        for assignee in (bob.id, alice.id, None, alice.id):
            ok(alice.patch(path, {"assignee_id": assignee}))
    found = [one.data["assignee_id"] for one in told if one.type == "task.assigned"]
    assert found == [bob.id, alice.id, alice.id]


# -- changing -------------------------------------------------------------------------------------


def test_a_change_leaves_the_rest(alice: Person, task: dict[str, Any]) -> None:
    changed = ok(alice.patch(f"/tasks/{task['id']}", {"priority": "low", "tags": ["a"]}))
    same = task.keys() - {"updated_at", "priority", "tags"}
    assert {name: changed[name] for name in same} == {name: task[name] for name in same}
    assert (changed["priority"], changed["tags"]) == ("low", ["a"])


def test_a_replacement_gives_what_is_left_out_its_default(alice: Person, project: int) -> None:
    made = alice.makes_task(
        project_id=project, assignee_id=alice.id, tags=["a"], due_at="2026-12-24", priority="low"
    )
    after = ok(alice.put(f"/tasks/{made['id']}", {"title": "Land"}))
    assert after | PLAIN | {"title": "Land", "project_id": project} == after


def test_a_task_stays_in_its_project(alice: Person, task: dict[str, Any]) -> None:
    response = alice.patch(f"/tasks/{task['id']}", {"project_id": None})
    assert pointers(response) == ["#/project_id"]


def test_a_change_is_recorded_with_what_changed_alone(
    app: Flask, bob: Person, task: dict[str, Any]
) -> None:
    body = {"title": "Launch", "priority": "high", "due_at": "2026-12-24"}
    with recording(app) as told:
        ok(bob.patch(f"/tasks/{task['id']}", body))
    assert told[0].data["changes"] == {"priority": "high", "due_at": "2026-12-24T23:59:59Z"}
    assert (told[0].type, told[0].actor) == ("task.updated", bob.id)


@pytest.mark.parametrize("body", [{}, {"title": "Launch", "tags": [], "due_at": None}])
def test_a_change_that_changes_nothing_is_no_new_version(
    app: Flask, alice: Person, task: dict[str, Any], body: dict[str, Any]
) -> None:
    path = f"/tasks/{task['id']}"
    before = alice.get(path).headers["ETag"]
    with recording(app) as told:
        assert ok(alice.patch(path, body)) == task
    assert (told, alice.get(path).headers["ETag"]) == ([], before)


def test_one_of_many_writers_with_the_same_version_wins(
    app: Flask, alice: Person, bob: Person, task: dict[str, Any]
) -> None:
    path = f"/tasks/{task['id']}"
    tag = {"If-Match": alice.get(path).headers["ETag"]}

    def rename(person: Person) -> Any:
        return person.patch(path, {"title": f"By {person.id}"}, headers=tag)

    answers = at_once(app, *[(alice, rename), (bob, rename)] * 4)
    assert statuses(answers) == [200] + [412] * 7
    winner = next(one for one in answers if one.status_code == 200)
    assert ok(alice.get(path)) == ok(winner)


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_a_lost_update_is_412(alice: Person, task: dict[str, Any], method: str) -> None:
    body = None if method == "DELETE" else {"title": "Land"}
    headers = {"If-Match": '"7"'}
    response = alice.request(method, f"/tasks/{task['id']}", json=body, headers=headers)
    problem(response, 412)


# -- due dates ------------------------------------------------------------------------------------


def test_a_new_zone_keeps_the_moment(alice: Person) -> None:
    made = alice.makes_task(due_at="2026-12-24", due_zone="Asia/Tokyo")
    changed = ok(alice.patch(f"/tasks/{made['id']}", {"due_zone": "Europe/Paris"}))
    assert (changed["due_at"], changed["due_zone"]) == (made["due_at"], "Europe/Paris")


def test_a_new_local_time_is_in_the_zone_of_before(alice: Person) -> None:
    made = alice.makes_task(due_zone="Asia/Tokyo")
    changed = ok(alice.patch(f"/tasks/{made['id']}", {"due_at": "2026-12-24T09:00"}))
    assert changed["due_at"] == "2026-12-24T00:00:00Z"


# -- deleting and seeing --------------------------------------------------------------------------


def test_a_deleted_task_is_gone(app: Flask, bob: Person, task: dict[str, Any]) -> None:
    with recording(app) as told:
        ok(bob.delete(f"/tasks/{task['id']}"))
    problem(bob.get(f"/tasks/{task['id']}"), 404)
    assert [one.type for one in told] == ["task.deleted"]


def test_tasks_go_with_their_project(alice: Person, project: int, task: dict[str, Any]) -> None:
    alice.comments(task["id"])
    ok(alice.delete(f"/projects/{project}"))
    problem(alice.get(f"/tasks/{task['id']}"), 404)
    assert ok(alice.get("/tasks"))["items"] == []


def test_who_made_a_task_and_left_no_longer_sees_it(
    alice: Person, bob: Person, project: int
) -> None:
    made = bob.makes_task(project_id=project)
    ok(bob.delete(f"/projects/{project}/members/{bob.id}"))
    problem(bob.get(f"/tasks/{made['id']}"), 404)
    assert ok(bob.get("/tasks"))["items"] == []


def test_an_admin_manages_the_tasks_of_all(ada: Person, bob: Person) -> None:
    made = bob.makes_task()
    path = f"/tasks/{made['id']}"
    changed = ok(ada.patch(path, {"status": "done"}))
    assert (changed["owner_id"], changed["status"]) == (bob.id, "done")
    ok(ada.delete(path))
    assert ok(bob.get("/tasks"))["items"] == []


def test_an_unchanged_task_is_304(alice: Person, task: dict[str, Any]) -> None:
    tag = alice.get(f"/tasks/{task['id']}").headers["ETag"]
    again = alice.get(f"/tasks/{task['id']}", headers={"If-None-Match": tag})
    assert again.status_code == 304


# -- leaving a project ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["alice", "bob"])
def test_whoever_goes_is_assigned_nothing_there(
    request: pytest.FixtureRequest, app: Flask, alice: Person, bob: Person, project: int, name: str
) -> None:
    remover: Person = request.getfixturevalue(name)
    mine = alice.makes_task(project_id=project, assignee_id=bob.id)
    elsewhere = bob.makes_task(assignee_id=bob.id)
    before = alice.get(f"/tasks/{mine['id']}").headers["ETag"]
    with recording(app) as told:
        ok(remover.delete(f"/projects/{project}/members/{bob.id}"))
    after = alice.get(f"/tasks/{mine['id']}")
    assert ok(after)["assignee_id"] is None
    assert after.headers["ETag"] != before
    assert ok(bob.get(f"/tasks/{elsewhere['id']}"))["assignee_id"] == bob.id
    # What is many is removed part by part before the member is, so the tasks come first.
    assert [one.type for one in told] == ["task.updated", "member.removed"]
    assert (told[0].data["changes"], told[0].actor) == ({"assignee_id": None}, remover.id)


# -- mentions -------------------------------------------------------------------------------------


def test_members_are_mentioned_and_nobody_else(
    app: Flask, alice: Person, bob: Person, vera: Person, project: int
) -> None:
    with recording(app) as told:
        alice.makes_task(project_id=project, description="@bob, @vera, @charlie, @ada")
    assert told[0].data["mentioned"] == [bob.id, vera.id]


def test_a_personal_task_mentions_its_owner_at_most(app: Flask, alice: Person, bob: Person) -> None:
    with recording(app) as told:
        alice.makes_task(description="@bob and @alice")
    assert told[0].data["mentioned"] == [alice.id]


def test_a_change_tells_who_is_mentioned_newly(
    app: Flask, alice: Person, vera: Person, project: int
) -> None:
    made = alice.makes_task(project_id=project, description="@bob")
    with recording(app) as told:
        ok(alice.patch(f"/tasks/{made['id']}", {"description": "@bob and @vera"}))
    assert told[0].data["mentioned"] == [vera.id]
