"""Making, finding, changing and replacing projects."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from collab.core.words.sorting import sort_key

from ..support.made_once import made_once
from ..support.people import Person, ok
from ..support.problems import pointers, problem
from ..support.records import Record, recording


def names(person: Person, **query: str) -> list[str]:
    return [one["name"] for one in ok(person.get("/projects", params=query))["items"]]


# -- making ---------------------------------------------------------------------------------------


def test_whoever_makes_a_project_owns_it(alice: Person) -> None:
    assert ok(alice.post("/projects", {"name": "Apollo"}))["role"] == "owner"


def test_a_project_has_no_description_unless_told_otherwise(alice: Person) -> None:
    assert ok(alice.post("/projects", {"name": "Apollo"}))["description"] == ""


def test_the_answer_is_what_reading_shows(alice: Person) -> None:
    made = ok(alice.post("/projects", {"name": "Apollo", "description": "To the moon"}))
    assert ok(alice.get(f"/projects/{made['id']}")) == made


def test_times_are_of_now_in_utc(alice: Person) -> None:
    made = datetime.fromisoformat(ok(alice.post("/projects", {"name": "x"}))["created_at"])
    assert abs(made - datetime.now(UTC)) < timedelta(minutes=5)


def test_two_projects_may_have_one_name(alice: Person) -> None:
    assert alice.makes_project("Apollo") != alice.makes_project("Apollo")


def test_making_is_recorded(app: Flask, alice: Person) -> None:
    with recording(app) as told:
        key = alice.makes_project("Apollo")
    topic = f"project:{key}"
    assert told == [
        Record("project.created", topic, alice.id, {"project_id": key, "name": "Apollo"}),
        Record(
            "member.added",
            topic,
            alice.id,
            {"project_id": key, "user_id": alice.id, "role": "owner"},
        ),
    ]


def test_what_is_refused_is_not_recorded(app: Flask, alice: Person) -> None:
    with recording(app) as told:
        problem(alice.post("/projects", {"name": ""}), 422)
    assert told == []


# -- finding --------------------------------------------------------------------------------------


def test_one_sees_the_own_projects_only(alice: Person, bob: Person) -> None:
    alice.makes_project("Hers")
    bob.makes_project("His")
    assert names(alice) == ["Hers"]


def test_one_sees_projects_one_was_added_to(vera: Person, project: int) -> None:
    assert names(vera) == ["Apollo"]


def test_each_sees_the_own_role(alice: Person, bob: Person, vera: Person, project: int) -> None:
    roles = [ok(one.get("/projects"))["items"][0]["role"] for one in (alice, bob, vera)]
    assert roles == ["owner", "collaborator", "viewer"]


@made_once
def planets(alice: Person) -> None:
    """Make some projects of alice's."""
    for name in ("Venus", "Mars", "mercury", "Ünal", "100%", "a_b", "axb"):
        alice.makes_project(name)


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("ven", ["Venus"]),
        ("VENUS", ["Venus"]),
        ("m", ["Mars", "mercury"]),
        ("Ünal", ["Ünal"]),
        ("ünal", ["Ünal"]),
        ("ÜNAL", ["Ünal"]),
        ("%", ["100%"]),
        ("a_b", ["a_b"]),
        ("\\", []),
        ("pluto", []),
        ("", ["Venus", "Mars", "mercury", "Ünal", "100%", "a_b", "axb"]),
    ],
)
@pytest.mark.usefixtures("planets")
def test_projects_are_found_by_a_part_of_their_name(
    alice: Person, q: str, found: list[str]
) -> None:
    assert names(alice, q=q) == found


def test_a_search_of_more_than_100_characters_is_422(alice: Person) -> None:
    assert pointers(alice.get("/projects", params={"q": "x" * 101})) == ["#/query/q"]


@pytest.mark.usefixtures("planets")
def test_projects_are_sorted_by_name(alice: Person) -> None:
    assert names(alice, sort="name") == sorted(names(alice), key=sort_key)


@pytest.mark.usefixtures("planets")
def test_the_latest_changed_project_can_come_first(alice: Person) -> None:
    mars = ok(alice.get("/projects?q=mars"))["items"][0]["id"]
    ok(alice.patch(f"/projects/{mars}", {"description": "red"}))
    assert names(alice, sort="-updated_at")[0] == "Mars"


# -- changing -------------------------------------------------------------------------------------


def test_a_change_leaves_the_rest(alice: Person) -> None:
    made = ok(alice.post("/projects", {"name": "Apollo", "description": "To the moon"}))
    changed = ok(alice.patch(f"/projects/{made['id']}", {"name": "Gemini"}))
    assert (changed["name"], changed["description"]) == ("Gemini", "To the moon")


def test_a_replacement_leaves_nothing(alice: Person) -> None:
    made = ok(alice.post("/projects", {"name": "Apollo", "description": "To the moon"}))
    changed = ok(alice.put(f"/projects/{made['id']}", {"name": "Gemini"}))
    assert (changed["name"], changed["description"]) == ("Gemini", "")


def test_a_replacement_needs_a_name(alice: Person, project: int) -> None:
    assert pointers(alice.put(f"/projects/{project}", {"description": "x"})) == ["#/name"]


def test_a_change_moves_the_time_of_the_last_change(alice: Person, project: int) -> None:
    before = ok(alice.get(f"/projects/{project}"))
    after = ok(alice.patch(f"/projects/{project}", {"name": "Gemini"}))
    assert (after["updated_at"] > before["updated_at"], after["created_at"]) == (
        True,
        before["created_at"],
    )


def test_a_change_of_nothing_is_allowed(alice: Person, project: int) -> None:
    assert ok(alice.patch(f"/projects/{project}", {})) == ok(alice.get(f"/projects/{project}"))


@pytest.mark.parametrize("member", ["id", "role", "created_at", "version"])
def test_what_the_service_decides_can_not_be_changed(
    alice: Person, project: int, member: str
) -> None:
    response = alice.patch(f"/projects/{project}", {member: 77})
    assert pointers(response) == [f"#/{member}"]


def test_a_change_is_recorded_with_what_is_new(app: Flask, alice: Person, project: int) -> None:
    with recording(app) as told:
        ok(alice.put(f"/projects/{project}", {"name": "Apollo", "description": "new"}))
    data = {"project_id": project, "changes": {"description": "new"}}
    assert told == [Record("project.updated", f"project:{project}", alice.id, data)]


def test_a_change_of_nothing_is_not_recorded(app: Flask, alice: Person, project: int) -> None:
    with recording(app) as told:
        ok(alice.patch(f"/projects/{project}", {"name": "Apollo"}))
    assert told == []


@pytest.mark.parametrize("name", ["bob", "vera", "charlie"])
def test_a_change_that_is_refused_is_neither_made_nor_recorded(
    app: Flask, request: pytest.FixtureRequest, alice: Person, project: int, name: str
) -> None:
    person: Person = request.getfixturevalue(name)
    before = ok(alice.get(f"/projects/{project}"))
    with recording(app) as told:
        assert person.patch(f"/projects/{project}", {"name": "Mine"}).status_code in (403, 404)
    assert (told, ok(alice.get(f"/projects/{project}"))) == ([], before)


def test_a_change_of_an_older_version_is_not_recorded(
    app: Flask, alice: Person, project: int
) -> None:
    with recording(app) as told:
        headers = {"If-Match": '"older"'}
        problem(alice.patch(f"/projects/{project}", {"name": "x"}, headers=headers), 412)
    assert told == []
