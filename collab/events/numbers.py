"""How far the log and its readers have come: for Prometheus, read on each scrape."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from sqlalchemy import select

from ..core.models import utcnow
from ..core.slots import Slot
from ..extensions import db
from . import log
from .models import LogReader
from .reader import Reader

#: The readers of this process, by name: they know what they are looking for.
READERS: Slot[dict[str, Reader]] = Slot("log readers", lambda _: {})


def collect() -> Iterator[Metric]:
    """Yield the metrics; readers that are not in this process have no waiting time."""
    yield GaugeMetricFamily(
        "collab_log_newest_id", "The newest id of the event log.", value=log.last_id()
    )
    position = GaugeMetricFamily(
        "collab_log_reader_position",
        "The id that a reader of the log has noted as read; it skips what it does not want.",
        labels=["reader"],
    )
    for name, reached in db.session.execute(select(LogReader.name, LogReader.position)):
        position.add_metric([name], reached)
    yield position
    waiting = GaugeMetricFamily(
        "collab_log_reader_waiting_seconds",
        "How long the oldest event that a reader of this process wants has been waiting.",
        labels=["reader"],
    )
    for name, reader in READERS.here().items():
        since = reader.waiting_since()
        age = 0.0 if since is None else (utcnow() - since).total_seconds()
        waiting.add_metric([name], max(0.0, age))
    yield waiting
