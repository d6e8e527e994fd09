"""The inbox as a stream of Redis: workers and Redis are killed, and nothing is lost or doubled."""

import os
import signal
import sqlite3
from dataclasses import replace

import orjson
import pytest
import redis as client

from collab.ingest.pipeline.engines.face import Store
from collab.ingest.pipeline.inbox import InboxFull, QuotaReached, Request
from collab.ingest.pipeline.queues.requests import MAX_BYTES
from collab.ingest.pipeline.queues.stream import ENTRIES_PER_READING, StreamQueue
from collab.ingest.pipeline.queues.stream_inbox import BYTES_KEY, STREAM_KEY, StreamInbox, queued
from collab.ingest.pipeline.store import connect, is_url, writing
from collab.ingest.worker.supervisor import Supervisor

from ..support.pipeline import MIB, MORNING, Pipeline
from ..support.redis import RedisServer
from ..support.waiting import eventually
from .test_worker import options  # noqa: F401 (a fixture)

ENGINES = ("sqlite", "postgres")

KILLS = 4


@pytest.fixture
def inbox(redis):
    """Return an inbox that is a stream."""
    made = StreamInbox(redis.url, max_bytes=64 * MIB, quota_bytes=64 * MIB)
    yield made
    made.close()


def send(inbox: StreamInbox, first: int, count: int) -> None:
    """Take events in."""
    body = [{"event_type": "click", "event_id": str(first + one)} for one in range(count)]
    inbox.append(Request(1, 1, MORNING, "event", count, "{}", orjson.dumps(body)))


def joins(pipeline: Pipeline, redis: RedisServer, **more) -> StreamQueue:
    """Let a pipeline's loader take from the stream."""
    queue = StreamQueue(redis.url, pipeline.loader.connection, **more)
    pipeline.loader.queues.append(queue)
    return queue


def accounted(redis: RedisServer, store: Store, sent: int) -> bool:
    """Return whether what was sent is stored, known, rejected or waiting."""
    row = store.execute("SELECT stored + duplicate + rejected FROM totals").fetchone()
    return sent == (row[0] if row else 0) + queued(redis.url, store).events.get(1, 0)


def test_what_is_taken_in_is_stored_and_leaves_the_stream(pipeline, redis, inbox):
    joins(pipeline, redis)
    send(inbox, 0, 3)
    assert accounted(redis, pipeline.loader.connection, 3)
    pipeline.loads()
    assert pipeline.stored() == ["0", "1", "2"]
    assert pipeline.totals()["received"] == 3
    assert redis.client.xlen(STREAM_KEY) == 0
    assert queued(redis.url, pipeline.loader.connection).events == {}


def test_what_a_dead_worker_had_taken_another_one_loads(pipeline, redis, inbox):
    send(inbox, 0, 3)
    dead = StreamQueue(redis.url, pipeline.loader.connection)
    assert len(dead.take([])) == 1
    joins(pipeline, redis, idle_ms=0)
    pipeline.loads()
    assert len(pipeline.stored()) == 3


def test_an_entry_that_kills_workers_is_given_up_and_its_neighbours_are_loaded(
    pipeline, redis, inbox
):
    for first in (0, 10, 20):
        send(inbox, first, 2)
    StreamQueue(redis.url, pipeline.loader.connection).take([])  # the first that dies, of all three
    for _ in range(2):  # and two that die of the first one alone
        alone = StreamQueue(redis.url, pipeline.loader.connection, idle_ms=0).take([])
        assert [row.events for row in alone] == [2]
    joins(pipeline, redis, idle_ms=0)
    pipeline.loads()
    assert pipeline.stored() == ["10", "11", "20", "21"]
    assert len(pipeline.letters()) == 2
    assert accounted(redis, pipeline.loader.connection, 6)


class DiesAfterTheCommit(StreamQueue):
    """A worker's side that is gone before it acknowledges."""

    def acknowledge(self, rows):
        """Never come to it."""


class DiesAfterTheAcknowledgement(StreamQueue):
    """A worker's side that is gone before it notes that it has acknowledged."""

    def _note_acknowledged(self, ids):
        """Never come to it."""


def test_a_worker_that_dies_between_commit_and_acknowledgement_doubles_nothing(
    pipeline, redis, inbox
):
    send(inbox, 0, 3)
    pipeline.loader.queues.append(DiesAfterTheCommit(redis.url, pipeline.loader.connection))
    pipeline.loads()
    assert accounted(redis, pipeline.loader.connection, 3)
    pipeline.loader.queues.pop()
    joins(pipeline, redis, idle_ms=0)
    pipeline.loads()
    assert (pipeline.totals()["received"], pipeline.totals()["stored"]) == (3, 3)
    assert redis.client.xlen(STREAM_KEY) == 0


def test_one_that_dies_after_the_acknowledgement_leaves_the_numbers_true(pipeline, redis, inbox):
    send(inbox, 0, 3)
    pipeline.loader.queues.append(
        DiesAfterTheAcknowledgement(redis.url, pipeline.loader.connection)
    )
    pipeline.loads()
    pipeline.loader.queues.pop()
    joins(pipeline, redis).take([])
    assert pipeline.asks("SELECT * FROM taken WHERE events > 0") == []
    assert accounted(redis, pipeline.loader.connection, 3)


class LosesRedisAfterTheCommit(StreamQueue):
    """A worker's side that Redis is gone for when it acknowledges."""

    def acknowledge(self, rows):
        """Find nobody there."""
        if rows:
            raise client.ConnectionError


