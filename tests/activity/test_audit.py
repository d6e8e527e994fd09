import pytest

from ..support.people import ok, paged


def audit(ada, **query):
    return ok(ada.get("/audit", params={"limit": 100} | query))["items"]


def test_the_audit_is_the_whole_log(app, ada, alice, project):
    alice.tells(project)

    ids = paged(ada, "/audit?limit=7")

    assert ids == list(range(ids[0], 0, -1))


def test_an_item_says_who_what_from_where_and_when(ada, alice, project):
    item = audit(ada, type="project.created")[0]

    assert item["actor"] == {"id": alice.id, "name": "Alice"}
    assert item["text"] == "Alice made the project “Apollo”"
    assert (item["address"], item["withheld"]) == ("127.0.0.1", False)
    assert item["time"].endswith("Z")


@pytest.mark.parametrize("name", ["vera", "bob", "alice", "charlie"])
def test_who_is_no_admin_is_refused(request, project, name):
    who = request.getfixturevalue(name)

    assert who.get("/audit").status_code == 403
    assert who.get("/audit/export").status_code == 403


def test_an_admin_who_was_demoted_is_refused_at_once(ada, bob):
    ok(ada.patch(f"/users/{bob.id}", {"role": "admin"}))
    assert bob.logs_in().get("/audit").status_code == 200
    ok(ada.patch(f"/users/{bob.id}", {"role": "user"}))

    assert bob.get("/audit").status_code == 403


def test_what_a_job_writes_is_in_the_audit(ada, alice, desk, project):
    alice.submits("test_talker", [["stdout", "hello"]], project_id=project)
    desk.work()

    assert "job.output" in [one["type"] for one in audit(ada, type="job")]


def test_a_deleted_projects_events_stay_in_the_audit(ada, alice, project):
    ok(alice.delete(f"/projects/{project}"))

    assert audit(ada, project_id=project)[0]["type"] == "project.deleted"


def test_the_audit_is_filtered(ada, alice, bob, project):
    bob.tells(project)
    desk = alice.makes_workspace(project)
    ok(bob.post("/events", {"type": "note", "topic": f"workspace:{desk}"}))

    assert {one["actor"]["id"] for one in audit(ada, actor=bob.id)} == {bob.id}
    assert [one["type"] for one in audit(ada, topic=f"workspace:{desk}")] == ["note"]
    assert {one["project_id"] for one in audit(ada, project_id=project)} == {project}
    assert {one["type"] for one in audit(ada, type="session")} == {"session.started"}
    assert audit(ada, address="203.0.113.9") == []
    assert len(audit(ada, address="127.0.0.1")) == len(audit(ada))


def test_filters_are_joined(ada, alice, bob, project):
    bob.tells(project)
    alice.tells(project)

    found = audit(ada, actor=bob.id, project_id=project, type="file", topic=f"project:{project}")

    assert [one["text"] for one in found] == ["Bob published file.changed"]


@pytest.mark.parametrize("query", [{"actor": 2**63}, {"topic": "x" * 65}, {"address": "x" * 46}])
def test_a_filter_that_makes_no_sense_is_refused(ada, query):
    assert ada.get("/audit", params=query).status_code == 422


def test_pages_lose_nothing_and_double_nothing_while_others_write(ada, bob, project):
    told = [bob.tells(project) for _ in range(9)]
    found, address = [], "/audit?type=file.changed&limit=4"
    while address:
        page = ada.get(address)
        found += [one["id"] for one in ok(page)["items"]]
        bob.tells(project)
        address = page.links.get("next", {}).get("url", "")

    assert found == told[::-1]
