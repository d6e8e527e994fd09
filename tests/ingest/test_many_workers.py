"""Several workers on one store in PostgreSQL, with what comes by a stream and what does not."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from collab.ingest.commands.importing import import_all
from collab.ingest.pipeline.archives.writers import claim
from collab.ingest.pipeline.chores import Chores
from collab.ingest.pipeline.engines import postgres_schema, sqlite_schema
from collab.ingest.pipeline.inbox import Inbox, Request
from collab.ingest.pipeline.queues.stream import StreamQueue
from collab.ingest.pipeline.queues.stream_inbox import STREAM_KEY, StreamInbox
from collab.ingest.pipeline.store import connect
from collab.ingest.worker.supervisor import Supervisor

from ..support.pipeline import MIB, MORNING, Pipeline, conserved
from ..support.waiting import eventually
from .conftest import DATABASE
from .test_worker import options  # noqa: F401 (a fixture)

DAY_MS = 86_400_000
#: Midnight of the day after MORNING.
MIDNIGHT = (MORNING // DAY_MS + 1) * DAY_MS
WORKERS = 4


@pytest.fixture
def workers(tmp_path: Path, postgres_store: str):
    """Return loaders with one store, as workers of one machine have them."""
    made = []
    for number in range(WORKERS):
        folder = tmp_path / str(number)
        folder.mkdir()
        one = Pipeline(folder, postgres_store)
        one.loader.archive = one.archive = type(one.archive)(
            tmp_path / "archive", claim(tmp_path / "archive")
        )
        made.append(one)
    yield made
    for one in made:
        one.close()


@pytest.fixture
def inbox(redis):
    """Return an inbox that is a stream."""
    made = StreamInbox(redis.url, max_bytes=64 * MIB, quota_bytes=64 * MIB)
    yield made
    made.close()


def request(*events, source: int = 1, received: int = MORNING) -> Request:
    """Return a request with events."""
    return Request(1, source, received, "event", len(events), "{}", orjson.dumps(events))


def click(key: str | None, **more) -> dict[str, object]:
    """Return an event."""
    return {"event_type": "click", "event_id": key} | more


def all_load(workers: list[Pipeline]) -> None:
    """Have all of them load at once, until nothing waits."""
    failed: list[BaseException] = []

    def run(one: Pipeline) -> None:
        try:
            while one.loader.load_some():
                pass
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=run, args=(one,)) for one in workers]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert failed == []


def test_workers_that_bring_the_same_ids_at_once_store_each_once_and_never_wait_for_ever(
    workers,
    redis,
    inbox,
):
    for one in workers:
        one.has_source(2)
        one.loader.queues.append(StreamQueue(redis.url, one.loader.connection))
    # Each in another order, of two sources: who took rows as they come would meet the others.
    for number in range(60):
        keys = [str(key) for key in range(200)]
        events = [click(key) for key in (keys, keys[::-1])[number % 2]]
        inbox.append(request(*events, {"event_type": 1.5}, source=1 + number % 2))
    all_load(workers)
    first = workers[0]
    for source in (1, 2):
        assert first.totals(source) == {
            "received": 30 * 201,
            "stored": 200,
            "duplicate": 29 * 200,
            "rejected": 30,
            "late": 0,
        }
    assert len(first.letters()) == 60
    assert first.asks("SELECT count(*), sum(events) FROM taken WHERE events > 0") == [(0, None)]
    assert redis.client.xlen(STREAM_KEY) == 0


def test_a_worker_that_goes_on_after_another_has_done_its_work_changes_nothing(
    workers,
    redis,
    inbox,
):
    stopped, other = workers[:2]
    slow = StreamQueue(redis.url, stopped.loader.connection)
    inbox.append(request(click("a"), click(None), {"event_type": 1.5}))
    rows = slow.take([])
    other.loader.queues.append(StreamQueue(redis.url, other.loader.connection, idle_ms=0))
    other.loads()
    before = other.totals()
    assert stopped.loader._load(slow, rows) == 0
    assert other.totals() == before
    assert (before["received"], before["stored"], before["rejected"]) == (3, 2, 1)
    assert len(other.letters()) == 1


def test_what_another_worker_has_loaded_meanwhile_is_not_given_up(
    workers,
    redis,
    inbox,
):
    late, other = workers[:2]
    other.loader.queues.append(StreamQueue(redis.url, other.loader.connection, idle_ms=0))

    class Overtaken(StreamQueue):
        def has_killed(self, row) -> bool:
            other.loads()
            return True

    late.loader.queues.append(Overtaken(redis.url, late.loader.connection))
    inbox.append(request(click("a"), click("b")))
    assert late.loader.load_some() == 0
    assert (late.stored(), late.letters()) == (["a", "b"], [])


@pytest.mark.parametrize("late_first", [False, True])
def test_two_tries_around_midnight_are_one_event_in_whatever_order_they_are_loaded(
    workers, late_first
):
    first, second = workers[:2]
    moments = [MIDNIGHT - 10, MIDNIGHT + 10]
    for one, received in zip((first, second), sorted(moments, reverse=late_first), strict=True):
        one.takes(click("a"), received=received)
        assert one.loader.load_some() == 1 or second.loader.load_some() == 1
        one.loader.connection.close()
        one.loader = one.opened()
    second.loader.connection.close()
    assert first.totals()["stored"] == 1
    assert first.totals()["duplicate"] == 1


def test_of_the_inbox_in_the_store_one_worker_takes_and_the_next_when_it_is_gone(workers):
    first, second = workers[:2]
    first.takes(click("a"))
    assert first.loader.load_some() == 1
    first.takes(click("b"))
    assert second.loader.load_some() == 0
    first.loader.connection.close()
    eventually(lambda: second.loader.load_some() == 1)  # the server has to see that
    assert second.stored() == ["a", "b"]
    first.loader = first.opened()


def test_behind_a_pool_that_works_by_transactions_one_worker_takes_from_the_inbox_too(
    tmp_path,
    postgres_store,
    pooled,
):
    first, second = (
        Pipeline(made_folder(tmp_path / name), pooled(DATABASE)) for name in ("one", "two")
    )
    first.takes(click("a"))
    assert first.loader.load_some() == 1
    first.takes(click("b"))
    for _ in range(5):  # it comes to the connections of the server that the first one has used
        assert second.loader.load_some() == 0
    first.loader.connection.close()
    eventually(lambda: second.loader.load_some() == 1)
    assert second.stored() == ["a", "b"]
    first.loader = first.opened()
    for one in (first, second):
        one.close()


def made_folder(path: Path) -> Path:
    """Make a folder, and return it."""
    path.mkdir()
    return path


def test_each_writes_files_of_its_own_and_together_they_make_the_same_store(
    workers,
    redis,
    inbox,
    tmp_path,
):
    pair = workers[:2]
    for number, one in enumerate(pair):
        one.loader.queues.append(StreamQueue(redis.url, one.loader.connection))
        inbox.append(request(click(f"a{number}"), click("same"), {"event_type": 1.5}))
        one.loads()
    files = sorted(path.name for path in (tmp_path / "archive").glob("project-1/*/*.gz"))
    assert len(files) == 2
    # A third died before its commit: what it left is cut off, and not imported.
    left = next((tmp_path / "archive").glob(f"project-1/*/{files[0]}"))
    left.write_bytes(left.read_bytes() + b"left")
    chores = Chores(pair[1].loader.connection, pair[1].archive, retention_days=0)
    while chores.step(MORNING + DAY_MS, lambda: {1: 1}):
        pass
    manifest = orjson.loads(left.with_name("manifest.json").read_bytes())
    assert [one["name"] for one in manifest["files"]] == files
    assert all(one["sha256"] for one in manifest["files"])
    other = Pipeline(tmp_path)
    import_all(other.loader, tmp_path / "archive")
    assert other.totals() == pair[0].totals()
    assert sorted(other.stored()) == sorted(pair[0].stored())
    other.close()


def test_workers_go_on_when_the_server_is_there_again(options, postgres, postgres_store):  # noqa: F811
    pair = [Supervisor(replace(options, store_url=postgres_store)) for _ in range(2)]
    for one in pair:
        one.start()
    inbox = Inbox(postgres_store, max_bytes=MIB, quota_bytes=MIB)
    inbox.append(request(click("a")))
    store = connect(postgres_store)
    count = "SELECT count(*) FROM events"
    eventually(lambda: store.execute(count).fetchone()[0] == 1)
    postgres.stop()
    postgres.start()
    eventually(lambda: _kept(inbox, request(click("b"))))
    eventually(lambda: store.execute(count).fetchone()[0] == 2)
    assert conserved(store)
    for one in pair:
        one.stop()
    inbox.close()
    store.close()


def _kept(inbox: Inbox, one: Request) -> bool:
    """Try to have a request kept."""
    try:
        return bool(inbox.append(one))
    except Exception:
        return False


def test_both_engines_have_the_same_tables():
    def columns(script: str) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        table = None
        for line in script.splitlines():
            words = line.replace("(", " ").split()
            if words[:2] == ["CREATE", "TABLE"]:
                table = words[2]
                found[table] = []
            elif line.strip().startswith(")") or line.endswith(";"):
                table = None
            elif table and words and words[0].islower():
                found[table].append(words[0])
        return found

    of_sqlite = columns("\n".join(sqlite_schema.VERSIONS))
    of_postgres = columns("\n".join(postgres_schema.VERSIONS))
    one_text = {"waiting", "archives_before", "state"}
    for name in (of_sqlite.keys() | of_postgres.keys()) - one_text:
        assert [one for one in of_postgres[name] if one != "metadata_at"] == of_sqlite[name], name
