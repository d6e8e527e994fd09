"""What Prometheus is told of the sizes of the database and of the room on the disk."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from ..database import engine
from ..slots import setting
from .free_space import MIB, free_bytes


def collect_database() -> Iterator[Metric]:
    """Yield the sizes of the database; it has to answer where it is a server's."""
    sizes = GaugeMetricFamily(
        "collab_database_bytes", "Bytes of the database and its write-ahead log.", labels=["file"]
    )
    for name, size in engine().sizes().items():
        sizes.add_metric([name], size)
    yield sizes


def collect_disk() -> Iterator[Metric]:
    """Yield how much room there is, and how much must stay."""
    yield GaugeMetricFamily(
        "collab_disk_free_bytes", "Bytes that can be written in INSTANCE_PATH.", value=free_bytes()
    )
    yield GaugeMetricFamily(
        "collab_disk_required_bytes",
        "Bytes that must stay free; with less, what grows is refused (MIN_FREE_MB).",
        value=setting("MIN_FREE_MB") * MIB,
    )
