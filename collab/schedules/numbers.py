"""What Prometheus is told of schedules: how many there are, and whether they are seen to."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from sqlalchemy import func, select

from ..core.models import utcnow
from ..extensions import db
from .models import STATUSES, Schedule


def collect() -> Iterator[Metric]:
    """Yield the families."""
    counted = select(Schedule.status, func.count()).group_by(Schedule.status)
    found: dict[str, int] = dict(db.session.execute(counted).all())
    family = GaugeMetricFamily("collab_schedules", "Schedules, by status.", labels=("status",))
    for status in STATUSES:
        family.add_metric([status], found.get(status, 0))
    yield family
    first = select(func.min(Schedule.next_at)).where(Schedule.next_at.is_not(None))
    due = db.session.scalar(first)
    overdue_s = max(0.0, (utcnow() - due).total_seconds()) if due else 0.0
    yield GaugeMetricFamily(
        "collab_schedules_overdue_seconds",
        "How long that schedule has been due which has been so longest; 0 if none is.",
        value=overdue_s,
    )
