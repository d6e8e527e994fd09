"""The pipeline's numbers for Prometheus, by source."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from ...core.models import utcnow
from ..store import in_stream, reader
from ..worker.supervisor import WORKER
from .health import MAX_SOURCES_TOLD, Flow, Health, Pace, SourceHealth, examine, worker_note
from .periods import milliseconds

#: The label for sources that are not listed separately.
OTHER_SOURCES = "other"
LABELS = ("project", "source")

Told = list[tuple[list[str], Flow]]


def collect() -> Iterator[Metric]:
    """Yield the metrics: flow by source, what is waiting, how long it takes, and the worker."""
    with reader() as connection:
        stream = in_stream(connection)
        found = examine(connection, milliseconds(utcnow()), stream=stream)
        note = stream.trouble or worker_note(connection)
    told = _told(found.sources)
    for name, help_text, count in COUNTERS:
        yield _counter(name, help_text, told, count)
    yield _queued(told)
    yield from _gauges(found, note)
    yield _latency(found.pace)


#: What a source has had: the metric, what it says, and how it is read.
COUNTERS: tuple[tuple[str, str, Callable[[Flow], int]], ...] = (
    ("received", "Events that were acknowledged.", lambda flow: flow.received),
    ("stored", "Events that were stored.", lambda flow: flow.stored),
    ("duplicate", "Events that had come before.", lambda flow: flow.duplicate),
    ("late", "Stored events that came long after they happened.", lambda flow: flow.late),
)


def _told(sources: Sequence[SourceHealth]) -> Told:
    """Return the labels and the flow of each source; if there are many, the smallest together."""
    told = [([str(one.project_id), str(one.source_id)], one.flow) for one in sources]
    rest = [flow for _, flow in told[MAX_SOURCES_TOLD:]]
    others: Told = [([OTHER_SOURCES] * len(LABELS), sum(rest, Flow()))] if rest else []
    return [*told[:MAX_SOURCES_TOLD], *others]


def _counter(name: str, help_text: str, told: Told, count: Callable[[Flow], int]) -> Metric:
    family = CounterMetricFamily(f"collab_ingest_{name}_events", help_text, labels=LABELS)
    for labels, flow in told:
        family.add_metric(labels, count(flow))
    return family


def _queued(told: Told) -> Metric:
    """Return what is now waiting and rejected: both go down again, by loads and replays."""
    family = GaugeMetricFamily(
        "collab_ingest_events",
        "Received events that are not stored: queued, or rejected and not replayed.",
        labels=(*LABELS, "state"),
    )
    for labels, flow in told:
        family.add_metric([*labels, "queued"], flow.queued)
        family.add_metric([*labels, "rejected"], flow.rejected)
    return family


def _gauges(found: Health, note: str) -> Iterator[Metric]:
    unbalanced = sum(not one.flow.balanced for one in found.sources)
    is_well = WORKER.here().state == "ok" and note == "ok"
    for name, help_text, value in (
        ("unbalanced_sources", "Sources that lost or duplicated something: 0.", unbalanced),
        ("lag_seconds", "How long the oldest event has waited.", found.lag_ms / 1000),
        ("worker_up", "Whether this process's worker loads.", float(is_well)),
    ):
        yield GaugeMetricFamily(f"collab_ingest_{name}", help_text, value=value)


def _latency(pace: Pace) -> Metric:
    family = GaugeMetricFamily(
        "collab_ingest_latency_seconds",
        "From receipt to stored, over the last 15 minutes, as an upper bound.",
        labels=("share",),
    )
    for quantile, found in (("0.5", pace.p50_ms), ("0.99", pace.p99_ms)):
        if found is not None:
            family.add_metric([quantile], found / 1000)
    return family
