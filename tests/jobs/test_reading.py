"""Lists of jobs, single jobs, and the types: for those who may see them, and nobody else."""

from __future__ import annotations

from typing import Any

import pytest

from ..support.each import each
from ..support.jobs import Desk
from ..support.people import Person, ok, paged
from ..support.problems import pointers, problem
from ..support.work import status


def person(request: pytest.FixtureRequest, name: str) -> Person:
    found: Person = request.getfixturevalue(name)
    return found


def listed(who: Person, **query: Any) -> list[int]:
    return [one["id"] for one in ok(who.get("/jobs", params=query))["items"]]


# -- lists ----------------------------------------------------------------------------------------


def test_a_list_shows_the_own_jobs_the_newest_first(
    alice: Person, bob: Person, project: int
) -> None:
    mine = [alice.submits()["id"], alice.submits(project_id=project)["id"]]
    bob.submits()
    bob.submits(project_id=project)
    assert listed(alice) == mine[::-1]


def test_a_projects_list_shows_every_members_jobs_in_it(
    alice: Person, bob: Person, vera: Person, project: int
) -> None:
    alice.submits()
    shared = [alice.submits(project_id=project)["id"], bob.submits(project_id=project)["id"]]
    assert listed(vera, project_id=project) == shared[::-1]


@pytest.mark.parametrize("name", ["project_id", "projectId"])
def test_a_projects_list_is_not_for_outsiders(charlie: Person, project: int, name: str) -> None:
    problem(charlie.get("/jobs", params={name: project}), 404)


def test_an_admins_list_shows_only_the_own_jobs(ada: Person, alice: Person, project: int) -> None:
    alice.submits()
    alice.submits(project_id=project)
    assert listed(ada) == []


@pytest.fixture
def mixed(alice: Person, desk: Desk) -> dict[str, int]:
    """Return a job in each of several states."""
    done = alice.submits()["id"]
    failed = alice.submits("test_hopeless")["id"]
    later = alice.submits("test_failing")["id"]
    desk.work()
    return {"succeeded": done, "failed": failed, "retry_wait": later, "queued": queued(alice)}


def queued(who: Person) -> int:
    return int(who.submits()["id"])


@each(["succeeded", "failed", "retry_wait", "queued"])
def test_a_list_can_be_of_one_status(state: str, *, alice: Person, mixed: dict[str, int]) -> None:
    assert listed(alice, status=state) == [mixed[state]]


def test_a_list_can_be_of_one_type(alice: Person, mixed: dict[str, int]) -> None:
    assert listed(alice, type="test_failing") == [mixed["retry_wait"]]


def test_filters_are_joined(alice: Person, mixed: dict[str, int]) -> None:
    assert listed(alice, type="test_echo", status="succeeded") == [mixed["succeeded"]]
    assert listed(alice, type="test_failing", status="succeeded") == []


def test_a_type_that_nobody_knows_has_no_jobs(alice: Person) -> None:
    alice.submits()
    assert listed(alice, type="nonsense") == []


@each([("status", "done"), ("type", ""), ("sort", "payload"), ("limit", 101)])
def test_a_bad_filter_is_pointed_at(name: str, value: Any, *, alice: Person) -> None:
    assert pointers(alice.get("/jobs", params={name: value})) == [f"#/query/{name}"]


@pytest.mark.parametrize("sort", ["id", "-id"])
def test_pages_lead_through_all_jobs_once(alice: Person, bob: Person, sort: str) -> None:
    made = []
    for _ in range(5):
        made.append(alice.submits()["id"])
        bob.submits()
    expected = made if sort == "id" else made[::-1]
    assert paged(alice, f"/jobs?limit=2&sort={sort}") == expected


def test_pages_keep_their_filter(alice: Person) -> None:
    made = [alice.submits(kind)["id"] for kind in ["test_echo", "test_file"] * 3]
    assert paged(alice, "/jobs?limit=1&type=test_file&sort=id") == made[1::2]


def test_a_new_job_does_not_shift_the_next_page(alice: Person) -> None:
    made = [alice.submits()["id"] for _ in range(4)]
    cursor = ok(alice.get("/jobs?limit=2"))["next_cursor"]
    alice.submits()
    assert listed(alice, limit=2, cursor=cursor) == made[1::-1]


