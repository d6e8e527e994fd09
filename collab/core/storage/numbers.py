"""Metrics of the size of the database and the room on the disk."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from ..database import engine
from ..slots import setting
from .free_space import MIB, free_bytes


def collect_database() -> Iterator[Metric]:
    """Yield the sizes of the database; a server has to answer for that."""
    sizes = GaugeMetricFamily(
        "collab_database_bytes", "Bytes of the database and its write-ahead log.", labels=["file"]
    )
    for name, size in engine().sizes().items():
        sizes.add_metric([name], size)
    yield sizes


def collect_disk() -> Iterator[Metric]:
    """Yield how much room there is, and how much must stay free."""
    yield GaugeMetricFamily(
        "collab_disk_free_bytes", "Bytes that can be written in INSTANCE_PATH.", value=free_bytes()
    )
    yield GaugeMetricFamily(
        "collab_disk_required_bytes",
        "Bytes that must stay free; with less, growth is refused (MIN_FREE_MB).",
        value=setting("MIN_FREE_MB") * MIB,
    )
