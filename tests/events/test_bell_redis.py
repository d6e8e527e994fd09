"""The bell through Redis: what crosses, and what is left when Redis is gone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from collab.core.counting.redis_windows import Counts, RedisWindows
from collab.core.outbound.remote_redis import RETRY_S
from collab.events.bell.lines import LINE
from collab.events.bell.redis_line import RedisLine

from ..support.clocks import Clock
from ..support.people import Person, ok
from ..support.redis import RedisServer, redis_server
from ..support.servers import ThreadServer
from ..support.waiting import eventually
from .test_bell_across import Keeps

Lines = Callable[..., RedisLine]


@pytest.fixture
def redis_here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with redis_server(tmp_path_factory.mktemp("redis")) as running:
        yield running


@pytest.fixture
def lines(redis_here: RedisServer) -> Iterator[Lines]:
    """Return a starter of lines."""
    made: list[RedisLine] = []

    def start(reader: Any, database: int = 0, **options: Any) -> RedisLine:
        line = RedisLine(f"{redis_here.url}?db={database}", **options)
        line.reader = reader
        line.start()
        made.append(line)
        return line

    yield start
    for line in made:
        line.stop()


def test_rings_and_letters_come_across_and_each_tells_what_others_should_know(
    lines: Lines,
) -> None:
    old, new, others = Keeps(b"of the old"), Keeps(b"of the new"), Keeps()
    here = lines(old)
    there = lines(new)
    lines(others, database=1)  # which another installation has
    eventually(lambda: b"of the new" in old.letters and b"of the old" in new.letters)
    here.ring()
    here.send(b"x" * 300_000)
    eventually(lambda: new.rings and new.letters[-1] == b"x" * 300_000)
    there.stop()
    eventually(lambda: old.lost_ones and here.alone)
    assert (others.rings, others.letters) == (0, [])


def test_who_is_silent_is_taken_for_dead(lines: Lines) -> None:
    keeps = Keeps()
    here, there = lines(keeps, dead_after_s=0.3), lines(Keeps(b"hello"))
    eventually(lambda: not here.alone)
    there._sender.stop()  # as if it were killed: nothing more comes from it
    eventually(lambda: keeps.lost_ones)


def test_without_redis_it_says_so_and_with_it_again_everything_is_told_anew(
    lines: Lines, redis_here: RedisServer
) -> None:
    keeps = Keeps()
    here, there = lines(keeps), lines(Keeps(b"everything"))
    eventually(lambda: keeps.letters and here.state == "ok" == there.state)
    redis_here.kill()
    here.ring()
    here.send(b"lost with Redis")
    eventually(lambda: here.state.startswith("degraded: Redis does not answer"))
    keeps.letters.clear()
    redis_here.start()
    eventually(lambda: here.state == "ok" == there.state)
    eventually(lambda: b"everything" in keeps.letters)


def test_a_process_that_only_rings_does_not_wait_for_redis_again_and_again(
    redis_here: RedisServer, lines: Lines
) -> None:
    keeps = Keeps()
    lines(keeps)
    command = RedisLine(redis_here.url)
    eventually(lambda: (command.ring(), keeps.rings)[1])
    redis_here.kill()
    command.ring()
    redis_here.start()
    eventually(lambda: redis_here.client.pubsub_numsub("collab:processes:0")[0][1])
    rings = keeps.rings
    command.ring()
    assert keeps.rings == rings


# -- counts ---------------------------------------------------------------------------------------


@pytest.fixture
def counts(redis_here: RedisServer) -> Iterator[Counts]:
    made = Counts(redis_here.url)
    yield made
    made.close()


def test_processes_count_together(counts: Counts) -> None:
    one, other = (RedisWindows(counts, "some:") for _ in range(2))
    assert [each.incr("key", 60) for each in (one, other, one)] == [1, 2, 3]
    assert 55 < one.left("key") <= 60
    times, ends = other.count("other key", 60)
    assert (times, round(ends - other.get_expiry("other key"))) == (1, 0)
    other.decr("key")
    assert one.get("key") == 2
    assert one.incr("key", 600, longer=True) == 3
    assert 590 < other.left("key") <= 600
    assert (other.take("key"), one.get("key"), one.left("key")) == (3, 0, 0)
    one.decr("key")
    assert other.get("key") == 0
    assert RedisWindows(counts, "others:").get("key") == 0


def test_a_window_ends(counts: Counts) -> None:
    windows = RedisWindows(counts, "some:")
    windows.incr("key", 0.05)
    eventually(lambda: windows.get("key") == 0)
    assert windows.incr("key", 60) == 1


def test_without_redis_each_process_counts_for_itself(redis_here: RedisServer) -> None:
    clock = Clock()
    counts = Counts(redis_here.url, clock)
    one, other = (RedisWindows(counts, "some:") for _ in range(2))
    one.incr("key", 60)
    redis_here.kill()
    assert [one.incr("key", 60), one.incr("key", 60), other.incr("key", 60)] == [1, 2, 1]
    redis_here.start()
    assert one.get("key") == 2  # left alone for a while
    clock.now += RETRY_S
    assert one.get("key") == 1
    counts.close()


# -- the service ----------------------------------------------------------------------------------


def test_nothing_is_lost_while_redis_is_gone(
    redis_here: RedisServer,
    serve: Any,
    connect: Any,
    over: Any,
    alice: Person,
    bob: Person,
    project: int,
) -> None:
    here, there = (serve(REDIS_URL=redis_here.url) for _ in range(2))
    for one in (here, there):
        LINE.of(one.app).start()
    eventually(lambda: not any(LINE.of(one.app).alone for one in (here, there)))
    watching = connect(bob, url=there.url, project_id=project)
    watching.expect("subscribed")
    owner = over(here, alice)
    present = {"project_id": project}
    eventually(lambda: ok(owner.get("/presence", params=present))["items"])
    ok(owner.post("/events", {"type": "typing", "project_id": project, "payload": {}}))
    assert watching.expect("typing")["actor"] == alice.id
    redis_here.kill()
    ok(owner.post("/tasks", {"title": "written without Redis", "project_id": project}))
    assert watching.expect("task.created")["data"]["title"] == "written without Redis"
    eventually(lambda: ok(owner.get("/ready"))["status"] == "degraded")
    eventually(lambda: states(here, there) == ["degraded", "degraded"])
    redis_here.start()
    eventually(lambda: states(here, there) == ["ok", "ok"])
    ok(owner.post("/events", {"type": "typing", "project_id": project, "payload": {"again": 1}}))
    assert watching.expect("typing")["data"] == {"again": 1}


def states(*servers: ThreadServer) -> list[str]:
    return [LINE.of(one.app).state.partition(":")[0] for one in servers]
