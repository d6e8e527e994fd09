"""The worker as a process: it is killed, starts again, and ends with its server."""

import os
import signal
import sqlite3
import threading
from dataclasses import replace
from itertools import pairwise

import orjson
import pytest

from collab.ingest.pipeline.inbox import Inbox, Request
from collab.ingest.pipeline.store import connect
from collab.ingest.worker.loop import Options, Worker
from collab.ingest.worker.supervisor import Supervisor, WorkerThread

from ..support.forks import forked
from ..support.pipeline import MIB, MORNING, conserved
from ..support.waiting import eventually

KILLS = 10
TABLES = """
    CREATE TABLE ingest_sources (id INTEGER PRIMARY KEY, project_id INTEGER, name TEXT,
        unknown_types TEXT, rules TEXT);
    CREATE TABLE ingest_schemas (project_id INTEGER, event_type TEXT, event_version TEXT,
        schema TEXT);
    INSERT INTO ingest_sources VALUES (1, 1, 'web', 'accept', '[]');
"""


@pytest.fixture
def options(tmp_path):
    """Return what a worker is told, beside a service's database with one source."""
    database = sqlite3.connect(tmp_path / "collab.db")
    database.executescript(f"PRAGMA journal_mode=WAL; {TABLES}")
    database.close()
    store = tmp_path / "ingest.db"
    return Options(str(store), str(tmp_path / "collab.db"), str(tmp_path / "archive"), "ab", 0)


@pytest.fixture
def inbox(options):
    """Return the inbox of the store."""
    made = Inbox(options.store, max_bytes=64 * MIB, quota_bytes=64 * MIB)
    yield made
    made.close()


@pytest.fixture
def store(options):
    """Return a connection to the store."""
    made = connect(options.store)
    yield made
    made.close()


def send(inbox: Inbox, first: int, count: int) -> None:
    """Take events in."""
    body = [{"event_type": "click", "event_id": str(first + one)} for one in range(count)]
    inbox.append(Request(1, 1, MORNING, "event", count, "{}", orjson.dumps(body)))


def stored(store: sqlite3.Connection) -> int:
    """Return how many events are stored."""
    return int(store.execute("SELECT count(*) FROM events").fetchone()[0])


def queued(store: sqlite3.Connection) -> int:
    """Return how many requests wait."""
    return int(store.execute("SELECT count(*) FROM inbox").fetchone()[0])


def test_a_worker_that_is_killed_again_and_again_loses_and_doubles_nothing(options, inbox, store):
    supervisor = Supervisor(options, first_backoff_s=0.0005)
    supervisor.start()
    sent = 0
    for _ in range(KILLS):
        for _ in range(5):
            send(inbox, sent, 200)
            sent += 200
            supervisor.knock()
        assert conserved(store)
        os.kill(eventually(lambda: supervisor.pid), signal.SIGKILL)
    eventually(lambda: queued(store) == 0)
    supervisor.stop()
    ids = store.execute("SELECT count(*), count(DISTINCT event_id) FROM events").fetchone()
    assert ids == (sent, sent)
    assert conserved(store)


class AlwaysKnocking:
    """Waits for nothing, as where somebody knocks all the time; then it is time to end."""

    def __init__(self) -> None:
        self.asked: list[float] = []

    def __call__(self, seconds: float) -> bool:
        self.asked.append(seconds)
        return len(self.asked) < 500


@pytest.mark.parametrize("out_of_reach", ["what it asks", "the service's database"])
def test_what_is_out_of_reach_is_not_asked_again_whenever_somebody_knocks(
    options, inbox, out_of_reach
):
    send(inbox, 0, 1)
    if out_of_reach == "what it asks":
        options = replace(options, lookup_url="http://127.0.0.1:1", lookup_required=True)
    else:
        options = replace(options, database="/nowhere/collab.db")
    knocking = AlwaysKnocking()
    Worker(options, knocking).run()
    # What is left of a pause gets shorter; another try begins another pause.
    assert len(knocking.asked) >= 500
    assert sum(after >= before for before, after in pairwise(knocking.asked)) < 10


def test_no_process_runs_before_there_is_an_event(options):
    supervisor = Supervisor(options)
    supervisor.start()
    assert (supervisor.state, supervisor.pid) == ("ok", None)
    supervisor.stop()


def test_a_second_worker_waits_until_the_first_one_ends(options, inbox, store):
    first, second = Supervisor(options), WorkerThread(options)
    send(inbox, 0, 1)
    first.start()
    eventually(lambda: stored(store) == 1)
    second.start()
    first.stop()
    send(inbox, 1, 1)
    eventually(lambda: stored(store) == 2)
    second.stop()


