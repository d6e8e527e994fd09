"""A worker holds its jobs by a lease: the dead lose theirs at once, the living never."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from collab.extensions import db
from collab.jobs.engine.worker_lock import WorkerLock

from ..support import databases, jobs
from ..support.jobs import Clock, Desk
from ..support.people import Person, ok
from ..support.records import recording
from ..support.work import attempts, kinds, outcomes, seen, status, statuses

Desks = Callable[..., Desk]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def new(desks: Desks, clock: Clock) -> Desks:
    """Return a maker of workers of one clock, whose jobs run in threads."""

    def make(**options: Any) -> Desk:
        desk = desks(clock=clock, **options)
        desk.begin = desk.in_a_thread
        return desk

    return make


@pytest.fixture
def first(new: Desks) -> Desk:
    return new()


@pytest.fixture
def second(new: Desks) -> Desk:
    return new()


def stands_by(desk: Desk, seconds: float) -> None:
    """Let time pass, in which a worker looks at the table as it does."""
    for _ in range(int(seconds / 5) + 1):
        desk.clock.passes(5)
        desk.tick()


def takes_up(desk: Desk, person: Person, job_id: int) -> None:
    """Let time pass until a worker finds that another has lost its job."""
    desk.tick()
    for _ in range(8):
        if outcomes(person, job_id)[0] == "worker_lost":
            return
        desk.clock.passes(5)
        desk.tick()
    raise AssertionError("nobody takes it up")


# -- standing still -------------------------------------------------------------------------------


def test_a_worker_that_stands_still_keeps_its_jobs_for_the_length_of_a_lease(
    alice: Person, first: Desk, second: Desk
) -> None:
    made = alice.submits("test_gate", "gate")["id"]
    first.starts("gate")
    second.tick()
    stands_by(second, 20)
    assert seen(alice, made)["lease_owner"] == first.worker.name


def test_after_that_its_job_is_lost_to_it(alice: Person, first: Desk, second: Desk) -> None:
    made = alice.submits("test_deaf", "gate")["id"]
    first.starts("gate")
    takes_up(second, alice, made)
    attempt = attempts(alice, made)[0]
    assert (attempt["worker"], attempt["error"]["code"]) == (first.worker.name, "worker_lost")


@pytest.fixture
def overtaken(alice: Person, first: Desk, second: Desk) -> int:
    """Return a job that one worker left standing, and another has done meanwhile."""
    made = int(alice.submits("test_deaf", "gate", timeout_s=3600)["id"])
    first.starts("gate")
    takes_up(second, alice, made)
    jobs.waiting.clear()
    second.clock.passes(5)
    second.starts("gate")
    return made


def test_a_late_write_changes_nothing(
    app: Flask, alice: Person, first: Desk, second: Desk, overtaken: int
) -> None:
    second.opens("gate")
    before = seen(alice, overtaken)
    with recording(app) as told:
        first.lets_go("gate")
        first.tick()
    assert (before["status"], before["attempt"]) == ("succeeded", 2)
    assert (seen(alice, overtaken), told) == (before, [])
    assert outcomes(alice, overtaken) == ["worker_lost", "succeeded"]


def test_a_late_write_does_not_end_the_next_run(
    alice: Person, first: Desk, second: Desk, overtaken: int
) -> None:
    first.scheduler.over(*only_run(first))
    first.tick()
    shown = seen(alice, overtaken)
    assert (shown["status"], shown["lease_owner"]) == ("running", second.worker.name)
    second.opens("gate")
    assert status(alice, overtaken) == "succeeded"


def only_run(desk: Desk) -> tuple[Any, Any]:
    """Return a worker's run with the ending that its code would bring."""
    from collab.jobs.context import Result
    from collab.jobs.engine.lifecycle import Ending

    (run,) = desk.scheduler.runs.values()
    return run, Ending("succeeded", result=Result({"late": "very"}))


def test_a_late_word_is_not_told(app: Flask, first: Desk, second: Desk, overtaken: int) -> None:
    (run,) = first.scheduler.runs.values()
    run.context.log("still here")
    with recording(app) as told:
        first.tick()
    assert (told, run.context.stop_reason) == ([], "lost")