def test_a_cursor_of_another_sorting_is_400(alice: Person) -> None:
    for _ in range(2):
        alice.submits()
    cursor = ok(alice.get("/jobs?limit=1"))["next_cursor"]
    problem(alice.get("/jobs", params={"sort": "id", "cursor": cursor}), 400)


def test_a_list_leaves_out_what_may_be_large(alice: Person, desk: Desk) -> None:
    alice.submits(value="x" * 1000)
    desk.work()
    (item,) = ok(alice.get("/jobs"))["items"]
    assert not {"payload", "result", "output"} & item.keys()


# -- one job --------------------------------------------------------------------------------------


def test_a_job_that_is_known_already_is_304(alice: Person) -> None:
    path = f"/jobs/{alice.submits()['id']}"
    tag = alice.get(path).headers["ETag"]
    again = alice.get(path, headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")


def test_a_job_that_went_on_is_shown_anew(alice: Person, desk: Desk) -> None:
    path = f"/jobs/{alice.submits()['id']}"
    tag = alice.get(path).headers["ETag"]
    desk.work()
    again = alice.get(path, headers={"If-None-Match": tag})
    assert (again.status_code, again.json()["status"]) == (200, "succeeded")


def test_progress_is_news_too(alice: Person, desk: Desk) -> None:
    path = f"/jobs/{alice.submits('test_gate', 'gate')['id']}"
    (context,) = desk.starts("gate")
    tag = alice.get(path).headers["ETag"]
    context.progress(0.5)
    desk.clock.passes(0.2)
    desk.tick()
    assert alice.get(path, headers={"If-None-Match": tag}).status_code == 200


OUTLINED = ""
PARTS = [OUTLINED, "/log", "/attempts", "/output"]


@each(PARTS)
def test_a_job_that_is_not_there_is_404(part: str, *, alice: Person) -> None:
    problem(alice.get(f"/jobs/99{part}"), 404)


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("name", ["charlie", "ada"])
def test_a_personal_job_is_its_owners_alone(
    request: pytest.FixtureRequest, alice: Person, desk: Desk, name: str, part: str
) -> None:
    made = alice.submits("test_file")["id"]
    desk.work()
    assert alice.get(f"/jobs/{made}{part}").status_code == 200
    if (name, part) != ("ada", OUTLINED):  # which an admin sees: tests/jobs/test_oversight.py
        problem(person(request, name).get(f"/jobs/{made}{part}"), 404)


@pytest.mark.parametrize("part", PARTS)
def test_a_removed_member_reads_their_own_job_no_more(
    alice: Person, bob: Person, project: int, desk: Desk, part: str
) -> None:
    made = bob.submits("test_file", project_id=project)["id"]
    desk.work()
    assert bob.get(f"/jobs/{made}{part}").status_code == 200
    alice.delete(f"/projects/{project}/members/{bob.id}")
    problem(bob.get(f"/jobs/{made}{part}"), 404)


def test_a_removed_members_jobs_are_in_no_list_of_theirs(
    alice: Person, bob: Person, project: int
) -> None:
    bob.submits(project_id=project)
    own = bob.submits()["id"]
    alice.delete(f"/projects/{project}/members/{bob.id}")
    assert listed(bob) == [own]


def test_a_removed_members_job_goes_on(
    alice: Person, bob: Person, project: int, desk: Desk
) -> None:
    made = bob.submits(project_id=project)["id"]
    alice.delete(f"/projects/{project}/members/{bob.id}")
    desk.work()
    assert status(alice, made) == "succeeded"


# -- the types ------------------------------------------------------------------------------------


def test_the_types_are_told_with_where_their_payload_is_described(alice: Person) -> None:
    document = ok(alice.get("/api/openapi.json"))
    for kind in ok(alice.get("/jobs/types"))["items"]:
        assert kind["summary"]
        address, _, pointer = kind["payload"].partition("#")
        assert address == "/api/openapi.json"
        if not kind["name"].startswith("test_"):
            assert pointer.rsplit("/", 1)[-1] in document["components"]["schemas"]


def test_the_service_brings_its_types(alice: Person) -> None:
    found = {one["name"]: one for one in ok(alice.get("/jobs/types"))["items"]}
    assert found.keys() >= {
        *("code_execution", "data_processing", "report", "thumbnail", "function")
    }
    assert [found[name]["repeatable"] for name in ("code_execution", "report")] == [False, True]


def test_the_types_are_for_who_is_signed_in(nobody: Person) -> None:
    problem(nobody.get("/jobs/types"), 401)
