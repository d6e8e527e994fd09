"""Submitting a job: what may be asked for, what is made of it, what is refused."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from flask import Flask

from ..support import jobs
from ..support.each import each
from ..support.jobs import Desk
from ..support.people import Person, ok
from ..support.problems import pointers, problem
from ..support.records import Record, recording
from ..support.work import instant


def orders(person: Person, kind: str = "test_echo", value: Any = None, **more: Any) -> Any:
    return person.post("/jobs", {"type": kind, "payload": {"value": value}} | more)


def jobs_of(person: Person) -> list[dict[str, Any]]:
    return ok(person.get("/jobs"))["items"]


# -- what is made ---------------------------------------------------------------------------------


def test_a_new_job_waits_with_nothing_done(alice: Person) -> None:
    made = alice.submits(value=7)
    assert made | {"type": "test_echo", "status": "queued", "attempt": 0} == made
    empty = ("started_at", "finished_at", "result", "output", "error", "progress", "lease_owner")
    assert [made[name] for name in empty] == [None] * len(empty)


def test_a_new_job_shows_its_order(alice: Person, project: int) -> None:
    more = {"priority": -5, "max_attempts": 2, "timeout_s": 9, "project_id": project}
    made = alice.submits("test_gate", {"deep": [1]}, **more)
    wanted = {"owner_id": alice.id, "payload": {"value": {"deep": [1]}}} | more
    assert made | wanted == made


def test_its_key_is_not_shown(alice: Person) -> None:
    assert "idempotency_key" not in alice.submits(idempotency_key="secret")


def test_a_type_brings_its_own_limits(alice: Person) -> None:
    assert alice.submits("test_gate")["timeout_s"] == 60
    assert alice.submits("test_failing")["max_attempts"] == 3


def test_without_a_payload_it_is_empty(alice: Person) -> None:
    assert ok(alice.post("/jobs", {"type": "test_echo"}))["payload"] == {"value": None}


def test_the_answer_is_what_reading_shows(alice: Person) -> None:
    made = alice.submits(value=[1])
    assert ok(alice.get(f"/jobs/{made['id']}")) == made


def test_the_answer_says_where_the_job_is(alice: Person) -> None:
    response = orders(alice)
    assert response.status_code == 201
    assert ok(alice.get(response.headers["Location"])) == response.json()


def test_the_answers_tag_is_the_jobs(alice: Person) -> None:
    response = orders(alice)
    headers = {"If-None-Match": response.headers["ETag"]}
    assert alice.get(f"/jobs/{response.json()['id']}", headers=headers).status_code == 304


def test_a_new_job_is_recorded(app: Flask, bob: Person, project: int) -> None:
    with recording(app) as told:
        made = bob.submits(project_id=project)["id"]
    data = {"job_id": made, "project_id": project, "job_type": "test_echo", "reason": "submitted"}
    assert told == [Record("job.queued", f"job:{made}", bob.id, data)]


ALIASES = {
    "projectId": ("project_id", 1),
    "runAt": ("run_at", "2099-01-01T00:00:00Z"),
    "maxAttempts": ("max_attempts", 4),
    "timeoutS": ("timeout_s", 44),
}


@each(ALIASES)
def test_other_names_of_members_are_known(alias: str, *, alice: Person, project: int) -> None:
    assert project == 1
    name, value = ALIASES[alias]
    assert ok(orders(alice, **{alias: value}))[name] == value


def test_the_other_name_of_the_key_is_known(alice: Person) -> None:
    first, second = (alice.submits(idempotencyKey="k")["id"] for _ in range(2))
    assert first == second


# -- when it runs ---------------------------------------------------------------------------------

LATER = "2099-06-01T12:00:00"


@each([LATER + "Z", LATER, "2099-06-01T14:00:00+02:00", "2099-06-01T05:30:00.000-06:30"])
def test_run_at_is_a_moment_in_any_zone(text: str, *, alice: Person) -> None:
    made = alice.submits(run_at=text)
    assert (made["run_at"], made["due_at"]) == (LATER + "Z", LATER + "Z")


def test_a_day_is_its_first_moment(alice: Person) -> None:
    assert alice.submits(run_at="2099-06-01")["run_at"] == "2099-06-01T00:00:00Z"


def test_a_moment_that_is_over_means_now(alice: Person, desk: Desk) -> None:
    made = alice.submits(run_at="1999-01-01T00:00:00Z")
    assert (made["run_at"], made["due_at"]) == ("1999-01-01T00:00:00Z", None)
    desk.work()
    assert ok(alice.get(f"/jobs/{made['id']}"))["status"] == "succeeded"


def test_a_delayed_job_is_queued_too(alice: Person) -> None:
    assert alice.submits(run_at=LATER)["status"] == "queued"


@each(
    [
        "tomorrow",
        "2099-13-01T00:00:00Z",
        "",
        1893456000,
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "2099-06-01T12:00:00+99:99",
    ]
)
def test_what_is_no_moment_is_refused(text: Any, *, alice: Person) -> None:
    assert pointers(orders(alice, run_at=text)) == ["#/run_at"]


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_the_first_and_the_last_moment_are_taken(alice: Person, desk: Desk, text: str) -> None:
    made = alice.submits(run_at=text)
    desk.work()
    assert ok(alice.get(f"/jobs/{made['id']}"))["run_at"] == text


# -- limits ---------------------------------------------------------------------------------------

RANGES = {"priority": (-100, 100), "max_attempts": (1, 20), "timeout_s": (1, 3600)}
ENDS = [(name, end) for name, ends in RANGES.items() for end in ends]


@each(ENDS)
def test_limits_are_taken(name: str, value: int, *, alice: Person) -> None:
    assert alice.submits(**{name: value})[name] == value


@each([(name, ends[0] - 1) for name, ends in RANGES.items()])
def test_less_is_refused(name: str, value: int, *, alice: Person) -> None:
    assert pointers(orders(alice, **{name: value})) == [f"#/{name}"]


@each([(value, name) for value in ["1", 1.5, True, [], 2**70, -(2**70)] for name in RANGES])
def test_what_is_no_whole_number_or_too_large_is_refused(
    value: Any, name: str, *, alice: Person
) -> None:
    assert pointers(orders(alice, **{name: value})) == [f"#/{name}"]


@each(["project_id", "run_at", "max_attempts", "timeout_s"])
def test_null_is_as_if_it_were_not_there(name: str, *, alice: Person) -> None:
    assert orders(alice, **{name: None}).status_code == 201


# -- types and payloads ---------------------------------------------------------------------------


def test_an_unknown_type_is_told_the_known_ones(alice: Person) -> None:
    error = problem(orders(alice, "mining"), 422)["errors"][0]
    assert error["pointer"] == "#/type"
    assert {"code_execution", "report", "test_echo"} <= set(re.findall(r"\w+", error["detail"]))


@each([None, 5, "", "x" * 100_000, "test_echo\u0000", ["test_echo"]])
def test_what_is_no_type_is_refused(value: Any, *, alice: Person) -> None:
    assert pointers(orders(alice, value)) == ["#/type"]


def test_a_type_is_needed(alice: Person) -> None:
    assert pointers(alice.post("/jobs", {"payload": {}})) == ["#/type"]


@each([None, 5, "x", ["x"]])
def test_a_payload_is_an_object(payload: Any, *, alice: Person) -> None:
    response = alice.post("/jobs", {"type": "test_echo", "payload": payload})
    assert pointers(response) == ["#/payload"]


def test_an_error_in_the_payload_is_pointed_at(alice: Person) -> None:
    payload = {"language": "cobol", "code": 5, "more": 1}
    response = alice.post("/jobs", {"type": "code_execution", "payload": payload})
    assert set(pointers(response)) == {
        "#/payload/language",
        "#/payload/code",
        "#/payload/more",
    }


def test_a_slash_in_a_name_is_escaped_in_the_pointer(alice: Person) -> None:
    response = alice.post("/jobs", {"type": "test_echo", "payload": {"a/b~c": 1}})
    assert pointers(response) == ["#/payload/a~1b~0c"]


def test_all_errors_are_told_at_once(alice: Person) -> None:
    response = alice.post("/jobs", {"type": "test_echo", "priority": 101, "colour": "red"})
    assert set(pointers(response)) == {"#/priority", "#/colour"}


UNICODE = {
    "controls": "\u0001\u001f\u007f",
    "right to left": "\u202egpj.exe",
    "emoji": "👩‍👩‍👧‍👦",
    "beyond the plane": "\U0010ffff",
    "not a character": "\uffff\ufffe",
    "line separators": "\u2028\u2029",
    "a quote": "'; DROP TABLE jobs; --",
    "many accents": "a" + "\u0301" * 500,
}


@each(UNICODE)
def test_any_text_goes_through_a_job_and_back(name: str, *, alice: Person, desk: Desk) -> None:
    made = alice.submits(value={UNICODE[name]: UNICODE[name]})["id"]
    desk.work()
    assert ok(alice.get(f"/jobs/{made}"))["result"]["value"] == {UNICODE[name]: UNICODE[name]}


@each([2**64 - 1, -(2**63), 1e308, 5e-324, -0.0, [[[]]], {}, False])
def test_any_value_goes_through_a_job_and_back(value: Any, *, alice: Person, desk: Desk) -> None:
    made = alice.submits(value=value)["id"]
    desk.work()
    assert ok(alice.get(f"/jobs/{made}"))["result"]["value"] == value


LONE = b'{"type": "test_echo", "payload": {"value": "\\ud800"}}'
DEEP = b'{"type": "test_echo", "payload": {"value": ' + b"[" * 300 + b"]" * 300 + b"}}"
NAN = b'{"type": "test_echo", "payload": {"value": NaN}}'


@each([LONE, DEEP, NAN])
def test_what_no_reader_could_take_is_400(body: bytes, *, alice: Person) -> None:
    headers = {"Content-Type": "application/json"}
    problem(alice.request("POST", "/jobs", content=body, headers=headers), 400)


def test_a_payload_as_deep_as_may_be_goes_through(alice: Person, desk: Desk) -> None:
    value = json.loads("[" * 197 + "]" * 197)
    made = alice.submits(value=value)["id"]
    desk.work()
    assert ok(alice.get(f"/jobs/{made}"))["result"]["value"] == value


def sends_bytes(person: Person, size: int) -> httpx.Response:
    """Submit a job whose request has a size."""
    head, tail = b'{"type": "test_echo", "payload": {"value": "', b'"}}'
    body = head + b"x" * (size - len(head) - len(tail)) + tail
    headers = {"Content-Type": "application/json"}
    return person.request("POST", "/jobs", content=body, headers=headers)


def test_a_request_of_1_mib_is_taken(alice: Person, desk: Desk) -> None:
    made = ok(sends_bytes(alice, 2**20))
    desk.work()
    result = ok(alice.get(f"/jobs/{made['id']}"))["result"]
    assert result["value"] == made["payload"]["value"]


def test_a_byte_more_is_413(alice: Person) -> None:
    problem(sends_bytes(alice, 2**20 + 1), 413)


# -- rights and refusals --------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "status"), [("vera", 403), ("charlie", 404)])
def test_a_job_in_a_project_needs_the_right_to_write(
    app: Flask, request: pytest.FixtureRequest, alice: Person, project: int, name: str, status: int
) -> None:
    person: Person = request.getfixturevalue(name)
    with recording(app) as told:
        problem(orders(person, project_id=project), status)
    jobs_there = ok(alice.get(f"/jobs?project_id={project}"))["items"]
    assert (told, jobs_there) == ([], [])


def test_a_project_that_is_not_there_is_404(alice: Person) -> None:
    problem(orders(alice, project_id=77), 404)


@each([0, -1, "1", 2**63, True])
def test_what_is_no_project_is_refused(value: Any, *, alice: Person) -> None:
    assert pointers(orders(alice, project_id=value)) == ["#/project_id"]


def test_what_is_refused_makes_no_job(app: Flask, alice: Person) -> None:
    with recording(app) as told:
        problem(orders(alice, "mining"), 422)
        problem(orders(alice, colour="red"), 422)
    assert (told, jobs_of(alice)) == ([], [])


def test_a_type_that_is_not_available_is_503_with_its_reason(alice: Person) -> None:
    jobs.away.append("It is out: install `it`.")
    response = orders(alice, "test_away")
    assert problem(response, 503)["detail"] == "It is out: install `it`."
    assert int(response.headers["Retry-After"]) >= 1


def test_a_type_that_is_not_available_makes_no_job(app: Flask, alice: Person) -> None:
    jobs.away.append("It is out.")
    with recording(app) as told:
        orders(alice, "test_away", idempotency_key="k")
    assert (told, jobs_of(alice)) == ([], [])


def test_a_refused_key_is_free(alice: Person) -> None:
    jobs.away.append("It is out.")
    orders(alice, "test_away", idempotency_key="k")
    jobs.away.clear()
    assert orders(alice, "test_away", 2, idempotency_key="k").status_code == 201


# -- the types ------------------------------------------------------------------------------------


def the_type(person: Person, name: str) -> dict[str, Any]:
    found = ok(person.get("/jobs/types"))["items"]
    return next(kind for kind in found if kind["name"] == name)


def test_a_type_says_what_it_does_and_how_long_and_often(alice: Person) -> None:
    wanted = {"summary": "Wait like a gate, but never run twice.", "timeout_s": 60}
    wanted |= {"max_attempts": 1, "repeatable": False, "available": True, "reason": None}
    found = the_type(alice, "test_once")
    assert found | wanted == found


def test_a_type_says_why_it_is_not_available(alice: Person) -> None:
    jobs.away.append("It is out.")
    found = the_type(alice, "test_away")
    assert (found["available"], found["reason"]) == (False, "It is out.")


def test_the_times_of_a_new_job_are_now(alice: Person) -> None:
    before = datetime.now(UTC) - timedelta(seconds=1)
    made = alice.submits()
    times = [instant(made[name]) for name in ("created_at", "updated_at")]
    assert all(before < one < datetime.now(UTC) + timedelta(seconds=1) for one in times)
