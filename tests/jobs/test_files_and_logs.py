"""What a job said, page by page, and the file that it made."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from collab.jobs.context import JobContext, Result

from ..support import jobs
from ..support.jobs import Desk
from ..support.people import Person, paged
from ..support.problems import pointers, problem
from ..support.work import lines, seen, status

# -- what it said ---------------------------------------------------------------------------------

WORDS = [["stdout", "a"], ["stderr", "b"], ["log", "c"], ["stdout", "d"], ["stderr", "e"]]


@pytest.fixture
def talked(alice: Person, desk: Desk) -> int:
    """Return a job that has said something."""
    alice.submits("test_talker", [["stdout", "another job's"]])
    made = alice.submits("test_talker", WORDS)["id"]
    desk.work()
    return int(made)


@pytest.mark.parametrize("stream", ["stdout", "stderr", "log"])
def test_a_log_can_be_of_one_stream(alice: Person, talked: int, stream: str) -> None:
    expected = [text for name, text in WORDS if name == stream]
    assert [one["text"] for one in lines(alice, talked, stream=stream)] == expected


@pytest.mark.parametrize("sort", ["id", "-id"])
def test_pages_lead_through_the_whole_log_once(alice: Person, talked: int, sort: str) -> None:
    whole = [one["id"] for one in lines(alice, talked, sort=sort)]
    assert len(whole) == len(WORDS)
    assert paged(alice, f"/jobs/{talked}/log?limit=2&sort={sort}") == whole


def test_pages_of_a_log_keep_to_their_stream(alice: Person, talked: int) -> None:
    expected = [one["id"] for one in lines(alice, talked, stream="stdout")]
    assert paged(alice, f"/jobs/{talked}/log?limit=1&stream=stdout") == expected


def test_words_that_come_later_are_after_the_last_page(alice: Person, desk: Desk) -> None:
    made = alice.submits("test_failing")["id"]
    desk.work()
    first = lines(alice, made)
    desk.clock.passes(600)
    desk.work()
    then = lines(alice, made)
    assert then[: len(first)] == first
    assert [one["attempt"] for one in then] == [1, 2]


@pytest.mark.parametrize(("name", "value"), [("stream", "stdin"), ("sort", "text"), ("limit", 0)])
def test_a_bad_filter_of_a_log_is_pointed_at(
    alice: Person, talked: int, name: str, value: Any
) -> None:
    answer = alice.get(f"/jobs/{talked}/log", params={name: value})
    assert pointers(answer) == [f"#/query/{name}"]


# -- what it made ---------------------------------------------------------------------------------


def made_file(who: Person, desk: Desk, **options: Any) -> httpx.Response:
    """Run a job that makes a file, and fetch it."""

    def make(ctx: JobContext) -> Result:
        return Result({}, **options)

    jobs.strange.append(make)
    made = who.submits("test_strange")["id"]
    desk.work()
    assert status(who, made) == "succeeded"
    return who.get(f"/jobs/{made}/output")


def test_a_browser_saves_the_file_and_never_opens_it(alice: Person, desk: Desk) -> None:
    page = b"<script>alert(1)</script>"
    got = made_file(alice, desk, body=page, content_type="text/html", filename="report.html")
    assert got.content == page
    assert got.headers["Content-Type"] == "text/html"
    assert got.headers["Content-Disposition"] == "attachment; filename=report.html"
    assert got.headers["X-Content-Type-Options"] == "nosniff"
    assert got.headers["Content-Length"] == str(len(page))


@pytest.mark.parametrize("kind", ["text/html; charset=utf-8", "text/csv; charset=latin-1", "a/b"])
def test_a_file_has_its_type_as_it_was_given(alice: Person, desk: Desk, kind: str) -> None:
    assert made_file(alice, desk, body=b"x", content_type=kind).headers["Content-Type"] == kind


def test_a_file_is_not_for_shared_caches(alice: Person, desk: Desk) -> None:
    got = made_file(alice, desk, body=b"x").headers
    assert (got["Cache-Control"], got["Vary"]) == ("private, no-cache", "Authorization")


def test_a_part_of_a_file_can_be_fetched(alice: Person, desk: Desk) -> None:
    made = made_file(alice, desk, body=b"0123456789")
    part = alice.get(made.request.url.path, headers={"Range": "bytes=2-4"})
    assert (part.status_code, part.content) == (206, b"234")


def test_a_file_without_a_name_is_called_output(alice: Person, desk: Desk) -> None:
    got = made_file(alice, desk, body=b"x", content_type="text/plain")
    assert got.headers["Content-Disposition"] == "attachment; filename=output"


def test_a_file_without_a_type_is_bytes(alice: Person, desk: Desk) -> None:
    got = made_file(alice, desk, body=b"x", filename="x")
    assert got.headers["Content-Type"] == "application/octet-stream"


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ('a"; filename="evil.exe', r'attachment; filename="a\"; filename=\"evil.exe"'),
        ("Übersicht.html", "filename*=UTF-8''%C3%9Cbersicht.html"),
    ],
)
def test_a_name_stays_within_its_header(alice: Person, desk: Desk, name: str, written: str) -> None:
    got = made_file(alice, desk, body=b"x", content_type="text/html", filename=name)
    assert written in got.headers["Content-Disposition"]


def test_a_file_whose_name_is_a_path_fails_its_job(alice: Person, desk: Desk) -> None:
    jobs.strange.append(lambda ctx: Result({}, body=b"x", filename="../../report.html"))
    made = alice.submits("test_strange")["id"]
    desk.work()
    assert status(alice, made) == "failed"
    problem(alice.get(f"/jobs/{made}/output"), 404)


def test_an_empty_file_is_a_file(alice: Person, desk: Desk) -> None:
    got = made_file(alice, desk, body=b"", content_type="text/plain", filename="empty.txt")
    assert (got.status_code, got.content) == (200, b"")


def test_a_job_without_a_file_has_no_output(alice: Person, desk: Desk) -> None:
    made = alice.submits()["id"]
    desk.work()
    assert seen(alice, made)["output"] is None
    problem(alice.get(f"/jobs/{made}/output"), 404)


def test_a_job_that_is_not_over_has_no_output(alice: Person) -> None:
    problem(alice.get(f"/jobs/{alice.submits('test_file')['id']}/output"), 404)
