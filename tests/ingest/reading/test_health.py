"""The pipeline's health: nothing is lost, what waits, how long it takes."""

from __future__ import annotations

import pytest

from collab.ingest.pipeline.store import reading
from collab.ingest.reading import health, numbers
from collab.ingest.reading.health import Flow, examine, pace
from collab.ingest.reading.latency import measure
from collab.ingest.reading.periods import MINUTE_MS, Period, moment
from collab.ingest.reading.stats import MAX_BUCKETS, TooMuch
from collab.ingest.store import writer

from ...support.pipeline import MORNING, Pipeline
from ...support.stored import empty_store

ENGINES = ("sqlite", "postgres")

GOOD = {"event_type": "click"}
BAD = {"event_type": 5.5}


def examined(pipeline: Pipeline, project: int | None = None) -> health.Health:
    with reading(pipeline.loader.connection) as connection:
        return examine(connection, MORNING + 5000, project)


def test_the_equation_holds_at_every_step(pipeline):
    pipeline.takes(GOOD, BAD, GOOD | {"event_id": "a"}, received=MORNING)
    waiting = examined(pipeline)
    assert waiting.flow == Flow(received=3, queued=3)
    assert (waiting.lag_ms, waiting.oldest_waiting) == (5000, moment(MORNING))

    pipeline.now = MORNING / 1000 + 0.09
    pipeline.loads()
    pipeline.takes(GOOD | {"event_id": "a", "timestamp": "2026-01-31T09:30:00Z"})
    pipeline.loads()
    done = examined(pipeline)
    assert (done.flow.stored, done.flow.duplicate, done.flow.rejected) == (2, 1, 1)
    assert (done.balanced, done.lag_ms, done.oldest_waiting) == (True, 0, None)
    assert examined(pipeline, 1).sources[0].dead_letters_open == 1
    assert (done.pace.p50_ms, done.pace.p99_ms) == (100, 100)


def test_what_is_missing_is_seen_for_its_source_though_the_sum_is_right(pipeline):
    pipeline.has_source(2)
    for source in (1, 2):
        pipeline.takes(GOOD, source=source)
    pipeline.loads()
    for source, wrong in ((1, 1), (2, -1)):
        pipeline.loader.connection.execute(
            "UPDATE totals SET stored = stored + ? WHERE source = ?", (wrong, source)
        )
    found = examined(pipeline)
    assert (found.flow.balanced, found.balanced) == (True, False)


def test_a_project_sees_its_own_sources(pipeline):
    pipeline.has_source(2, project=9)
    pipeline.takes(GOOD, GOOD)
    pipeline.takes(GOOD, source=2, project=9)
    assert examined(pipeline, 9).flow.queued == 1
    pipeline.loads()
    assert [one.source_id for one in examined(pipeline, 9).sources] == [2]
    assert examined(pipeline, 9).pace.stored_per_second == round(1 / 900, 2)
    assert [one.project_id for one in examined(pipeline).sources] == [1, 9]


def test_how_long_it_took_is_told_by_the_minute_in_which_it_was_stored(pipeline):
    pipeline.has_source(2)
    for source, late_ms in ((1, 40), (2, 900)):
        pipeline.takes(GOOD, source=source)
        pipeline.now = (MORNING + late_ms) / 1000
        pipeline.loads()
    hour = Period(MORNING - MINUTE_MS, MORNING + 2 * MINUTE_MS)
    found = measure(pipeline.loader.connection, 1, hour, "minute")
    assert [(one.stored, one.p50_ms, one.p99_ms) for one in found.items] == [
        (0, None, None),
        (2, 50, 1000),
        (0, None, None),
    ]
    alone = measure(pipeline.loader.connection, 1, hour, "minute", source=2)
    assert [one.p50_ms for one in alone.items] == [None, 1000, None]
    assert measure(pipeline.loader.connection, 9, hour, "hour").items[0].stored == 0


def test_percentiles_are_those_of_the_histogram():
    assert pace({10: 50, 100: 49, 1000: 1}) == health.Pace(round(100 / 900, 2), 10, 100)
    assert pace({10: 1, 1000: 99}).p50_ms == 1000
    assert pace({}) == health.Pace(0, None, None)


def test_the_numbers_for_prometheus_tell_apart_so_many_sources(app):
    many = health.MAX_SOURCES_TOLD + 5
    with app.app_context(), writer() as connection:
        connection.executemany(
            "INSERT INTO totals (source, project, received, stored) VALUES (?, 1, ?, ?)",
            [(source, source, source) for source in range(1, many + 1)],
        )
    with app.app_context():
        families = {one.name: one for one in numbers.collect()}
    received = families["collab_ingest_received_events"].samples
    assert len(received) == health.MAX_SOURCES_TOLD + 1
    assert sum(one.value for one in received) == sum(range(1, many + 1))
    assert received[-1].labels == {"project": "other", "source": "other"}
    assert families["collab_ingest_unbalanced_sources"].samples[0].value == 0


def test_what_took_long_is_not_measured_in_too_many_buckets():
    store, most = empty_store(), MAX_BUCKETS * MINUTE_MS
    measure(store, 1, Period(0, most), "minute")
    with pytest.raises(TooMuch, match="narrow the time"):
        measure(store, 1, Period(0, most + MINUTE_MS), "minute")