def test_of_several_processes_one_keeps_a_worker_and_the_next_one_when_it_is_killed(
    options, inbox, store
):
    """The first is a process that is killed; its worker goes with it."""
    send(inbox, 0, 1)

    def keep_a_worker():
        Supervisor(options).start()
        signal.pause()

    killed = forked(keep_a_worker)
    waiting = Supervisor(options)
    try:
        eventually(lambda: stored(store) == 1)
        waiting.start()
        send(inbox, 1, 1)
        waiting.knock()
        eventually(lambda: stored(store) == 2)
        assert (waiting.state, waiting.pid) == ("ok", None)
    finally:
        os.kill(killed, signal.SIGKILL)
        os.waitpid(killed, 0)
    send(inbox, 2, 1)
    eventually(lambda: waiting.pid is not None)
    eventually(lambda: stored(store) == 3)
    waiting.stop()


def test_of_two_in_one_process_the_second_waits_and_stops_at_once(options, inbox, store):
    pair = Supervisor(options), Supervisor(options)
    send(inbox, 0, 1)
    for one in pair:
        one.start()
    eventually(lambda: stored(store) == 1)
    assert [one.pid is None for one in pair].count(True) == 1
    for one in pair:
        one.stop()
        assert not one.alive


def test_a_worker_ends_when_its_server_does(options, inbox, store):
    supervisor = Supervisor(options)
    send(inbox, 0, 1)
    supervisor.start()
    eventually(lambda: stored(store) == 1)
    pid = supervisor.pid
    ended = threading.Thread(target=supervisor.stop)
    ended.start()
    ended.join()
    assert supervisor.pid is None
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_source_that_changes_is_read_again(options, inbox, store):
    worker = WorkerThread(options)
    send(inbox, 0, 1)
    worker.start()
    eventually(lambda: stored(store) == 1)
    rules = '[{"op": "hash", "path": "user_id"}]'
    with sqlite3.connect(options.database) as database:
        database.execute("UPDATE ingest_sources SET rules = ?", (rules,))
    body = orjson.dumps({"event_type": "click", "user_id": "ann"})
    inbox.append(Request(1, 1, MORNING, "event", 1, "{}", body))
    worker.knock()
    eventually(lambda: stored(store) == 2)
    worker.stop()
    (user,) = store.execute("SELECT user_id FROM events ORDER BY id DESC LIMIT 1").fetchone()
    assert len(user) == 32


KILLER = """
import os, signal

def die(events, contexts):
    if any(event.data.get("kills") for event in events):
        os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def killed_by_events(options, tmp_path, monkeypatch):
    """Return what a worker is told that dies at some events, as of a fault in a library."""
    (tmp_path / "killer.py").write_text(KILLER)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return replace(options, plugins=("killer:die",))


def test_a_request_that_kills_the_worker_again_and_again_is_given_up_alone(
    killed_by_events, inbox, store
):
    send(inbox, 0, 3)
    killing, other = b'{"event_type": "click", "data": {"kills": true}}', b'{"event_type":  "view"}'
    body = b"[" + killing + b", " + other + b"]"
    inbox.append(Request(1, 1, MORNING, "event", 2, "{}", body))
    send(inbox, 3, 3)
    supervisor = Supervisor(killed_by_events, first_backoff_s=0.0005)
    supervisor.start()
    eventually(lambda: queued(store) == 0)
    supervisor.stop()
    assert stored(store) == 6
    assert conserved(store)
    letters = store.execute("SELECT stage, payload FROM dead_letters ORDER BY id").fetchall()
    assert letters == [("load", killing), ("load", other)]


def test_one_that_is_stopped_is_noticed_and_another_takes_over(options, inbox, store):
    supervisor = Supervisor(options, first_backoff_s=0.0005, deaf_after_s=0.5)
    supervisor.start()
    send(inbox, 0, 1)
    supervisor.knock()
    eventually(lambda: stored(store) == 1 and supervisor.hears)
    stopped = eventually(lambda: supervisor.pid)  # a slow one may have been replaced already
    os.kill(stopped, signal.SIGSTOP)
    send(inbox, 1, 1)
    supervisor.knock()
    eventually(lambda: supervisor.pid not in (None, stopped))
    supervisor.knock()
    eventually(lambda: stored(store) == 2)
    assert conserved(store)
    supervisor.stop()


def test_one_that_was_stopped_for_a_moment_goes_on_with_what_it_had(options, inbox, store):
    supervisor = Supervisor(options)
    supervisor.start()
    for number in range(20):
        send(inbox, 100 * number, 100)
        supervisor.knock()
        if number % 5 == 0:
            pid = eventually(lambda: supervisor.pid)
            os.kill(pid, signal.SIGSTOP)
            send(inbox, 10_000 + number, 1)
            os.kill(pid, signal.SIGCONT)
    eventually(lambda: stored(store) == 2004)
    assert supervisor.pid == pid
    assert conserved(store)
    supervisor.stop()
