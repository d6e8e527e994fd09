"""Metrics of jobs: those that wait or run, and how those of this process ended."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from sqlalchemy import Select, func, select

from ..core.counting import metrics
from ..core.models import utcnow
from ..extensions import db
from . import registry
from .models import DEAD, QUEUED, RETRY_WAIT, RUNNING, Job

RUNS = metrics.histogram(
    "collab_job_run_seconds",
    "How long runs of this process took that are over, by how they ended.",
    ("type", "outcome"),
    buckets=(0.01, 0.05, 0.25, 1.0, 5.0, 30.0, 120.0, 600.0, 3600.0),
)

#: The states that are counted: unfinished ones, and the one that somebody should look at.
COUNTED_STATES = (QUEUED, RUNNING, RETRY_WAIT, DEAD)

#: Without the first condition the index of all jobs by status would not be used.
READY_JOBS: Select[str, str, int, datetime] = (
    select(Job.status, Job.type, func.count(), func.min(Job.updated_at))
    .where(Job.created_at.is_not(None), Job.status.in_(COUNTED_STATES), Job.due_at.is_(None))
    .group_by(Job.status, Job.type)
)
LATER_JOBS: Select[str, str, int] = (
    select(Job.status, Job.type, func.count())
    .where(Job.due_at.is_not(None))
    .group_by(Job.status, Job.type)
)
#: Of a job whose time has not come, beside the states of the rows.
DELAYED = "delayed"


def collect() -> Iterator[Metric]:
    """Yield the families."""
    jobs = GaugeMetricFamily(
        "collab_jobs",
        "Jobs that are not over, or dead; the time of `delayed` ones is still to come.",
        labels=["type", "state"],
    )
    counts: dict[tuple[str, str], int] = {}
    oldest = 0.0
    for status, kind, count, since in db.session.execute(READY_JOBS):
        counts[type_label(kind), status] = counts.get((type_label(kind), status), 0) + count
        if status == QUEUED:
            oldest = max(oldest, (utcnow() - since).total_seconds())
    for status, kind, count in db.session.execute(LATER_JOBS):
        key = (type_label(kind), DELAYED if status == QUEUED else status)
        counts[key] = counts.get(key, 0) + count
    for labels, count in counts.items():
        jobs.add_metric(labels, count)
    yield jobs
    yield GaugeMetricFamily(
        "collab_jobs_oldest_waiting_seconds",
        "How long that job has been ready that has been so longest; 0 if none is.",
        value=oldest,
    )


def type_label(kind: str) -> str:
    """Return a type's name, or `other` if nothing here runs it any more."""
    return kind if registry.find(kind) is not None else metrics.OTHER
