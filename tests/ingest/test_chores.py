"""What the worker deletes: what is old, and what is left of sources that are gone."""

import gzip
import hashlib

import orjson
import pytest

from collab.ingest.pipeline.archives.archive import read_lines
from collab.ingest.pipeline.chores import ROWS_PER_STEP, Chores

from ..support.pipeline import MORNING, Pipeline

ENGINES = ("sqlite", "postgres")

DAY = 86_400_000


@pytest.fixture
def chores(pipeline):
    """Return the chores of the pipeline, which keep things for a day."""
    return Chores(pipeline.loader.connection, pipeline.archive, retention_days=1)


def finish(chores: Chores, now: int, sources: dict[int, int]) -> int:
    """Take steps until nothing is left to do; returns how many."""
    steps = 1
    while chores.step(now, lambda: sources):
        steps += 1
        assert steps < 1000
    return steps


def send(pipeline: Pipeline, number: int, **more) -> None:
    """Have events stored, and one rejected."""
    events = [{"event_type": "click", "event_id": f"{more} {one}"} for one in range(number)]
    pipeline.takes(*events, {"event_type": 1.5}, **more)
    pipeline.loads()


def counts(pipeline: Pipeline) -> dict[str, int]:
    """Return how many rows each table has."""
    tables = ("events", "dead_letters", "minutes", "latencies", "archives", "seen", "totals")
    return {name: pipeline.asks(f"SELECT count(*) FROM {name}")[0][0] for name in tables}


def test_what_is_old_goes_and_what_is_not_stays(pipeline, chores):
    send(pipeline, 3, received=MORNING - 2 * DAY)
    send(pipeline, 2)
    pipeline.loader.connection.execute("UPDATE dead_letters SET rejected_at = received")
    finish(chores, MORNING + 1000, {1: 1})
    assert counts(pipeline) | {"latencies": 0} == {
        "events": 2,
        "dead_letters": 1,
        "minutes": 1,
        "archives": 1,
        "seen": 5,
        "totals": 1,
        "latencies": 0,
    }


def test_old_events_that_came_today_stay(pipeline, chores):
    pipeline.takes({"event_type": "click", "timestamp": "2020-01-01T00:00:00Z"})
    pipeline.loads()
    finish(chores, MORNING + 1000, {1: 1})
    assert counts(pipeline)["events"] == counts(pipeline)["minutes"] == 1


def test_roll_ups_say_what_the_events_say(pipeline, chores):
    send(pipeline, 3, received=MORNING - 2 * DAY)
    pipeline.takes({"event_type": "click", "timestamp": "2026-01-29T09:30:00Z"})
    pipeline.loads()
    finish(chores, MORNING + 1000, {1: 1})
    assert pipeline.asks("SELECT sum(events), sum(late) FROM minutes") == [(1, 1)]


def test_much_goes_in_many_short_steps(pipeline, chores):
    send(pipeline, 3 * ROWS_PER_STEP)
    assert finish(chores, MORNING + 3 * DAY, {1: 1}) > 3
    assert counts(pipeline)["events"] == 0


def test_ids_are_forgotten_a_week_after_they_came_last(pipeline, chores):
    send(pipeline, 2)
    finish(chores, MORNING + 6 * DAY, {1: 1})
    assert counts(pipeline)["seen"] == 2
    finish(chores, MORNING + 8 * DAY, {1: 1})
    assert counts(pipeline)["seen"] == 0


def test_nothing_is_left_of_a_source_that_is_gone_and_all_of_another(pipeline, chores):
    pipeline.has_source(2)
    send(pipeline, 3)
    send(pipeline, 2, source=2)
    finish(chores, MORNING, {2: 1})
    left = pipeline.asks("SELECT DISTINCT source FROM events") + pipeline.asks(
        "SELECT source FROM totals"
    )
    assert left == [(2,), (2,)]
    assert counts(pipeline)["events"] == 2
    assert pipeline.asks("SELECT DISTINCT source FROM minutes") == [(2,)]


def test_a_project_without_sources_leaves_nothing(pipeline, chores):
    send(pipeline, 3)
    finish(chores, MORNING, {})
    assert set(counts(pipeline).values()) == {0}
    assert list(pipeline.folder.glob("archive/**/*.gz")) == []


def test_room_comes_back_with_what_is_deleted(pipeline, chores):
    send(pipeline, 3)
    finish(chores, MORNING + 3 * DAY, {1: 1})
    pipeline.loader.connection.execute("DELETE FROM dead_letters")
    assert pipeline.asks("SELECT bytes FROM totals")[0][0] <= 400


def test_an_hour_that_is_over_has_a_checksum_and_a_manifest(pipeline, chores):
    send(pipeline, 3)
    finish(chores, MORNING + 3_600_000, {1: 1})
    folder = pipeline.folder / "archive" / "project-1" / "2026-01-31"
    (file,) = orjson.loads((folder / "manifest.json").read_bytes())["files"]
    bytes_of = (folder / file["name"]).read_bytes()
    assert file["sha256"] == hashlib.sha256(bytes_of).hexdigest()
    assert file["events"] == len(gzip.decompress(bytes_of).splitlines()) == 4


class TestArchive:
    def test_it_has_what_was_sent_duplicates_and_rejected_ones_too(self, pipeline):
        send(pipeline, 2)
        send(pipeline, 2)
        path = pipeline.archive.path(1, MORNING // 3_600_000)
        assert len(list(read_lines(path))) == 6

    def test_lines_of_a_load_that_broke_off_are_cut_off(self, pipeline):
        send(pipeline, 2)
        path = pipeline.archive.path(1, MORNING // 3_600_000)
        with path.open("ab") as file:
            file.write(gzip.compress(b'{"receipt": "never committed"}\n')[:-3])
        send(pipeline, 1, source=1, note="second")
        assert [one["receipt"] for one in read_lines(path)] == [
            "1:0", "1:1", "1:2", "2:0", "2:1",
        ]  # fmt: skip


def test_a_source_that_comes_while_it_is_looked_around_loses_nothing(pipeline, chores):
    """The store is read first: a source that sends exists before, so it is found then."""
    there = {1: 1}

    def looked_around() -> dict[int, int]:
        found = dict(there)  # and at once after that one more comes, and sends
        if 2 not in there:
            there[2] = 2
            pipeline.has_source(2, project=2)
            pipeline.takes({"event_type": "click"}, source=2, project=2)
            pipeline.loads()
        return found

    send(pipeline, 2)
    while chores.step(MORNING, looked_around):
        pass
    assert pipeline.asks("SELECT count(*) FROM events WHERE source = 2") == [(1,)]
    assert pipeline.archive.path(2, MORNING // 3_600_000).exists()