def test_a_load_is_done_though_redis_is_gone_when_it_is_acknowledged(pipeline, redis, inbox):
    for first in (0, 10):
        send(inbox, first, 2)
    pipeline.loader.queues.append(LosesRedisAfterTheCommit(redis.url, pipeline.loader.connection))
    assert pipeline.loader.load_some() == 4
    pipeline.loader.queues.pop()
    joins(pipeline, redis, idle_ms=0)
    for _ in range(2):  # what was left behind is taken over singly
        pipeline.loads()
    assert (pipeline.totals()["stored"], redis.client.xlen(STREAM_KEY)) == (4, 0)


class StopsAfterTheCommit(StreamQueue):
    """A worker's side that is stopped before it acknowledges, and goes on later."""

    late = ()

    def acknowledge(self, rows):
        """Put it off."""
        self.late = self.late or rows


def test_a_worker_that_acknowledges_what_another_has_acknowledged_counts_nothing_off_twice(
    pipeline, redis, inbox
):
    send(inbox, 0, 3)
    stopped = StopsAfterTheCommit(redis.url, pipeline.loader.connection)
    pipeline.loader.queues.append(stopped)
    pipeline.loads()
    pipeline.loader.queues.pop()
    joins(pipeline, redis, idle_ms=0)
    pipeline.loads()
    StreamQueue.acknowledge(stopped, stopped.late)
    assert queued(redis.url, pipeline.loader.connection).events == {}
    assert redis.client.hgetall(BYTES_KEY) == {b"1": b"0"}


def test_a_load_that_another_worker_was_faster_with_changes_nothing(pipeline, redis, inbox):
    first, second = (
        joins(pipeline, redis),
        StreamQueue(redis.url, pipeline.loader.connection, idle_ms=0),
    )
    send(inbox, 0, 3)
    slow = first.take([])
    fast = second.take([])
    with writing(pipeline.loader.connection) as connection:
        second.settle(connection, fast)
    assert pipeline.loader._load(first, slow) == 0
    assert pipeline.stored() == []


def test_what_lies_beside_an_entry_that_another_worker_has_loaded_is_loaded_at_once(
    pipeline, redis, inbox
):
    for first in (0, 10):
        send(inbox, first, 1)
    late = joins(pipeline, redis)
    both = late.take([])
    with writing(pipeline.loader.connection) as connection:
        late.settle(connection, both[:1])
    assert pipeline.loader._load(late, both) == 0
    pipeline.loads()
    assert pipeline.stored() == ["10"]


class Away:
    """A store that is out of reach for a while."""

    def __init__(self, store: Store) -> None:
        self._store, self.is_away = store, False

    def __getattr__(self, name):
        """Return what the store has, if it can be reached."""
        if self.is_away:
            raise sqlite3.OperationalError
        return getattr(self._store, name)


def test_what_came_into_hand_while_the_store_was_away_is_loaded_once_it_is_back(
    pipeline, redis, inbox
):
    store = Away(pipeline.loader.connection)
    pipeline.loader.queues.append(StreamQueue(redis.url, store))
    pipeline.loads()
    send(inbox, 0, 3)
    store.is_away = True
    with pytest.raises(sqlite3.OperationalError):
        pipeline.loader.load_some()
    store.is_away = False
    pipeline.loads()
    assert pipeline.stored() == ["0", "1", "2"]


def test_workers_that_are_killed_lose_and_double_nothing(options, redis, inbox, where):  # noqa: F811
    store = connect(where)
    told = replace(options, redis_url=redis.url, idle_ms=300)
    if is_url(where):
        told = replace(told, store_url=str(where))
    pair = [Supervisor(told, first_backoff_s=0.0005) for _ in range(2)]
    for one in pair:
        one.start()
    sent = 0
    for number in range(KILLS):
        for _ in range(5):
            send(inbox, sent, 200)
            sent += 200
        os.kill(eventually(lambda one=pair[number % 2]: one.pid), signal.SIGKILL)
    count = "SELECT count(*) FROM events"
    eventually(lambda: store.execute(count).fetchone()[0] == sent)
    for one in pair:
        one.stop()
    ids = store.execute("SELECT count(*), count(DISTINCT event_id) FROM events").fetchone()
    assert ids == (sent, sent)
    assert accounted(redis, store, sent)
    store.close()


def test_what_redis_has_acknowledged_outlives_it(pipeline, redis, inbox):
    send(inbox, 0, 3)
    redis.kill()
    with pytest.raises(client.RedisError):
        send(inbox, 3, 3)
    redis.start()
    joins(pipeline, redis)
    pipeline.loads()
    assert len(pipeline.stored()) == 3


def test_a_stream_that_is_full_takes_nothing(redis):
    inbox = StreamInbox(redis.url, max_bytes=200, quota_bytes=MIB)
    send(inbox, 0, 1)
    with pytest.raises(InboxFull):
        send(inbox, 1, 2)
    inbox.close()


def test_what_is_stored_counts_for_a_projects_quota_as_well(pipeline, redis, where):
    inbox = StreamInbox(redis.url, max_bytes=MIB, quota_bytes=500, store=where)
    joins(pipeline, redis)
    send(inbox, 0, 1)
    pipeline.loads()
    inbox._looked = 0.0
    with pytest.raises(QuotaReached) as caught:
        send(inbox, 1, 3)
    assert caught.value.used > 350
    inbox.close()


@pytest.mark.sqlite("queue")
def test_a_worker_takes_only_so_many_bytes_in_hand(pipeline, redis, inbox):
    queue = joins(pipeline, redis)
    for project in range(8):
        inbox.append(Request(project, 1, MORNING, "event", 1, "{}", b"x" * 4 * MIB))
    taken = queue.take([])
    assert sum(len(row.body) for row in taken) <= MAX_BYTES
    assert len(taken) + len(queue._held) <= 2 + ENTRIES_PER_READING