def test_a_worker_that_goes_on_learns_what_it_lost(first: Desk, overtaken: int) -> None:
    (run,) = first.scheduler.runs.values()
    first.clock.passes(1)
    first.tick()
    assert run.context.stop_reason == "lost"


def test_a_worker_that_goes_on_does_not_renew_what_it_lost(
    alice: Person, first: Desk, second: Desk, overtaken: int
) -> None:
    first.clock.passes(11)
    first.tick()
    assert seen(alice, overtaken)["lease_owner"] == second.worker.name


def test_it_takes_new_jobs_all_the_same(
    alice: Person, first: Desk, second: Desk, overtaken: int
) -> None:
    second.scheduler.close()
    made = alice.submits(value="new")["id"]
    first.tick()
    first.hears("new")
    assert status(alice, made) == "succeeded"


# -- renewing -------------------------------------------------------------------------------------


def test_a_worker_that_renews_loses_nothing(alice: Person, first: Desk, second: Desk) -> None:
    made = alice.submits("test_gate", "gate", timeout_s=3600)["id"]
    first.starts("gate")
    for _ in range(30):  # as long as five leases
        first.clock.passes(5)
        first.tick()
        second.tick()
    assert (status(alice, made), outcomes(alice, made)) == ("running", ["running"])


@pytest.mark.parametrize("seconds", [3600, -3600])
def test_a_clock_that_is_set_steals_nothing(
    alice: Person, first: Desk, second: Desk, seconds: float
) -> None:
    made = alice.submits("test_gate", "gate", timeout_s=3600)["id"]
    first.starts("gate")
    second.tick()
    first.clock.is_set(seconds)
    for _ in range(20):
        first.clock.passes(5)
        second.tick()
        first.tick()
    assert outcomes(alice, made) == ["running"]


@pytest.mark.parametrize("seconds", [3600, -3600])
def test_two_workers_need_not_agree_on_the_time(
    alice: Person, desks: Desks, seconds: float
) -> None:
    first, second = desks(), desks()
    second.clock.is_set(seconds)
    made = alice.submits("test_gate", "gate", timeout_s=3600)["id"]
    first.starts("gate")
    for _ in range(20):
        for desk in (second, first):
            desk.clock.passes(5)
            desk.tick()
    assert outcomes(alice, made) == ["running"]


@pytest.mark.parametrize("seconds", [3600, -3600])
def test_a_clock_that_is_set_strands_nothing(
    alice: Person, first: Desk, second: Desk, seconds: float
) -> None:
    made = alice.submits("test_deaf", "gate")["id"]
    first.starts("gate")
    second.tick()
    first.clock.is_set(seconds)
    takes_up(second, alice, made)
    assert status(alice, made) == "retry_wait"


def test_renewing_is_a_change_that_is_shown(alice: Person, first: Desk) -> None:
    made = alice.submits("test_gate", "gate")["id"]
    first.starts("gate")
    before = alice.get(f"/jobs/{made}")
    first.clock.passes(10)
    first.tick()
    again = alice.get(f"/jobs/{made}", headers={"If-None-Match": before.headers["ETag"]})
    assert again.status_code == 200
    assert again.json()["lease_until"] > before.json()["lease_until"]


@pytest.mark.parametrize("lease_s", [30, 6])
def test_a_worker_that_itself_stood_still_does_not_take_that_for_the_others_silence(
    alice: Person, new: Desks, lease_s: float
) -> None:
    first, second = new(lease_s=lease_s), new(lease_s=lease_s)
    made = alice.submits("test_gate", "gate", timeout_s=3600)["id"]
    first.starts("gate")
    second.tick()
    first.clock.passes(600)  # the machine slept
    second.tick()
    first.tick()
    for _ in range(20):
        first.clock.passes(5)
        second.tick()
        first.tick()
    assert outcomes(alice, made) == ["running"]


# -- dead -----------------------------------------------------------------------------------------


