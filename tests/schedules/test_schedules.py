"""Schedules by REST: made, shown, changed, paused, deleted; and what is refused."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from flask import Flask

from collab.core.models import utcnow
from collab.extensions import db
from collab.schedules.attending import attend

from ..support.history import rows
from ..support.notes import Notes
from ..support.people import Person, ok
from ..support.problems import pointers, problem
from ..support.schedules import Hours, jobs_of, makes_schedule, runs_of, shows, statuses

BODY = {"name": "Beat", "type": "test_echo", "payload": {"value": 1}, "cron": "30 8 * * 1-5"}


def test_a_schedule_shows_when_it_is_due_next(alice: Person) -> None:
    made = makes_schedule(alice, "30 8 * * 1-5", time_zone="Europe/Paris")
    assert made["description"] == "At 08:30 on Monday through Friday"
    assert (made["missed"], made["overlap"], made["status"]) == ("once", "skip", "active")
    due = [datetime.fromisoformat(one) for one in made["next_runs"]]
    assert len(due) == 5
    assert due == sorted(due)
    assert made["next_at"] == made["next_runs"][0]
    assert {one.minute for one in due} == {30}
    assert shows(alice, made["id"]) == made


def test_a_preview_shows_the_same_and_makes_nothing(alice: Person) -> None:
    query = {"cron": " @Daily", "time_zone": "Asia/Kathmandu", "count": 3}
    shown = ok(alice.get("/schedules/preview", params=query))
    assert shown["cron"] == "0 0 * * *"
    assert [one[11:] for one in shown["next_runs"]] == ["18:15:00Z"] * 3
    assert ok(alice.get("/schedules"))["items"] == []


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [
        ({"cron": "* * 31 2 *"}, "#/cron"),
        ({"cron": "61 * * * *"}, "#/cron"),
        ({"cron": "x" * 201}, "#/cron"),
        ({"time_zone": "Mars/Olympus"}, "#/time_zone"),
        ({"time_zone": "../etc/passwd"}, "#/time_zone"),
        ({"name": " "}, "#/name"),
        ({"type": "test_unknown"}, "#/type"),
        ({"payload": {"nonsense": 1}}, "#/payload/nonsense"),
        ({"missed": "twice"}, "#/missed"),
        ({"overlap": "allow"}, "#/overlap"),
        ({"missed": "all", "overlap": "cancel"}, "#/missed"),
        ({"owner_id": 1}, "#/owner_id"),
        ({"next_at": "2026-01-01T00:00:00Z"}, "#/next_at"),
    ],
)
def test_what_makes_no_schedule_is_refused_by_name(
    changed: dict[str, Any], pointer: str, alice: Person
) -> None:
    refused = alice.post("/schedules", BODY | changed)
    assert pointers(refused) == [pointer]
    assert ok(alice.get("/schedules"))["items"] == []


def test_a_schedule_is_due_no_more_often_than_the_setting_says(app: Flask, alice: Person) -> None:
    app.config["SCHEDULE_MIN_SECONDS"] = 900
    assert pointers(alice.post("/schedules", BODY | {"cron": "*/10 * * * *"})) == ["#/cron"]
    assert pointers(alice.post("/schedules", BODY | {"cron": "0,14 8 * * *"})) == ["#/cron"]
    makes_schedule(alice, "*/15 * * * *")


def test_one_person_has_so_many_and_no_more(app: Flask, alice: Person, bob: Person) -> None:
    app.config["SCHEDULES_PER_PERSON"] = 2
    first = makes_schedule(alice)["id"]
    makes_schedule(alice)
    assert "delete one first" in problem(alice.post("/schedules", BODY), 409)["detail"]
    makes_schedule(bob)
    ok(alice.delete(f"/schedules/{first}"))
    makes_schedule(alice)


def test_a_repeated_request_makes_one(alice: Person) -> None:
    headers = {"Idempotency-Key": "once"}
    made = [ok(alice.post("/schedules", BODY, headers=headers))["id"] for _ in range(2)]
    assert made[0] == made[1]


def test_changing_the_expression_changes_what_is_due(alice: Person) -> None:
    made = makes_schedule(alice, "0 0 1 1 *")["id"]
    tag = alice.get(f"/schedules/{made}").headers["ETag"]
    changed = ok(alice.patch(f"/schedules/{made}", {"cron": "@hourly"}, headers={"If-Match": tag}))
    assert changed["cron"] == "0 * * * *"
    assert changed["next_at"] < shows(alice, made)["next_runs"][1]
    stale = alice.patch(f"/schedules/{made}", {"cron": "@daily"}, headers={"If-Match": tag})
    assert stale.status_code == 412
    assert pointers(alice.patch(f"/schedules/{made}", {"cron": "0 0 30 2 *"})) == ["#/cron"]
    assert shows(alice, made)["cron"] == "0 * * * *"


def test_what_was_shown_may_be_sent_back(alice: Person) -> None:
    made = makes_schedule(alice)
    assert ok(alice.patch(f"/schedules/{made['id']}", made | {"name": "Drum"}))["name"] == "Drum"


def test_a_paused_schedule_makes_nothing_and_makes_up_for_nothing(
    alice: Person, hours: Hours
) -> None:
    made = hours.makes(alice, missed="all")
    paused = ok(alice.post(f"/schedules/{made}/pause"))
    assert (paused["status"], paused["reason"], paused["next_runs"]) == ("paused", "requested", [])
    hours.minutes(5)
    assert runs_of(alice, made) == []
    before = utcnow()
    resumed = ok(alice.post(f"/schedules/{made}/resume"))
    assert (resumed["status"], resumed["reason"]) == ("active", None)
    assert datetime.fromisoformat(resumed["next_at"]) > before


def test_pausing_lets_the_run_go_on_and_nothing_wait(alice: Person, hours: Hours) -> None:
    made = hours.makes(alice, value="pause", type="test_gate", overlap="queue")
    hours.passes(60)
    hours.desk.starts("pause")
    hours.passes(60)
    ok(alice.post(f"/schedules/{made}/pause"))
    assert [run["reason"] for run in runs_of(alice, made)] == [None, "requested"]
    hours.desk.opens("pause")
    hours.tick()
    assert statuses(alice, made) == ["succeeded", "skipped"]


def test_what_is_paused_may_be_paused_and_changed_and_makes_nothing(
    alice: Person, hours: Hours
) -> None:
    made = hours.makes(alice)
    for _ in range(2):
        assert ok(alice.post(f"/schedules/{made}/pause"))["status"] == "paused"
    changed = ok(alice.patch(f"/schedules/{made}", {"cron": "*/2 * * * *"}))
    assert (changed["cron"], changed["status"], changed["next_at"]) == (
        "*/2 * * * *",
        "paused",
        None,
    )
    hours.minutes(3)
    assert jobs_of(alice, made) == []


def test_a_change_of_nothing_is_told_to_nobody(alice: Person, hours: Hours) -> None:
    made = hours.makes(alice)
    ok(alice.patch(f"/schedules/{made}", {"name": shows(alice, made)["name"]}))
    page = ok(alice.get("/events", params={"type": "schedule.updated"}))
    assert page["items"] == []


def test_a_schedule_that_was_deleted_meanwhile_is_passed_over(app: Flask, hours: Hours) -> None:
    with app.app_context():
        attend(2**40, utcnow())
        assert not db.session().in_transaction()


def test_a_deleted_schedule_leaves_its_jobs(alice: Person, hours: Hours) -> None:
    made = hours.makes(alice)
    hours.minutes(1)
    ok(alice.delete(f"/schedules/{made}"))
    hours.minutes(2)
    assert alice.get(f"/schedules/{made}/runs").status_code == 404
    assert [job["schedule_id"] for job in jobs_of(alice, made)] == [made]


def test_a_deleted_project_takes_its_schedules_along(
    alice: Person, project: int, hours: Hours
) -> None:
    made = hours.makes(alice, project_id=project)
    hours.minutes(1)
    ok(alice.delete(f"/projects/{project}"))
    hours.minutes(2)
    assert alice.get(f"/schedules/{made}").status_code == 404
    assert jobs_of(alice, made) == []


def test_the_log_tells_what_people_and_the_clock_did(
    app: Flask, alice: Person, hours: Hours
) -> None:
    made = hours.makes(alice)
    hours.minutes(1)
    ok(alice.patch(f"/schedules/{made}", {"name": "Drum", "payload": {"value": "secret"}}))
    ok(alice.post(f"/schedules/{made}/pause"))
    ok(alice.post(f"/schedules/{made}/resume"))
    ok(alice.delete(f"/schedules/{made}"))
    told = [row for row in rows(app, f"user:{alice.id}") if row.type.startswith("schedule.")]
    assert [(row.type.removeprefix("schedule."), row.actor) for row in told] == [
        ("created", alice.id),
        ("run_started", None),
        ("run_ended", None),
        ("updated", alice.id),
        ("paused", alice.id),
        ("resumed", alice.id),
        ("deleted", alice.id),
    ]
    assert "secret" not in str([row.data for row in told])


# -- what admins see ------------------------------------------------------------------------------


def test_an_admin_sees_an_outline_of_a_personal_one_and_may_pause_it(
    app: Flask, ada: Person, alice: Person
) -> None:
    notes = Notes(app)
    notes.catch_up()
    made = makes_schedule(alice, value="mine")["id"]
    (listed,) = ok(ada.get("/schedules", params={"scope": "all"}))["items"]
    shown = shows(ada, made)
    paused = ok(ada.post(f"/schedules/{made}/pause"))
    for one in (listed, shown, paused):
        assert (one["name"], one["withheld"], one["owner_id"]) == (None, True, alice.id)
    assert (shown["payload"], paused["status"]) == (None, "paused")
    assert shown["cron"] == "* * * * *"
    assert shows(alice, made)["reason"] == "requested"
    (told,) = notes.told(alice)
    assert told["text"].endswith("was paused by an admin.")
