"""The attempts at a job, the one under way included."""

from __future__ import annotations

from typing import Any

import pytest

from ..support.jobs import Desk
from ..support.people import Person, ok
from ..support.work import attempts, instant


def test_a_job_that_waits_has_no_attempt(alice: Person) -> None:
    assert attempts(alice, alice.submits()["id"]) == []


def test_an_attempt_shows_who_when_and_how(alice: Person, desk: Desk) -> None:
    made = alice.submits("test_hopeless")["id"]
    desk.work()
    (attempt,) = attempts(alice, made)
    error = {"code": "hopeless", "message": "There is no use."}
    wanted = {"number": 1, "outcome": "failed", "worker": desk.worker.name, "error": error}
    assert attempt | wanted == attempt
    assert instant(attempt["started_at"]) <= instant(attempt["finished_at"])


def test_the_running_attempt_is_among_them(alice: Person, desk: Desk) -> None:
    made = alice.submits("test_gate", "gate")["id"]
    desk.starts("gate")
    (attempt,) = attempts(alice, made)
    wanted = {"number": 1, "outcome": "running", "worker": desk.worker.name, "finished_at": None}
    assert attempt | wanted | {"error": None} == attempt


@pytest.fixture
def third(alice: Person, desks: Any) -> int:
    """Return a job whose third attempt runs."""
    made = alice.submits("test_gate", "gate")["id"]
    for _ in range(2):
        desk = desks()
        desk.starts("gate")
        desk.scheduler.close()
        desk.hears("gate")
    desks().starts("gate")
    return int(made)


def numbers(person: Person, job_id: int, sort: str, limit: int) -> list[list[int]]:
    """Return the numbers of a job's attempts, page by page."""
    pages: list[list[int]] = []
    query: dict[str, Any] = {"sort": sort, "limit": limit}
    while True:
        page = ok(person.get(f"/jobs/{job_id}/attempts", params=query))
        pages.append([one["number"] for one in page["items"]])
        if page["next_cursor"] is None:
            return pages
        query["cursor"] = page["next_cursor"]


def test_attempts_are_listed_from_the_first(alice: Person, third: int) -> None:
    assert numbers(alice, third, "id", 20) == [[1, 2, 3]]


def test_attempts_are_listed_from_the_last(alice: Person, third: int) -> None:
    assert numbers(alice, third, "-id", 20) == [[3, 2, 1]]


@pytest.mark.parametrize(("sort", "pages"), [("id", [[1], [2], [3]]), ("-id", [[3], [2], [1]])])
def test_a_page_of_attempts_is_no_longer_than_asked(
    alice: Person, third: int, sort: str, pages: list[list[int]]
) -> None:
    assert numbers(alice, third, sort, 1) == pages