def test_a_dead_workers_job_is_taken_up_without_waiting(
    alice: Person, first: Desk, second: Desk
) -> None:
    made = alice.submits("test_deaf", "gate")["id"]
    first.starts("gate")
    first.dies()
    second.tick()
    shown = seen(alice, made)
    assert (shown["status"], shown["error"]["code"]) == ("retry_wait", "worker_lost")


def test_it_is_done_in_the_end(app: Flask, alice: Person, first: Desk, second: Desk) -> None:
    made = alice.submits("test_gate", "gate")["id"]
    first.starts("gate")
    first.dies()
    second.tick()
    jobs.waiting.clear()
    second.clock.passes(2)
    second.starts("gate")
    second.opens("gate")
    shown = seen(alice, made)
    assert (shown["status"], shown["result"]) == ("succeeded", {"attempt": 2})
    assert kinds(app, made) == [
        *("job.queued", "job.started", "job.retry_scheduled"),
        *("job.started", "job.succeeded"),
    ]


@pytest.mark.sqlite("locks")
def test_a_worker_whose_lock_is_gone_is_dead_too(
    alice: Person, first: Desk, second: Desk, instance: Any
) -> None:
    made = alice.submits("test_deaf", "gate")["id"]
    first.starts("gate")
    (instance / "workers" / f"{first.worker.name}.lock").unlink()
    second.tick()
    assert status(alice, made) == "retry_wait"


def test_a_job_that_runs_once_never_runs_again_by_itself(
    alice: Person, first: Desk, second: Desk
) -> None:
    made = alice.submits("test_once", "gate", max_attempts=5)["id"]
    first.starts("gate")
    first.dies()
    stands_by(second, 600)
    shown = seen(alice, made)
    assert (shown["status"], shown["error"]["code"]) == ("failed", "worker_lost")
    assert outcomes(alice, made) == ["worker_lost"]


def test_it_runs_again_by_request(alice: Person, first: Desk, second: Desk) -> None:
    made = alice.submits("test_once", "gate")["id"]
    first.starts("gate")
    first.dies()
    second.tick()
    jobs.waiting.clear()
    ok(alice.post(f"/jobs/{made}/retry"))
    second.starts("gate")
    second.opens("gate")
    assert (status(alice, made), outcomes(alice, made)) == (
        "succeeded",
        ["worker_lost", "succeeded"],
    )


def test_a_job_that_kills_its_workers_is_dead_in_the_end(
    alice: Person, desks: Desks, new: Desks
) -> None:
    made = alice.submits("test_deaf", "gate", max_attempts=3, timeout_s=3600)["id"]
    for _ in range(3):
        jobs.waiting.clear()
        desk = new()
        desk.tick()
        desk.clock.passes(600)
        desk.starts("gate")
        desk.dies()
    other = alice.submits(value="other")["id"]
    desks().work()
    assert statuses(alice, made, other) == ["dead", "succeeded"]
    assert outcomes(alice, made) == ["worker_lost"] * 3


def test_a_cancelled_job_of_a_dead_worker_is_cancelled(
    alice: Person, first: Desk, second: Desk
) -> None:
    made = alice.submits("test_deaf", "gate")["id"]
    first.starts("gate")
    ok(alice.post(f"/jobs/{made}/cancel"))
    first.dies()
    second.tick()
    assert status(alice, made) == "cancelled"


def test_of_two_who_find_a_dead_worker_one_takes_its_job_up(
    app: Flask, alice: Person, first: Desk, second: Desk, new: Desks
) -> None:
    made = alice.submits("test_deaf", "gate")["id"]
    first.starts("gate")
    first.dies()
    second.tick()
    new().tick()
    assert kinds(app, made).count("job.retry_scheduled") == 1
    assert outcomes(alice, made) == ["worker_lost"]


# -- locks ----------------------------------------------------------------------------------------


def lock_files(instance: Any) -> set[str]:
    return {path.stem for path in (instance / "workers").glob("*.lock")}


@pytest.mark.sqlite("locks")
def test_a_worker_that_ends_leaves_no_lock(instance: Any, desks: Desks) -> None:
    desk = desks()
    assert lock_files(instance) == {desk.worker.name}
    desk.worker.end()
    assert lock_files(instance) == set()


