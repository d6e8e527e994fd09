"""Jobs on a server of PostgreSQL: Procrastinate tells workers, and our row stays the truth."""

from __future__ import annotations

import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from flask import Flask
from sqlalchemy.exc import OperationalError

from collab import create_app
from collab.core.models import utcnow
from collab.core.parts import PARTS
from collab.core.security.keys import KEY_NAMES
from collab.extensions import db
from collab.jobs import registry, service
from collab.jobs.engine.queue import QUEUE, QueuedJob
from collab.jobs.engine.runner import RUNNER, Runner
from collab.jobs.order import Order
from collab.jobs.procrastinate import schema
from collab.jobs.procrastinate.deliveries import EARLY_S, HELD_S, Deliveries
from collab.jobs.procrastinate.mending import MEND_S, STALLED_S, TIDY_S, Mender

from ..conftest import SETTINGS, close, http_for, migrated
from ..support import served
from ..support.jobs import Clock, Desk, bring_types, gates, waiting
from ..support.kept_apps import Lent
from ..support.people import Person, ok
from ..support.postgres import PostgresServer
from ..support.schedules import keeper, makes_schedule
from ..support.served import FOLDER, JobWorker, Traces
from ..support.servers import PLAIN
from ..support.waiting import PATIENCE, eventually
from ..support.work import caller_of

#: Seconds within which a job goes on whose worker was killed: the promise.
RECOVERY_S = 45
SHARED_JOBS = 100
#: What each test's database is called.
DATABASE = "jobs_own"
UNENDED_JOBS = "SELECT count(*) FROM jobs WHERE status <> 'succeeded'"

MakeApp = Callable[..., Flask]


@pytest.fixture(scope="module")
def people(cluster: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Person]:
    """Migrate a database with people in it, once: each test gets a copy."""
    folder = tmp_path_factory.mktemp("prepared")
    return migrated(cluster, "jobs_prepared", folder, ("ada", "alice", "bob"))


@pytest.fixture
def url(cluster: PostgresServer, people: dict[str, Person]) -> Iterator[str]:
    """Return the address of a database of this test's own."""
    with cluster.copied("jobs_prepared", DATABASE) as made:
        yield made


@pytest.fixture
def ask(url: str) -> Iterator[Callable[[str], list[Any]]]:
    """Return a way to look into the tables."""
    with psycopg.connect(url, autocommit=True) as connection:

        def run(sql: str) -> list[Any]:
            found = connection.execute(sql.encode())
            return found.fetchall() if found.description else []

        yield run


@pytest.fixture
def start(url: str, tmp_path: Path) -> Iterator[MakeApp]:
    """Return a maker of applications; `JOB_WORKERS="2"` makes one that runs jobs, when started."""
    made: list[Flask] = []

    def make(**settings: str) -> Flask:
        where = {"INSTANCE_PATH": str(tmp_path), "DATABASE_URL": url}
        made.append(bring_types(create_app(SETTINGS | where | settings)))
        return made[-1]

    yield make
    for gate in gates.values():
        gate.set()
    for app in made:
        close(app)
    gates.clear()
    waiting.clear()


@pytest.fixture(scope="module")
def kept() -> Iterator[list[Lent]]:
    """Keep the application that people call: each test's database has the same address."""
    made: list[Lent] = []
    yield made
    for one in made:
        close(one.app)


