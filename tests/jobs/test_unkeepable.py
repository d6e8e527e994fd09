"""What a job makes or says that no table can take harms that job alone."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from collab.jobs.context import JobError, Result

from ..support.history import rows
from ..support.jobs import Desk, strange
from ..support.people import Person
from ..support.work import seen, status


def strangely(person: Person, desk: Desk, act: Any) -> dict[str, Any]:
    """Run a job that does something strange, and return what became of it."""
    strange.append(act)
    made = person.submits("test_strange")["id"]
    desk.work()
    return seen(person, made)


def test_a_job_may_return_nothing(alice: Person, desk: Desk) -> None:
    made = strangely(alice, desk, lambda ctx: None)
    assert (made["status"], made["result"], made["output"]) == ("succeeded", None, None)


def result(**members: Any) -> Any:
    return lambda ctx: Result(**members)


def fails(*arguments: Any) -> Any:
    def act(ctx: Any) -> None:
        raise JobError(*arguments)

    return act


class Mute(Exception):
    """An exception that can't even be printed."""

    def __str__(self) -> str:
        raise RuntimeError("no words")


def mutely(ctx: Any) -> None:
    raise Mute


LONE = "\ud800"
UNSTORABLE = {
    "a set": result(data={"value": {1, 2}}),
    "half a surrogate pair": result(data={"value": LONE}),
    "a number beyond 64 bits": result(data={"value": 2**70}),
    "keys that are no text": result(data={1: 2}),
    "endless depth": result(data={"value": (lambda x: [x := [x] for _ in range(500)][-1])([])}),
    "a list": result(data=[1]),
    "text for a body": result(data={}, body="text"),
    "a name that is no text": result(data={}, body=b"x", filename=LONE),
    "a name of two lines": result(data={}, body=b"x", filename="a\nb"),
    "a type of two lines": result(data={}, body=b"x", content_type="text/plain\r\nX: y"),
    "no result": lambda ctx: {"value": 1},
}


@pytest.mark.parametrize("name", UNSTORABLE)
def test_a_result_that_can_not_be_kept_fails_its_job_alone(
    alice: Person, desk: Desk, name: str
) -> None:
    other = alice.submits()["id"]
    shown = strangely(alice, desk, UNSTORABLE[name])
    assert (shown["status"], shown["error"]["code"]) == ("failed", "bad_result")
    assert status(alice, other) == "succeeded"


ODD_ERRORS = {
    "half a surrogate pair": fails("odd", LONE),
    "an odd code": fails(LONE, "x"),
    "a long message": fails("odd", "x" * 10**6),
    "an odd result": fails("odd", "x"),
    "no words": mutely,
}


@pytest.mark.parametrize("name", ODD_ERRORS)
def test_an_error_that_can_not_be_told_is_told_as_well_as_it_can(
    alice: Person, desk: Desk, name: str
) -> None:
    shown = strangely(alice, desk, ODD_ERRORS[name])
    assert (shown["status"], set(shown["error"])) == ("dead", {"code", "message"})
    assert len(shown["error"]["message"]) <= 2000


def speaks_oddly(ctx: Any) -> None:
    ctx.progress(0.5, LONE)
    ctx.log(LONE)
    ctx.output("stdout", LONE)


def test_words_that_can_not_be_kept_are_kept_as_well_as_they_can(alice: Person, desk: Desk) -> None:
    shown = strangely(alice, desk, speaks_oddly)
    assert (shown["status"], shown["progress_message"]) == ("succeeded", "?")


@pytest.mark.parametrize(
    ("fraction", "wanted"), [(-1, 0.0), (7, 1.0), (float("inf"), 1.0), (float("nan"), 0.0)]
)
def test_progress_is_within_0_and_1(
    alice: Person, desk: Desk, app: Flask, fraction: float, wanted: float
) -> None:
    made = alice.submits("test_talker", [])["id"]

    def act(ctx: Any) -> None:
        ctx.progress(fraction)

    made = strangely(alice, desk, act)["id"]
    told = [row.data["progress"] for row in rows(app, f"job:{made}") if row.type.endswith("ssed")]
    assert told == [wanted]
