import pytest

from ..support.people import ok, paged


def texts(who, path, **query):
    return [one["text"] for one in ok(who.get(path, params=query))["items"]]


def types(who, path, **query):
    return [one["type"] for one in ok(who.get(path, params=query))["items"]]


def test_a_projects_feed_tells_in_sentences_what_happened_the_newest_first(alice, project):
    alice.makes_workspace(project, "Desk")

    assert texts(alice, f"/projects/{project}/activity") == [
        "Alice made the workspace “Desk”",
        "Alice made Vera a viewer",
        "Alice made Bob a collaborator",
        "Alice joined as an owner",
        "Alice made the project “Apollo”",
    ]


def test_an_item_has_its_data_too(alice, bob, project):
    item = ok(alice.get(f"/projects/{project}/activity", params={"limit": 2}))["items"][1]

    assert item["actor"] == {"id": alice.id, "name": "Alice"}
    assert item["data"]["user_id"] == bob.id
    assert (item["topic"], item["project_id"]) == (f"project:{project}", project)
    assert not item["withheld"]
    assert "address" not in item


@pytest.mark.parametrize("kind", ["member", "member.added", "member_added"])
def test_a_feed_is_filtered_by_type_or_family(alice, project, kind):
    assert set(types(alice, f"/projects/{project}/activity", type=kind)) == {"member.added"}


def test_a_family_is_whole_words(alice, project):
    assert types(alice, f"/projects/{project}/activity", type="mem") == []


def test_a_feed_is_filtered_by_who_did_it(alice, bob, project):
    bob.tells(project)

    assert texts(alice, f"/projects/{project}/activity", actor=bob.id) == [
        "Bob published file.changed"
    ]
    assert texts(bob, f"/projects/{project}/activity", actor="me") == ["Bob published file.changed"]


def test_a_feed_is_filtered_by_time(alice, project):
    alice.tells(project)
    alice.tells(project)
    newest, before = ok(alice.get("/activity", params={"limit": 2}))["items"]

    since = ok(alice.get("/activity", params={"since": newest["time"], "actor": "me"}))["items"]
    until = ok(alice.get("/activity", params={"until": newest["time"], "limit": 1}))["items"]

    assert [one["id"] for one in since] == [newest["id"]]
    assert [one["id"] for one in until] == [before["id"]]


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
@pytest.mark.parametrize("name", ["since", "until"])
def test_the_ends_of_the_calendar_are_times_like_others(alice, project, name, moment):
    everything = (name == "since") == moment.startswith("0001")

    found = types(alice, f"/projects/{project}/activity", **{name: moment})

    assert bool(found) == everything


def test_what_a_job_writes_is_left_out_unless_it_is_asked_for(alice, desk, project):
    alice.submits("test_talker", [["stdout", "hello"]], project_id=project)
    desk.work()

    assert "job.output" not in types(alice, f"/projects/{project}/activity", type="job")
    assert "job.output" not in types(alice, f"/projects/{project}/activity")
    assert "job.output" in types(alice, f"/projects/{project}/activity", type="job.output")


def test_ones_own_feed_has_all_projects_and_oneself(alice, bob, project):
    other = bob.makes_project("Gemini")
    bob.tells(other)
    alice.tells(project)

    found = texts(bob, "/activity")

    assert found[:2] == ["Alice published file.changed", "Bob published file.changed"]
    assert "Bob made the project “Gemini”" in found
    assert "Bob logged in" in found


def test_ones_own_feed_tells_how_ones_own_jobs_ended(alice, desk):
    alice.submits()
    desk.work()

    assert types(alice, "/activity", type="job") == ["job.succeeded", "job.started", "job.queued"]


def test_ones_own_feed_has_nothing_of_others(charlie, bob, project):
    bob.tells(project)
    bob.submits()

    assert {one["actor"]["id"] for one in ok(charlie.get("/activity"))["items"]} == {charlie.id}


def test_of_another_person_one_sees_what_they_did_where_one_is_a_member(
    alice, bob, charlie, project
):
    bob.tells(project)
    bob.tells(bob.makes_project("Secret"))
    bob.submits()
    ok(bob.post("/events", {"type": "diary", "payload": {"mood": "low"}}))

    assert texts(alice, f"/users/{bob.id}/activity") == ["Bob published file.changed"]
    assert texts(charlie, f"/users/{bob.id}/activity") == []


def test_an_admin_sees_all_that_a_person_did_but_not_what_their_private_things_say(ada, bob):
    ok(bob.post("/events", {"type": "diary", "payload": {"mood": "low"}}))
    bob.submits()

    job, diary, *_ = ok(ada.get(f"/users/{bob.id}/activity"))["items"]

    assert (diary["type"], diary["data"], diary["withheld"]) == ("diary", {}, True)
    assert (job["type"], job["data"], job["withheld"]) == ("job.queued", {}, True)


def test_a_person_sees_all_that_they_did_themself(bob):
    ok(bob.post("/events", {"type": "diary", "payload": {"mood": "low"}}))

    newest = ok(bob.get(f"/users/{bob.id}/activity"))["items"][0]

    assert (newest["data"], newest["withheld"]) == ({"mood": "low"}, False)


def test_a_removed_member_sees_nothing_of_the_project_any_more(alice, bob, project):
    bob.tells(project)
    ok(alice.delete(f"/projects/{project}/members/{bob.id}"))

    assert bob.get(f"/projects/{project}/activity").status_code == 404
    for path in ("/activity", f"/users/{bob.id}/activity", f"/users/{alice.id}/activity"):
        assert project not in [one["project_id"] for one in ok(bob.get(path))["items"]]


def test_a_deleted_project_is_told_of_no_more(alice, project):
    ok(alice.delete(f"/projects/{project}"))

    assert project not in [one["project_id"] for one in ok(alice.get("/activity"))["items"]]


def test_pages_lose_nothing_and_double_nothing_while_others_write(alice, bob, project):
    told = [alice.tells(project, n=n) for n in range(12)]
    found, address = [], f"/projects/{project}/activity?type=file.changed&limit=5"
    while address:
        page = alice.get(address)
        found += [one["id"] for one in ok(page)["items"]]
        bob.tells(project)
        address = page.links.get("next", {}).get("url", "")

    assert found == told[::-1]


def test_pages_of_many_sources_have_the_same_as_one_page(alice, bob, project):
    projects = [project, *(alice.makes_project(f"P{n}") for n in range(8))]
    for n in range(40):
        alice.tells(projects[n % 9 if n % 3 else 0])

    whole = [one["id"] for one in ok(alice.get("/activity", params={"limit": 100}))["items"]]

    assert len(whole) > 50
    assert paged(alice, "/activity?limit=7") == whole
    assert whole == sorted(set(whole), reverse=True)


def test_a_foreign_cursor_is_refused(alice):
    assert alice.get("/activity", params={"cursor": "WyJpZCIsMSwxXQ"}).status_code == 400


@pytest.mark.parametrize(
    "query",
    [{"actor": "0"}, {"actor": "9" * 30}, {"actor": "he"}, {"since": "soon"}, {"type": ""}],
)
def test_a_filter_that_makes_no_sense_is_refused(alice, query):
    assert alice.get("/activity", params=query).status_code == 422


def test_nothing_that_is_odd_breaks_a_filter(alice):
    for value in ("\x01", "%", "_", "'", "🙂", "\ud800".encode("utf-16", "surrogatepass")):
        assert alice.get("/activity", params={"type": value}).status_code == 200
