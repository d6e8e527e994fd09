"""What a run says is kept and told, in its order, up to a bound."""

from __future__ import annotations

import pytest
from flask import Flask

from ..support.jobs import Desk, waiting
from ..support.people import Person, ok
from ..support.records import recording
from ..support.work import kinds, seen, status


def test_words_are_kept_in_their_order(alice: Person, desk: Desk) -> None:
    words = [["stdout", "a"], ["log", "b\n"], ["stderr", "c"], ["stdout", "d"]]
    made = alice.submits("test_talker", words)["id"]
    desk.work()
    kept = ok(alice.get(f"/jobs/{made}/log"))["items"]
    assert [[one["stream"], one["text"]] for one in kept] == words
    assert {one["attempt"] for one in kept} == {1}


def test_words_are_told_before_the_end(app: Flask, alice: Person, desk: Desk) -> None:
    made = alice.submits("test_talker", [["stdout", "a"], [0.5, "half"], ["stdout", "b"]])["id"]
    desk.work()
    assert kinds(app, made) == [
        "job.queued",
        "job.started",
        "job.output",
        "job.output",
        "job.progressed",
        "job.succeeded",
    ]


def test_progress_is_shown_while_it_runs(alice: Person, desk: Desk) -> None:
    made = alice.submits("test_gate", "gate")["id"]
    desk.starts("gate")
    waiting["gate"].progress(0.25, "a quarter")
    desk.clock.passes(0.2)
    desk.tick()
    shown = seen(alice, made)
    assert (shown["progress"], shown["progress_message"]) == (0.25, "a quarter")


def test_words_are_shown_while_it_runs(app: Flask, alice: Person, desk: Desk) -> None:
    made = alice.submits("test_gate", "gate")["id"]
    desk.starts("gate")
    waiting["gate"].log("on the way")
    desk.clock.passes(0.2)
    with recording(app) as told:
        desk.tick()
    data = {"job_id": made, "project_id": None, "attempt": 1, "stream": "log"}
    assert [one.data for one in told] == [data | {"text": "on the way\n"}]


def test_a_new_attempt_starts_without_progress(alice: Person, desk: Desk) -> None:
    made = alice.submits("test_gate", "gate", timeout_s=10)["id"]
    (context,) = desk.starts("gate")
    context.progress(0.9, "nearly")
    desk.clock.passes(10)
    desk.tick()
    desk.hears("gate")
    desk.clock.passes(600)
    desk.starts("gate")
    shown = seen(alice, made)
    assert (shown["progress"], shown["progress_message"]) == (None, None)


LIMIT = 64 * 1024


def kept(person: Person, job_id: int, stream: str) -> str:
    items = ok(person.get(f"/jobs/{job_id}/log?limit=100&stream={stream}"))["items"]
    return "".join(one["text"] for one in items)


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
@pytest.mark.parametrize("text", ["x", "é", "€", "👍"])
def test_a_stream_is_kept_up_to_64_kib_and_the_job_goes_on(
    alice: Person, desk: Desk, stream: str, text: str
) -> None:
    words = [[stream, "-"], *[[stream, text * 1000]] * 70]
    made = alice.submits("test_talker", words)["id"]
    desk.work()
    found = kept(alice, made, stream)
    assert LIMIT - 4 < len(found.encode()) <= LIMIT
    assert (status(alice, made), found) == ("succeeded", ("-" + text * 70_000)[: len(found)])


def test_each_stream_has_its_own_64_kib(alice: Person, desk: Desk) -> None:
    words = [[stream, "x" * 70_000] for stream in ("stdout", "stderr")]
    made = alice.submits("test_talker", words)["id"]
    desk.work()
    assert [len(kept(alice, made, stream)) for stream in ("stdout", "stderr")] == [LIMIT] * 2


def test_what_is_cut_off_is_marked_once(alice: Person, desk: Desk) -> None:
    words = [["stdout", "x" * 70_000]] * 3 + [["log", "still here\n"]]
    made = alice.submits("test_talker", words)["id"]
    desk.work()
    mark = "The rest of stdout is not kept: there is more than 64 KiB of it.\n"
    assert kept(alice, made, "log") == mark + "still here\n"


def test_a_log_that_is_cut_off_is_marked_too(alice: Person, desk: Desk) -> None:
    made = alice.submits("test_talker", [["log", "x" * 1000]] * 99)["id"]
    desk.work()
    mark = "\nThe rest of log is not kept: there is more than 64 KiB of it.\n"
    assert kept(alice, made, "log") == "x" * LIMIT + mark
