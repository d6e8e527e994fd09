"""What Prometheus is told of the database's files and of the disk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from ..database import engine
from ..slots import setting
from .free_space import MIB, free_bytes

#: The files of a database, by what their names end with.
FILE_ENDINGS = {"main": "", "wal": "-wal"}


def _sizes(path: str) -> Metric:
    sizes = GaugeMetricFamily(
        "collab_database_bytes", "Bytes of the database and its write-ahead log.", labels=["file"]
    )
    for name, ending in FILE_ENDINGS.items():
        file = Path(path + ending)
        sizes.add_metric([name], file.stat().st_size if file.exists() else 0)
    return sizes


def collect() -> Iterator[Metric]:
    """Yield the families."""
    if engine().is_file:
        yield _sizes(engine().place)
    yield GaugeMetricFamily(
        "collab_disk_free_bytes", "Bytes that can be written in INSTANCE_PATH.", value=free_bytes()
    )
    yield GaugeMetricFamily(
        "collab_disk_required_bytes",
        "Bytes that must stay free; with less, what grows is refused (MIN_FREE_MB).",
        value=setting("MIN_FREE_MB") * MIB,
    )
