"""`data_processing` jobs over the API."""

from __future__ import annotations

from typing import Any

from collab.processing import job_types
from tests.support.jobs import Desk
from tests.support.people import Person, ok
from tests.support.problems import pointers, problem

KIND = "data_processing"
CSV = "city,price\nLyon,1.5\nKöln,2\nLyon,3\n".encode()


def submit(person: Person, payload: dict[str, Any], **more: Any) -> Any:
    return person.post("/jobs", {"type": KIND, "payload": payload} | more)


def done(person: Person, desk: Desk, payload: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Submit a job, run it, and return it as it is then."""
    job = ok(submit(person, payload, **more))
    desk.work()
    found: dict[str, Any] = ok(person.get(f"/jobs/{job['id']}"))
    return found


def test_the_job_runs_the_function_of_its_package() -> None:
    assert job_types.data_processing.run.__module__ == "collab.processing.job_types"


def test_rows_of_the_request_are_processed(alice: Person, desk: Desk) -> None:
    rows = [{"x": 2}, {"x": 1}]
    job = done(alice, desk, {"rows": rows, "sort": ["x"]})
    assert (job["status"], job["progress"]) == ("succeeded", 1.0)
    assert job["result"]["rows"] == [{"x": 1}, {"x": 2}]


def test_an_upload_is_processed(alice: Person, desk: Desk) -> None:
    upload = alice.uploads(CSV, name="sales.csv")
    steps = {"group_by": ["city"], "aggregate": [{"fn": "sum", "column": "price"}]}
    job = done(alice, desk, {"upload_id": upload["id"], "sort": ["city"]} | steps)
    wanted = [{"city": "Köln", "sum_price": 2}, {"city": "Lyon", "sum_price": 4.5}]
    assert job["result"]["rows"] == wanted


def test_the_name_of_an_upload_tells_its_format(alice: Person, desk: Desk) -> None:
    upload = alice.uploads(b'{"a,b": 1}', name="x.csv")
    job = done(alice, desk, {"upload_id": upload["id"]})
    assert [one["name"] for one in job["result"]["columns"]] == ['{"a', 'b": 1}']


def test_an_unknown_column_fails_the_job_at_its_first_attempt(alice: Person, desk: Desk) -> None:
    job = done(alice, desk, {"rows": [{"price": 1}], "sort": ["prize"]})
    assert (job["status"], job["attempt"]) == ("failed", 1)
    assert job["error"] == {
        "code": "unknown_column",
        "message": 'There is no column "prize". Did you mean "price"? The columns are "price".',
    }


def test_a_job_whose_upload_is_gone_fails_for_good(alice: Person, desk: Desk) -> None:
    upload = alice.uploads(CSV)
    job = ok(submit(alice, {"upload_id": upload["id"]}))
    ok(alice.delete(f"/uploads/{upload['id']}"))
    desk.work()
    found = ok(alice.get(f"/jobs/{job['id']}"))
    assert (found["status"], found["attempt"]) == ("failed", 1)
    assert found["error"]["code"] == "upload_gone"


def test_an_upload_that_is_not_there_is_refused(alice: Person) -> None:
    assert pointers(submit(alice, {"upload_id": 999})) == ["#/payload/upload_id"]


def test_an_upload_of_somebody_else_is_refused(alice: Person, charlie: Person) -> None:
    upload = alice.uploads(CSV)
    assert pointers(submit(charlie, {"upload_id": upload["id"]})) == ["#/payload/upload_id"]


def test_a_project_s_upload_is_for_its_members(
    alice: Person, bob: Person, charlie: Person, desk: Desk, project: int
) -> None:
    upload = alice.uploads(CSV, project_id=project)
    job = done(bob, desk, {"upload_id": upload["id"]}, project_id=project)
    assert job["result"]["source_rows"] == 3
    assert pointers(submit(charlie, {"upload_id": upload["id"]})) == ["#/payload/upload_id"]


def test_a_bad_payload_is_refused_with_its_place(alice: Person) -> None:
    answer = submit(alice, {"rows": [], "filter": [{"column": "x", "op": "like", "value": 1}]})
    (error,) = problem(answer, 422)["errors"]
    assert error["pointer"] == "#/payload/filter/0/op"
    assert "starts_with" in error["detail"]


def test_any_text_comes_through(alice: Person, desk: Desk) -> None:
    row = {text: text for text in ("\x01", "é😀", "\u2028", "</script>")}
    job = done(alice, desk, {"rows": [row]})
    assert job["result"]["rows"] == [row]