@pytest.mark.sqlite("locks")
def test_the_files_of_the_dead_are_tidied_away(instance: Any, first: Desk, second: Desk) -> None:
    first.dies()
    second.worker.tidy()
    assert lock_files(instance) == {second.worker.name}


def test_no_two_workers_have_one_name(instance: Any) -> None:
    workers = [WorkerLock(instance / "workers") for _ in range(20)]
    for worker in workers:
        worker.begin()
    assert len({worker.name for worker in workers}) == 20
    assert not any(workers[0].is_dead(worker.name) for worker in workers)
    for worker in workers:
        worker.end()


@pytest.mark.sqlite("locks")
def test_programs_that_a_job_starts_do_not_keep_the_lock(first: Desk) -> None:
    assert first.worker._held is not None
    assert os.get_inheritable(first.worker._held.descriptor) is False


@pytest.fixture
def stranger(
    app: Flask, make_app: Callable[..., Flask], tmp_path: Any, instance: Any, clock: Clock
) -> Iterator[Desk]:
    """Return a worker of another installation on the same database."""
    other = make_app(
        INSTANCE_PATH=str(tmp_path / "other"), DATABASE_URL=f"sqlite:///{instance}/collab.db"
    )
    desk = Desk(other, clock=clock)
    yield desk
    desk.close()


@pytest.mark.sqlite("locks")
def test_a_worker_of_another_installation_is_left_alone(
    alice: Person, first: Desk, stranger: Desk
) -> None:
    """Its lock is not to be seen from here, so it is not known to be dead."""
    made = alice.submits("test_gate", "gate", timeout_s=3600)["id"]
    stranger.starts("gate")
    for _ in range(20):
        first.clock.passes(5)
        first.tick()
        stranger.tick()
    assert outcomes(alice, made) == ["running"]


@pytest.mark.sqlite("locks")
def test_a_worker_of_another_installation_is_lost_when_its_lease_stands_still(
    alice: Person, first: Desk, stranger: Desk
) -> None:
    made = alice.submits("test_deaf", "gate", timeout_s=3600)["id"]
    stranger.starts("gate")
    first.tick()
    assert status(alice, made) == "running"
    takes_up(first, alice, made)


# -- the database ---------------------------------------------------------------------------------


class Commits:
    """Lets commits fail, as a broken disk does."""

    def __init__(self) -> None:
        self.broken = False
        event.listen(db.session, "before_commit", self._commit)

    def _commit(self, session: Any) -> None:
        if self.broken:
            session.flush()
            raise OperationalError("COMMIT", None, sqlite3.OperationalError("disk I/O error"))

    def end(self) -> None:
        event.remove(db.session, "before_commit", self._commit)


@pytest.fixture
def commits() -> Iterator[Commits]:
    made = Commits()
    yield made
    made.end()


def stumbles(desk: Desk, commits: Commits) -> None:
    """Let a tick fail at its very end."""
    commits.broken = True
    with pytest.raises(OperationalError):
        desk.tick()
    commits.broken = False


def test_a_job_that_could_not_be_claimed_is_not_run(
    app: Flask, alice: Person, desk: Desk, commits: Commits
) -> None:
    made = alice.submits()["id"]
    stumbles(desk, commits)
    assert (status(alice, made), desk.scheduler.runs) == ("queued", {})
    desk.work()
    assert (status(alice, made), outcomes(alice, made)) == ("succeeded", ["succeeded"])
    assert kinds(app, made) == ["job.queued", "job.started", "job.succeeded"]


def test_an_end_that_could_not_be_written_is_written_later(
    app: Flask, alice: Person, desk: Desk, commits: Commits
) -> None:
    made = alice.submits("test_talker", [["stdout", "said"], [0.5, "half"]])["id"]
    desk.tick()
    for _ in range(3):
        stumbles(desk, commits)
    assert (status(alice, made), kinds(app, made)) == ("running", ["job.queued", "job.started"])
    desk.tick()
    assert (status(alice, made), seen(alice, made)["attempt"]) == ("succeeded", 1)
    assert kinds(app, made) == [
        *("job.queued", "job.started"),
        *("job.output", "job.progressed", "job.succeeded"),
    ]


