"""How far the log has come, and its readers: for Prometheus, read when somebody scrapes."""

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

#: The readers of this process, by their names: they know what they are looking for.
READERS: Slot[dict[str, Reader]] = Slot("log readers", lambda _: {})


def collect() -> Iterator[Metric]:
    """Yield the families; what nobody waits for in this process has no waiting time."""
    yield GaugeMetricFamily(
        "collab_log_newest_id", "The newest id of the event log.", value=log.last_id()
    )
    position = GaugeMetricFamily(
        "collab_log_reader_position",
        "The id that a reader of the log has written down; it passes what it does not want.",
        labels=["reader"],
    )
    for name, reached in db.session.execute(select(LogReader.name, LogReader.position)):
        position.add_metric([name], reached)
    yield position
    waiting = GaugeMetricFamily(
        "collab_log_reader_waiting_seconds",
        "How long the oldest event has waited that a reader of this process wants.",
        labels=["reader"],
    )
    for name, reader in READERS.here().items():
        since = reader.waiting_since()
        age = 0.0 if since is None else (utcnow() - since).total_seconds()
        waiting.add_metric([name], max(0.0, age))
    yield waiting