@pytest.fixture
def app(url: str, kept: list[Lent], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """Return the application that people call; it runs no jobs."""
    if not kept:
        where = {"INSTANCE_PATH": str(tmp_path_factory.mktemp("calls")), "DATABASE_URL": url}
        kept.append(Lent(bring_types(create_app(SETTINGS | where))))
    yield kept[0].app
    if not kept[0].end():  # a test has added to it
        close(kept.pop().app)


@pytest.fixture
def alice(app: Flask, people: dict[str, Person]) -> Person:
    return people["alice"].at(http_for(app))


@pytest.fixture
def bob(app: Flask, people: dict[str, Person]) -> Person:
    return people["bob"].at(http_for(app))


@pytest.fixture
def clock() -> Clock:
    return Clock()


class Worker:
    """A worker whose ticks and deliveries are the test's."""

    def __init__(self, app: Flask, url: str, clock: Clock) -> None:
        queue = QUEUE.of(app)
        self.deliveries = Deliveries(app, queue, url, [], 4, lambda: None, clock.monotonic)
        self.desk = Desk(app, clock=clock, source=self.deliveries)
        self.clock = clock

    def gets(self, job_id: int) -> Any:
        """Have a job delivered, and tick; returns what Procrastinate waits for."""
        answer = self.deliveries.take(job_id)
        self.desk.tick()
        return answer


@pytest.fixture
def workers(app: Flask, url: str, clock: Clock) -> Iterator[Callable[[], Worker]]:
    """Return a maker of workers on one clock."""
    made: list[Worker] = []

    def make() -> Worker:
        made.append(Worker(app, url, clock))
        return made[-1]

    yield make
    for one in made:
        one.desk.close()


def entries(ask: Callable[[str], list[Any]]) -> list[tuple[int, str]]:
    """Return the jobs that have entries, and the entries' states."""
    found = ask("SELECT args, status FROM procrastinate_jobs ORDER BY id")
    return [(args["job_id"], status) for args, status in found]


def seconds_to_come(ask: Callable[[str], list[Any]], job_id: int) -> float:
    """Return how long a job's entry still waits; 0: not at all."""
    waits = "coalesce(CAST(extract(epoch FROM scheduled_at - now()) AS float), 0)"
    [(found,)] = ask(
        f"SELECT {waits} FROM procrastinate_jobs"
        f" WHERE status = 'todo' AND queueing_lock = 'job:{job_id}'"
    )
    return float(found)


def status(person: Person, job_id: int) -> str:
    return str(ok(person.get(f"/jobs/{job_id}"))["status"])


def outcomes(person: Person, job_id: int) -> list[str]:
    return [one["outcome"] for one in ok(person.get(f"/jobs/{job_id}/attempts"))["items"]]


def ends(ask: Callable[[str], list[Any]], job_id: int, status: str = "succeeded") -> None:
    """Wait until a job has ended."""
    query = f"SELECT status = '{status}' FROM jobs WHERE id = {job_id}"
    eventually(lambda: ask(query)[0][0] or pause())


def pause() -> None:
    """Leave the processor to those that are waited for."""
    threading.Event().wait(0.02)


def takes(ask: Callable[[str], list[Any]], job_id: int) -> None:
    """Note that a worker of Procrastinate's has fetched a job's entry, as its worker does."""
    ask("INSERT INTO procrastinate_workers DEFAULT VALUES")
    ask(
        "UPDATE procrastinate_jobs SET status = 'doing',"
        f" worker_id = (SELECT max(id) FROM procrastinate_workers) WHERE id = ("
        f" SELECT id FROM procrastinate_jobs WHERE queueing_lock = 'job:{job_id}'"
        " AND status = 'todo')"
    )


# -- entries --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("end", "count"), [("commit", 1), ("rollback", 0)])
def test_an_entry_shares_the_fate_of_its_job(
    app: Flask, alice: Person, ask: Any, end: str, count: int
) -> None:
    with app.app_context():
        order = Order(type=registry.require("test_echo"), payload={"value": "a secret"})
        job, _ = service.enqueue(order, caller_of(alice.id))
        getattr(db.session, end)()
    assert ask("SELECT count(*) FROM jobs") == [(count,)]
    told = ask("SELECT queue_name, task_name, args, priority, attempts FROM procrastinate_jobs")
    assert told == [("test_echo", "collab.job", {"job_id": job.id}, 0, 0)] * count


def test_an_entry_follows_what_happens_to_its_job(alice: Person, ask: Any, workers: Any) -> None:
    later = (utcnow() + timedelta(hours=1)).isoformat()
    made = alice.submits("test_failing", run_at=later, max_attempts=2)["id"]
    assert 3000 < seconds_to_come(ask, made) < 3700
    ok(alice.post(f"/jobs/{made}/cancel"))
    assert entries(ask) == []
    ok(alice.post(f"/jobs/{made}/retry"))
    assert seconds_to_come(ask, made) > 3000
    at_once = alice.submits("test_failing", max_attempts=2)["id"]
    assert seconds_to_come(ask, at_once) == 0
    worker = workers()
    assert worker.gets(at_once).done()
    worker.desk.tick()
    assert status(alice, at_once) == "retry_wait"
    same = "scheduled_at = due_at AT TIME ZONE 'UTC'"  # full jitter: it may be now
    where = f"queueing_lock = 'job:' || jobs.id AND jobs.id = {at_once}"
    assert ask(f"SELECT {same} FROM jobs JOIN procrastinate_jobs ON {where}") == [(True,)]
    worker.clock.passes(3)
    worker.gets(at_once)
    worker.desk.tick()
    assert (status(alice, at_once), entries(ask)) == ("dead", [(made, "todo")])


def test_a_connection_that_breaks_is_answered_as_any_other(
    app: Flask, cluster: PostgresServer
) -> None:
    with app.app_context():
        pid = db.session.connection().exec_driver_sql("SELECT pg_backend_pid()").scalar()
        db.session.connection().exec_driver_sql("SELECT 1")
        driver: Any = db.session.connection().connection.dbapi_connection
        driver.in_transaction = True  # as if it had the lock: the next statement is Procrastinate's
        cluster.ask("postgres", f"SELECT pg_terminate_backend({pid})")
        with pytest.raises(OperationalError):
            QUEUE.of(app).defer([QueuedJob(1, "test_echo", None)])
        driver.in_transaction = False
        db.session.rollback()


# -- deliveries -----------------------------------------------------------------------------------


def test_without_a_delivery_nothing_is_claimed(alice: Person, workers: Any) -> None:
    made = alice.submits()["id"]
    worker = workers()
    worker.desk.tick()
    assert status(alice, made) == "queued"
    answer = worker.gets(made)
    worker.desk.tick()
    assert (status(alice, made), answer.done()) == ("succeeded", True)


def test_what_the_own_process_has_made_is_claimed_before_it_is_delivered(
    alice: Person, ask: Any, workers: Any
) -> None:
    worker = workers()
    made = alice.submits()["id"]
    worker.desk.scheduler.called = True
    worker.desk.tick()
    worker.desk.tick()
    assert (status(alice, made), entries(ask)) == ("succeeded", [])
    later = alice.submits()["id"]
    worker.desk.tick()
    assert status(alice, later) == "queued"


def test_whose_turn_it_is_runs_whatever_was_delivered(
    app: Flask, url: str, alice: Person, bob: Person, clock: Clock, ask: Any
) -> None:
    hers = [alice.submits("test_gate", value=f"a{n}")["id"] for n in range(3)]
    his = bob.submits("test_gate", value="b")["id"]
    deliveries = Deliveries(app, QUEUE.of(app), url, [], 2, lambda: None, clock.monotonic)
    desk = Desk(app, clock=clock, source=deliveries, workers=2)
    answer = deliveries.take(hers[2])
    desk.starts("a0", "b")
    assert [status(alice, one) for one in hers] == ["running", "queued", "queued"]
    assert (status(bob, his), answer.done()) == ("running", False)
    assert entries(ask) == [(hers[1], "todo"), (hers[2], "todo")]
    desk.starts()
    for gate in ("a0", "b", "a1", "a2"):
        eventually(lambda gate=gate: desk.tick() or gate in waiting)
        desk.opens(gate)
    desk.tick()
    assert answer.done()
    assert [outcomes(alice, one) for one in hers] == [["succeeded"]] * 3
    assert entries(ask) == []
    desk.close()


def test_a_delivery_on_a_live_lease_comes_again_and_nothing_is_lost(
    alice: Person, ask: Any, workers: Any, clock: Clock
) -> None:
    """The trap: the queue takes a worker for dead before our lease is over."""
    made = alice.submits("test_gate", value="gate")["id"]
    first, second = workers(), workers()
    first.deliveries.take(made)
    first.desk.starts("gate")
    answer = second.gets(made)
    assert (answer.done(), status(alice, made)) == (True, "running")
    assert 20 < seconds_to_come(ask, made) <= 31
    clock.passes(30)
    assert second.gets(made).done()
    assert entries(ask) == [(made, "todo")]
    first.desk.dies()
    gates["gate"].set()
    clock.passes(6)
    second.desk.tick()
    assert status(alice, made) == "retry_wait"
    assert entries(ask) == [(made, "todo")]
    clock.passes(3)
    second.gets(made)
    second.desk.tick()
    assert (status(alice, made), entries(ask)) == ("succeeded", [])
    first.desk.hears("gate")
    assert outcomes(alice, made) == ["worker_lost", "succeeded"]
    assert ask("SELECT count(*) FROM job_results") == [(1,)]


def test_a_delivery_of_a_job_that_has_ended_is_dropped(
    alice: Person, ask: Any, workers: Any
) -> None:
    made = alice.submits()["id"]
    takes(ask, made)
    ok(alice.post(f"/jobs/{made}/cancel"))
    assert workers().gets(made).done()
    assert workers().gets(made + 1).done()  # there is no such job
    assert entries(ask) == [(made, "doing")]  # which Procrastinate deletes with the answer


def test_what_comes_early_or_can_not_run_here_is_deferred_anew(
    alice: Person, ask: Any, workers: Any, clock: Clock
) -> None:
    worker = workers()
    early = alice.submits(run_at=(utcnow() + timedelta(hours=1)).isoformat())["id"]
    answer = worker.gets(early)
    assert not answer.done()
    clock.passes(EARLY_S)
    worker.desk.tick()
    assert answer.done()
    full = [alice.submits("test_single", value=n)["id"] for n in (1, 2)]
    worker.deliveries.take(full[0])
    worker.desk.starts(1)
    answer = worker.gets(full[1])
    clock.passes(HELD_S)
    worker.desk.tick()
    assert (answer.done(), seconds_to_come(ask, full[1]) > 0) == (True, True)
    worker.desk.opens(1)


def test_a_worker_that_ends_gives_back_what_it_holds(alice: Person, ask: Any, workers: Any) -> None:
    worker = workers()
    made = alice.submits()["id"]
    takes(ask, made)
    worker.desk.scheduler.close()
    assert worker.gets(made).done()
    assert (status(alice, made), entries(ask)) == ("queued", [(made, "doing"), (made, "todo")])


# -- mending --------------------------------------------------------------------------------------


@pytest.fixture
def mends(app: Flask, clock: Clock) -> Callable[[], None]:
    """Return a sweeper that both sides are looked at by."""
    mender = Mender(QUEUE.of(app), clock.monotonic)

    def mend() -> None:
        clock.passes(MEND_S)
        assert mender.is_due()
        with app.app_context():
            mender.mend()
        assert not mender.is_due()

    mend()
    return mend


def test_an_entry_that_is_lost_is_made_again(alice: Person, ask: Any, mends: Any) -> None:
    made = [alice.submits()["id"], alice.submits(run_at="2030-01-01T00:00:00Z")["id"]]
    before = ask("SELECT queue_name, args, scheduled_at FROM procrastinate_jobs ORDER BY 2")
    ask("DELETE FROM procrastinate_jobs")
    mends()
    assert [one for one, _ in entries(ask)] == made
    assert ask("SELECT queue_name, args, scheduled_at FROM procrastinate_jobs ORDER BY 2") == before
    ids = ask("SELECT id FROM procrastinate_jobs")
    mends()
    assert ask("SELECT id FROM procrastinate_jobs") == ids, "nothing was wrong"


def test_an_entry_that_comes_too_late_is_made_again(alice: Person, ask: Any, mends: Any) -> None:
    made = alice.submits()["id"]
    ask("UPDATE procrastinate_jobs SET scheduled_at = now() + interval '1 day'")
    mends()
    assert seconds_to_come(ask, made) == 0


@pytest.mark.parametrize("gone", ["killed", "pruned"])
def test_what_a_dead_worker_of_the_queue_held_is_delivered_again(
    alice: Person, ask: Any, mends: Any, gone: str
) -> None:
    made = alice.submits()["id"]
    takes(ask, made)
    mends()
    assert entries(ask) == [(made, "doing")], "its worker lives"
    ask(
        "DELETE FROM procrastinate_workers"
        if gone == "pruned"
        else "UPDATE procrastinate_workers"
        f" SET last_heartbeat = now() - interval '{STALLED_S + 1} seconds'"
    )
    mends()
    assert entries(ask) == [(made, "todo")]


def test_the_entry_of_a_job_that_has_ended_goes(
    alice: Person, ask: Any, mends: Any, clock: Clock
) -> None:
    made = [alice.submits(run_at="2030-01-01T00:00:00Z")["id"] for _ in range(3)]
    ask(f"UPDATE jobs SET status = 'cancelled', due_at = NULL WHERE id = {made[0]}")
    ask(f"DELETE FROM jobs WHERE id = {made[1]}")
    clock.passes(TIDY_S)
    mends()
    assert entries(ask) == [(made[2], "todo")]


def test_tables_of_an_older_procrastinate_are_brought_up_to_date(app: Flask, ask: Any) -> None:
    def has_newest() -> bool:
        return bool(ask("SELECT to_regproc('procrastinate_retry_job_v2') IS NOT NULL")[0][0])

    signature = "bigint, timestamptz, integer, varchar, varchar"
    ask(f"DROP FUNCTION procrastinate_retry_job_v2({signature})")
    ask("ALTER TYPE procrastinate_job_event_type RENAME VALUE 'retried' TO 'later'")
    ask("COMMENT ON TABLE procrastinate_jobs IS '3.3.0'")
    assert not has_newest()
    for _ in range(2):
        with app.app_context(), db.engine.begin() as connection:
            schema.ensure(connection)
        assert has_newest()
    [(noted,)] = ask("SELECT obj_description('procrastinate_jobs'::regclass)")
    assert noted == schema.version("procrastinate")


# -- workers --------------------------------------------------------------------------------------


def test_two_workers_share_jobs_and_run_each_once(
    start: MakeApp, app: Flask, alice: Person, bob: Person, ask: Any
) -> None:
    # Too many for one, and three of a person: a fourth would be held in vain, for another's place.
    at = range(6)
    made = [(alice, bob)[gate % 2].submits("test_gate", value=gate)["id"] for gate in at]
    for _ in range(2):
        PARTS.of(start(JOB_WORKERS="4")).start()
    eventually(lambda: set(at) <= waiting.keys() or pause())
    with app.app_context():
        order = Order(type=registry.require("test_echo"), payload={"value": None})
        more = service.enqueue_all([order] * (SHARED_JOBS - len(made)), caller_of(alice.id))
        db.session.commit()
        made += [job.id for job in more]
    for gate in at:
        gates[gate].set()
    eventually(lambda: ask(UNENDED_JOBS) == [(0,)] or pause())
    # On a busy machine one that was taken ahead is handed back, if no thread has been free for it.
    runs = ask("SELECT job_id, worker FROM job_attempts WHERE outcome <> 'handed_back'")
    assert Counter(job_id for job_id, _ in runs) == dict.fromkeys(made, 1)
    assert len({worker for _, worker in runs}) == 2
    eventually(lambda: entries(ask) == [])


def test_a_running_job_is_cancelled_wherever_it_runs(
    start: MakeApp, alice: Person, ask: Any
) -> None:
    PARTS.of(start(JOB_WORKERS="2")).start()
    made = alice.submits("test_gate", value="gate")["id"]
    eventually(lambda: waiting.get("gate"))
    ok(alice.post(f"/jobs/{made}/cancel"))
    ends(ask, made, "cancelled")
    eventually(lambda: entries(ask) == [])


def test_a_worker_goes_on_when_the_server_has_ended_its_connections(
    start: MakeApp, alice: Person, ask: Any
) -> None:
    worker = start(JOB_WORKERS="2")
    PARTS.of(worker).start()
    eventually(lambda: ask("SELECT count(*) FROM procrastinate_workers") == [(1,)])
    ask(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    made = eventually(lambda: submitted(alice) or pause())
    ends(ask, made)
    # What listens has lost its connection, too, and takes its time to come back.
    eventually(lambda: alice.get("/ready").json()["status"] == "ok" or pause())


def submitted(person: Person) -> int | None:
    """Submit a job, if the database answers."""
    made = person.post("/jobs", {"type": "test_echo"})
    return int(made.json()["id"]) if made.status_code == 201 else None


def test_schedules_of_two_workers_make_and_run_each_job_once(
    start: MakeApp, alice: Person, ask: Any
) -> None:
    apps = [start(JOB_WORKERS="2") for _ in range(2)]
    made = [makes_schedule(alice)["id"] for _ in range(3)]
    clock = Clock()
    clock.passes(60)
    keepers = [keeper(app, clock) for app in apps]
    for app in apps:
        PARTS.of(app).start()
    for _ in range(2):
        clock.passes(60)
        at = threading.Barrier(len(keepers))
        with ThreadPoolExecutor(len(keepers)) as pool:
            list(pool.map(lambda one, at=at: (at.wait(PATIENCE), one.tick()), keepers))
        eventually(lambda: ask(UNENDED_JOBS) == [(0,)] or pause())
    ran = ask(
        "SELECT schedule_id, count(*), count(DISTINCT jobs.id) FROM jobs"
        " JOIN job_attempts ON job_id = jobs.id GROUP BY 1 ORDER BY 1"
    )
    assert ran == [(one, 2, 2) for one in made]


# -- the command ----------------------------------------------------------------------------------


@pytest.fixture
def launch(url: str, tmp_path: Path, traces: Traces) -> Iterator[Callable[[], JobWorker]]:
    """Return a starter of workers in processes of their own."""
    running: list[JobWorker] = []
    given = {name: SETTINGS[name] for name in KEY_NAMES} | {"DATABASE_URL": url}
    off = dict.fromkeys(("NOTIFIER", "WEBHOOKS", "SCHEDULES", "INGEST_WORKER"), "off")

    def begin() -> JobWorker:
        worker = JobWorker(tmp_path, **given, **off, **{FOLDER: str(traces.folder)})
        running.append(worker)
        worker.start("--concurrency", "2")
        return worker

    yield begin
    for one in running:
        one.stop()


@pytest.fixture
def traces(tmp_path: Path) -> Traces:
    """Return what jobs leave behind."""
    folder = tmp_path / "traces"
    folder.mkdir()
    return Traces(folder)


def test_a_killed_worker_s_job_goes_on_elsewhere_and_a_stopped_one_hands_it_back(
    launch: Callable[[], JobWorker],
    traces: Traces,
    ask: Any,
    start: MakeApp,
    monkeypatch: pytest.MonkeyPatch,
    people: dict[str, Person],
) -> None:
    monkeypatch.setenv(FOLDER, str(traces.folder))
    own = start()
    registry.register(own, served.gate)
    alice = people["alice"].at(http_for(own))
    made = alice.submits("served_gate")["id"]
    first = launch()
    eventually(lambda: traces.lines("begun") == [f"{made} 1"] or pause())
    second = launch()
    with httpx.Client(base_url=second.url, **PLAIN) as http:
        assert http.get("/ready").json()["checks"]["jobs"] == "ok"
        assert "collab_jobs" in http.get("/metrics").text
        assert http.get("/api/v1/auth/me").status_code == 404
    killed = time.monotonic()
    first.kill()
    eventually(lambda: traces.lines("begun") == [f"{made} 1", f"{made} 2"] or pause())
    assert time.monotonic() - killed < RECOVERY_S
    second.signal(signal.SIGTERM)
    assert second.process.wait(PATIENCE) == 0, second.output.read_text()
    assert (status(alice, made), entries(ask)) == ("queued", [(made, "todo")])
    traces.open("gate")
    third = start(JOB_WORKERS="2")
    registry.register(third, served.gate)
    PARTS.of(third).start()
    ends(ask, made)
    assert traces.lines("done") == [f"{made} 3"]
    assert outcomes(alice, made) == ["worker_lost", "handed_back", "succeeded"]
    assert ask("SELECT count(*) FROM job_results") == [(1,)]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "JOB_WORKERS is 0: pass --concurrency."),
        (("--concurrency", "1", "--queues", "report,nonsense"), "There is no job type 'nonsense'"),
        (("--concurrency", "65"), "65 is not in the range"),
    ],
    ids=["no places", "an unknown type", "too many"],
)
def test_a_worker_that_can_not_work_says_so(
    app: Flask, arguments: tuple[str, ...], said: str
) -> None:
    with app.app_context():
        ended = app.test_cli_runner().invoke(args=["worker", *arguments])
    assert (ended.exit_code, said in ended.output) == (2, True), ended.output


def test_a_worker_runs_the_types_that_it_was_told(
    app: Flask, alice: Person, ask: Any, start: MakeApp
) -> None:
    worker = start(JOB_WORKERS="2")
    RUNNER.put(worker, Runner(worker, ["test_file"]))
    PARTS.of(worker).start()
    other, told = alice.submits()["id"], alice.submits("test_file")["id"]
    ends(ask, told)
    assert (status(alice, other), entries(ask)) == ("queued", [(other, "todo")])
