"""What the process itself has for Prometheus: its version and age, and how its parts are."""

from __future__ import annotations

import platform
import time
from collections.abc import Iterator

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from ..core.database import engine
from ..core.parts import PARTS
from ..version import VERSION
from .readiness import READINESS, is_good
from .started import STARTED


def collect() -> Iterator[Metric]:
    """Yield the families."""
    labels = {
        "version": VERSION,
        "python": platform.python_version(),
        engine().name: engine().version,
    }
    about = GaugeMetricFamily("collab_info", "Which Collab runs, and on what.", labels=list(labels))
    about.add_metric(list(labels.values()), 1)
    yield about
    age = time.monotonic() - STARTED.here()
    yield GaugeMetricFamily("collab_uptime_seconds", "Seconds since the start.", value=age)
    up = GaugeMetricFamily(
        "collab_part_up",
        "Whether a part of the process works; absent if it is off.",
        labels=["part"],
    )
    for name, state in PARTS.here().states().items():
        if not state.startswith("off"):
            up.add_metric([name], state == "ok")
    yield up
    ready = all(map(is_good, READINESS.here().checks().values()))
    yield GaugeMetricFamily("collab_ready", "Whether `/ready` says that it can serve.", value=ready)
