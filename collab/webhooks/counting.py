"""Metrics of what this process has sent, and what is waiting."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from sqlalchemy import func, select

from ..core.counting import metrics
from ..core.models import utcnow
from ..extensions import db
from .models import DISABLED, WAITING, WEBHOOK_STATES, Delivery, Webhook

ATTEMPTS = metrics.histogram(
    "collab_webhook_attempt_seconds",
    "How long requests to webhooks took, by what became of them.",
    ("outcome",),
)
MESSAGES = metrics.counter(
    "collab_incoming_hook_messages",
    "Messages to incoming hooks that were published, or had come before.",
    ("outcome",),
)


def collect() -> Iterator[Metric]:
    """Yield the families: webhooks by state, and what waits for them."""
    by_state = select(Webhook.state, func.count()).group_by(Webhook.state)
    states: dict[str, int] = dict(db.session.execute(by_state).all())
    family = GaugeMetricFamily("collab_webhooks", "Webhooks, by state.", labels=("state",))
    for state in WEBHOOK_STATES:
        family.add_metric([state], states.get(state, 0))
    yield family
    # By webhook, as there is an index for that: most deliveries have ended.
    mine = Delivery.webhook_id.in_(select(Webhook.id).where(Webhook.state != DISABLED))
    waits = select(func.count(), func.min(Delivery.created_at))
    waits = waits.where(mine, Delivery.status == WAITING)
    count, oldest = db.session.execute(waits).one()
    age_s = (utcnow() - oldest).total_seconds() if oldest else 0.0
    for name, help_text, value in (
        ("deliveries_waiting", "Deliveries that wait to be sent.", count),
        ("oldest_delivery_seconds", "How long the oldest of them has waited.", age_s),
    ):
        yield GaugeMetricFamily(f"collab_webhook_{name}", help_text, value=value)
