"""Jobs run in the owner's name: never without the rights for it, nor with another's."""

from __future__ import annotations

import pytest

from ..support.jobs import away
from ..support.notes import Notes
from ..support.people import Person, ok
from ..support.problems import problem
from ..support.schedules import Hours, jobs_of, makes_schedule, runs_of, shows, statuses


def demotes(owner: Person, project: int, person: Person) -> None:
    ok(owner.patch(f"/projects/{project}/members/{person.id}", {"role": "viewer"}))


def removes(owner: Person, project: int, person: Person) -> None:
    ok(owner.delete(f"/projects/{project}/members/{person.id}"))


@pytest.mark.parametrize("loses", [demotes, removes])
def test_whoever_may_make_no_jobs_there_any_more_has_no_schedules_there(
    loses: object, alice: Person, bob: Person, project: int, hours: Hours
) -> None:
    made = hours.makes(bob, project_id=project)
    own = hours.makes(bob)
    hours.minutes(1)
    loses(alice, project, bob)  # type: ignore[operator]
    ended = shows(alice, made)
    assert (ended["status"], ended["reason"], ended["next_at"]) == ("ended", "role_lost", None)
    hours.minutes(2)
    assert len(runs_of(alice, made)) == 1
    assert len(runs_of(bob, own)) == 3
    for act in ("resume", "run", "pause"):
        assert "ended" in problem(alice.post(f"/schedules/{made}/{act}"), 409)["detail"]
    assert problem(alice.patch(f"/schedules/{made}", {"name": "Mine"}), 409)
    ok(alice.delete(f"/schedules/{made}"))


def test_a_role_that_went_another_way_is_seen_when_the_time_comes(
    ada: Person, alice: Person, bob: Person, project: int, hours: Hours
) -> None:
    ok(ada.patch(f"/users/{bob.id}", {"role": "admin"}))
    elsewhere = alice.makes_project("Secret")
    made = hours.makes(bob, project_id=elsewhere)
    hours.minutes(1)
    ok(ada.patch(f"/users/{bob.id}", {"role": "user"}))
    hours.minutes(2)
    assert shows(alice, made)["reason"] == "role_lost"
    assert len(jobs_of(bob, made)) == 0  # he is no member, and reads nothing there
    params = {"project_id": elsewhere}
    assert len(ok(alice.get("/jobs", params=params))["items"]) == 1


def test_disabling_an_account_pauses_what_is_theirs(
    ada: Person, alice: Person, bob: Person, project: int, hours: Hours
) -> None:
    made = hours.makes(bob, project_id=project, value="gate", type="test_gate", overlap="queue")
    hours.passes(60)
    hours.passes(60)
    ok(ada.patch(f"/users/{bob.id}", {"disabled": True}))
    paused = shows(alice, made)
    assert (paused["status"], paused["reason"]) == ("paused", "account_disabled")
    hours.minutes(3)
    assert statuses(alice, made) == ["cancelled", "skipped"]
    refused = problem(alice.post(f"/schedules/{made}/resume"), 409)
    assert "account of its owner is disabled" in refused["detail"]
    ok(ada.patch(f"/users/{bob.id}", {"disabled": False}))
    hours.minutes(1)
    assert len(runs_of(alice, made)) == 2
    ok(alice.post(f"/schedules/{made}/resume"))


def test_whoever_changes_what_the_jobs_work_on_becomes_their_owner(
    alice: Person, bob: Person, project: int, hours: Hours
) -> None:
    made = hours.makes(bob, project_id=project)
    assert ok(alice.patch(f"/schedules/{made}", {"name": "Ours"}))["owner_id"] == bob.id
    changed = ok(alice.patch(f"/schedules/{made}", {"payload": {"value": 2}}))
    assert changed["owner_id"] == alice.id
    hours.minutes(1)
    assert [job["owner_id"] for job in jobs_of(alice, made)] == [alice.id]


