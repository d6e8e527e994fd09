"""Numbers for Prometheus: packages register collectors, which are asked when somebody scrapes.

Nothing is counted on the way of a request: a collector reads what is known anyway, in the
application's context. It sees to it that its labels are bounded.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable

from flask import Flask
from prometheus_client import CollectorRegistry, Metric, ProcessCollector
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import choose_encoder

from ..slots import Registry

log = logging.getLogger(__name__)

#: Returns families of metrics as they are at this moment.
Collect = Callable[[], Iterable[Metric]]

FAILED_HELP = "Whether a collector's numbers are missing from this answer (the log says why)."


class _Guarded:
    """A collector whose failure costs its own numbers, and not everybody's."""

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


def _begun(app: Flask) -> CollectorRegistry:
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    return registry


_COLLECTORS: Registry[CollectorRegistry] = Registry("metrics", _begun)


def register(app: Flask, name: str, collect: Collect) -> None:
    """Have the metrics of a package exported; `name` is a word for metrics about them."""
    _COLLECTORS.of(app).register(_Guarded(name, collect))


def exported(accept: str) -> tuple[bytes, str]:
    """Return all metrics in the text format that a scraper accepts, and its content type."""
    encode, content_type = choose_encoder(accept)
    return encode(_COLLECTORS.here()), content_type