def test_ends_that_could_not_be_written_stay_in_their_order(
    app: Flask, alice: Person, desk: Desk, commits: Commits
) -> None:
    made = [alice.submits("test_deaf", gate)["id"] for gate in "abc"]
    desk.starts(*"abc")
    desk.lets_go("b")
    desk.lets_go("a")
    stumbles(desk, commits)
    desk.lets_go("c")
    with recording(app) as told:
        desk.tick()
    ends = [one.data["job_id"] for one in told if one.type == "job.succeeded"]
    assert ends == [made[1], made[0], made[2]]


def test_words_that_could_not_be_written_are_written_later_and_once(
    app: Flask, alice: Person, desk: Desk, commits: Commits
) -> None:
    alice.submits("test_gate", "gate")
    (context,) = desk.starts("gate")
    context.log("one")
    desk.clock.passes(1)
    stumbles(desk, commits)
    context.log("two")
    desk.clock.passes(1)
    with recording(app) as told:
        desk.tick()
        desk.clock.passes(1)
        desk.tick()
    assert [one.data["text"] for one in told] == ["one\n", "two\n"]


def test_a_job_that_could_not_be_taken_up_is_taken_up_later(
    alice: Person, first: Desk, second: Desk, commits: Commits
) -> None:
    made = alice.submits("test_deaf", "gate")["id"]
    first.starts("gate")
    first.dies()
    stumbles(second, commits)
    assert status(alice, made) == "running"
    takes_up(second, alice, made)


def test_a_deaf_run_whose_end_could_not_be_written_ends_later(
    alice: Person, desk: Desk, commits: Commits
) -> None:
    made = alice.submits("test_deaf", "gate", max_attempts=1, timeout_s=5)["id"]
    desk.starts("gate")
    desk.clock.passes(5)
    desk.tick()
    desk.clock.passes(1)
    stumbles(desk, commits)
    desk.tick()
    assert (status(alice, made), outcomes(alice, made)) == ("dead", ["timeout"])


@pytest.mark.parametrize("kind", ["test_gate", "test_once"])
def test_a_job_that_was_claimed_by_a_lost_answer_is_not_lost(
    alice: Person, desk: Desk, table: Any, kind: str
) -> None:
    """The commit was made, but the worker was told that it had failed: it never began."""
    made = alice.submits(kind, "gate")["id"]
    table.execute(
        "UPDATE jobs SET status = 'running', attempt = 1, lease_token = 1, lease_owner = ?",
        (desk.worker.name,),
    )
    desk.starts("gate")
    desk.opens("gate")
    assert (status(alice, made), outcomes(alice, made)) == (
        "succeeded",
        ["handed_back", "succeeded"],
    )


@pytest.fixture
def locked(app: Flask, instance: Any, table: Any) -> Iterator[Callable[[], None]]:
    """Lock the database from another process, for whom nobody waits long; returns the way out."""
    with databases.in_a_hurry(app):
        yield lambda: table.execute("BEGIN IMMEDIATE")


def test_while_nobody_can_write_nobody_loses_a_job(
    alice: Person, first: Desk, second: Desk, locked: Any, table: Any
) -> None:
    made = alice.submits("test_gate", "gate", timeout_s=3600)["id"]
    first.starts("gate")
    second.tick()
    locked()
    for _ in range(20):
        first.clock.passes(5)
        for desk in (first, second):
            with pytest.raises(OperationalError):
                desk.tick()
    table.execute("ROLLBACK")
    for _ in range(20):
        second.tick()
        first.tick()
        first.clock.passes(5)
    assert outcomes(alice, made) == ["running"]


def test_what_was_done_while_nobody_could_write_is_written_then(
    alice: Person, first: Desk, locked: Any, table: Any
) -> None:
    made = [alice.submits("test_gate", "gate")["id"], alice.submits()["id"]]
    first.starts("gate")
    locked()
    first.lets_go("gate")
    for _ in range(3):
        with pytest.raises(OperationalError):
            first.tick()
    table.execute("ROLLBACK")
    first.join()
    first.tick()
    assert statuses(alice, *made) == ["succeeded"] * 2
