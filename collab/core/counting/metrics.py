"""Metrics for Prometheus.

A package describes a metric beside what it counts, and declares it:

    CUT = metrics.counter("collab_readers_cut", "Readers that read too slowly.", ("door",))

    def init_app(app: Flask) -> None:
        metrics.declare(app, CUT)

    CUT.of(app).child("socket").inc()

Values that are known anyway are not counted along the way: a collector (`register`) reads them, in
the application's context, at each scrape. Labels have few values: a route's pattern and never a
path, a type and never an id. Past MAX_CHILDREN of them, a metric counts all further ones as
`other`.

With several processes of one installation, PROMETHEUS_MULTIPROC_DIR names a folder that they share,
set before the first application is made: then whichever is scraped answers for all. The counts of a
process that has ended remain; its gauges do not.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Generic, TypeVar, cast

from flask import Flask
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Metric,
    disable_created_metrics,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import choose_encoder

from ..slots import Contributions, Registry, Slot, application
from . import processes

log = logging.getLogger(__name__)

M = TypeVar("M", Counter, Gauge, Histogram)

#: Returns families of metrics as they are at this moment.
Collect = Callable[[], Iterable[Metric]]

FAILED_HELP = "Whether a collector's numbers are missing from this scrape (the log says why)."

#: Combinations of labels that one metric may have: some 300 routes, with methods and status
#: classes.
MAX_CHILDREN = 2000
#: The label value of everything beyond that.
OTHER = "other"

#: Upper bounds in seconds, for durations from a fraction of a millisecond to ten seconds.
SECONDS_BUCKETS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Family(Generic[M]):
    """A metric of one application: its children by their labels, each made once."""

    def __init__(self, metric: M, labels: int) -> None:
        self._metric: M = metric
        self._beyond = (OTHER,) * labels
        self._children: dict[tuple[str, ...], M] = {} if labels else {(): metric}

    def child(self, *labels: str) -> M:
        """Return what counts for these labels."""
        found = self._children.get(labels)
        return self._made(labels) if found is None else found

    def _made(self, labels: tuple[str, ...]) -> M:
        if len(self._children) >= MAX_CHILDREN:
            # Counted together from here on: a label with endless values must not fill memory.
            labels = self._beyond
        # `setdefault`, since two threads may make the same one at once.
        return self._children.setdefault(labels, self._metric.labels(*labels))


class Declared(Generic[M]):
    """A metric that a package has; each application counts for itself."""

    def __init__(
        self, kind: type[M], name: str, text: str, labels: Sequence[str], **more: Any
    ) -> None:
        self.name, self.labels = name, tuple(labels)
        self._kind: type[M] = kind
        self._text, self._more = text, more

    def of(self, app: Flask) -> Family[M]:
        """Return an application's; raises KeyError if nobody has declared it."""
        return cast(Family[M], NUMBERS.of(app).families[self.name])

    def here(self) -> Family[M]:
        """Return that of the present application; raises KeyError."""
        return self.of(application())

    def make(self, registry: CollectorRegistry | None) -> Family[M]:
        """Begin to count for an application."""
        made = self._kind(self.name, self._text, self.labels, registry=registry, **self._more)
        return Family(made, len(self.labels))


def counter(name: str, text: str, labels: Sequence[str] = ()) -> Declared[Counter]:
    """Describe what only grows; `_total` is added to its name."""
    return Declared(Counter, name, text, labels)


def gauge(name: str, text: str, labels: Sequence[str] = ()) -> Declared[Gauge]:
    """Describe what goes up and down; that of several processes is added up."""
    return Declared(Gauge, name, text, labels, multiprocess_mode="livesum")


def histogram(
    name: str,
    text: str,
    labels: Sequence[str] = (),
    buckets: Sequence[float] = SECONDS_BUCKETS,
) -> Declared[Histogram]:
    """Describe values that are counted by size, such as seconds."""
    return Declared(Histogram, name, text, labels, buckets=buckets)


class _Guarded:
    """A collector whose failure loses its own numbers only."""

    def __init__(self, name: str, collect: Collect) -> None:
        self._name, self._collect = name, collect

    def collect(self) -> Iterable[Metric]:
        """Return its families, and whether they are missing."""
        failed = GaugeMetricFamily(f"collab_{self._name}_collector_failed", FAILED_HELP, value=0)
        try:
            return [*self._collect(), failed]
        except Exception:
            log.exception("the metrics of %s could not be collected", self._name)
            return [GaugeMetricFamily(failed.name, FAILED_HELP, value=1)]


_COLLECTORS: Contributions[_Guarded] = Contributions("collectors")
_DECLARED: Registry[dict[str, Declared[Any]]] = Registry("declared metrics", lambda _: {})


class Numbers:
    """What an application counts, since its start."""

    def __init__(self, app: Flask) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # when each began: a line for each, which nobody asks for
        self.registry = CollectorRegistry()
        for one in _COLLECTORS.of(app):
            self.registry.register(one)
        counted = processes.begin(self.registry)
        self.families = {one.name: one.make(counted) for one in _DECLARED.of(app).values()}


NUMBERS: Slot[Numbers] = Slot("numbers", Numbers)


def declare(app: Flask, *metrics: Declared[Any]) -> None:
    """Have metrics of a package counted and exported; raises ValueError for a duplicate name."""
    for one in metrics:
        if _DECLARED.of(app).setdefault(one.name, one) is not one:
            raise ValueError(f"two metrics are called {one.name}")


def register(app: Flask, name: str, collect: Collect) -> None:
    """Have a collector's metrics exported; `name` labels those about the collector itself."""
    _COLLECTORS.add(app, _Guarded(name, collect))


def exported(accept: str) -> tuple[bytes, str]:
    """Return all metrics in the text format that a scraper accepts, and its content type."""
    try:
        encode, content_type = choose_encoder(accept)
    except (TypeError, ValueError):  # a version that is no number, which it compares with one
        encode, content_type = choose_encoder("")
    return encode(NUMBERS.here().registry), content_type