def test_nobodys_upload_is_read_by_what_another_has_written(
    alice: Person, bob: Person, project: int, hours: Hours
) -> None:
    secret = bob.uploads(b"a,b\nsecret,2\n")["id"]
    made = hours.makes(
        bob, type="data_processing", project_id=project, payload={"upload_id": secret}
    )
    steals = {"payload": {"upload_id": secret, "limit": 5}}
    refused = alice.patch(f"/schedules/{made}", steals)
    assert refused.status_code in (404, 422)
    assert shows(alice, made)["owner_id"] == bob.id


def test_what_can_not_be_made_now_is_tried_again(alice: Person, hours: Hours) -> None:
    made = hours.makes(alice, type="test_away")
    away.append("the thing is away")
    hours.minutes(1)
    (run,) = runs_of(alice, made)
    assert (run["status"], run["job_id"], run["error"]["message"]) == (
        "refused",
        None,
        "the thing is away",
    )
    assert shows(alice, made)["failures"] == 1
    away.clear()
    hours.minutes(1)
    assert statuses(alice, made) == ["refused", "succeeded"]
    assert shows(alice, made)["failures"] == 0


def test_a_failing_schedule_is_told_once_until_it_has_recovered(
    notes: Notes, alice: Person, hours: Hours
) -> None:
    made = hours.makes(alice, type="test_away")
    notes.catch_up()
    away.append("gone")
    hours.minutes(3)
    (one,) = notes.told(alice, kind="schedule_failed")
    assert one["text"] == "Your schedule “Beat” fails: no job could be made."
    assert one["subject"] == f"schedule:{made}"
    away.clear()
    hours.minutes(1)
    away.append("gone again")
    hours.minutes(2)
    away.clear()
    assert len(notes.told(alice, kind="schedule_failed")) == 2
    assert notes.told(alice, kind="job_finished") == []


def test_very_many_failures_pause_it(notes: Notes, alice: Person, hours: Hours) -> None:
    made = hours.makes(alice, type="test_hopeless")
    notes.catch_up()
    hours.minutes(1)
    hours.sets(made, failures=98)
    hours.minutes(4)
    shown = shows(alice, made)
    assert (shown["status"], shown["reason"], shown["failures"]) == ("paused", "failures", 100)
    texts = [one["text"] for one in notes.told(alice, kind="schedule_failed")]
    assert texts[0] == "Your schedule “Beat” was paused, after very many failures in a row."
    assert len(texts) == 2
    assert ok(alice.post(f"/schedules/{made}/resume"))["failures"] == 0


def test_a_type_that_is_gone_pauses_it(alice: Person, hours: Hours) -> None:
    made = hours.makes(alice)
    hours.sets(made, type="test_gone")
    hours.passes(60)
    assert (shows(alice, made)["status"], shows(alice, made)["reason"]) == ("paused", "type_gone")
    refused = [
        alice.post(f"/schedules/{made}/resume"),
        alice.patch(f"/schedules/{made}", {"payload": {"value": 3}}),
    ]
    assert all("of its type any more" in problem(one, 409)["detail"] for one in refused)
    hours.sets(made, type="test_echo")
    ok(alice.post(f"/schedules/{made}/resume"))


def test_a_spent_quota_refuses_the_run_and_no_other(
    alice: Person, bob: Person, hours: Hours
) -> None:
    made, others = hours.makes(alice), hours.makes(bob)
    hours.app.config["PERSON_QUOTA_MB"] = 0
    hours.minutes(1)
    hours.app.config["PERSON_QUOTA_MB"] = 100
    assert runs_of(alice, made)[0]["error"]["code"] == "quota-spent"
    hours.minutes(1)
    assert statuses(alice, made) == ["refused", "succeeded"]
    assert statuses(bob, others) == ["refused", "succeeded"]


def test_what_breaks_one_schedule_keeps_no_other_waiting(
    alice: Person, bob: Person, hours: Hours
) -> None:
    broken, whole = makes_schedule(alice)["id"], hours.makes(bob)
    hours.sets(broken, cron="nonsense")
    hours.minutes(2)
    assert statuses(bob, whole) == ["succeeded"] * 2
