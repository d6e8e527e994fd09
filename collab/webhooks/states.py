"""Disabling a webhook: the server does it, and an owner enables it again."""

from __future__ import annotations

from typing import Any

from sqlalchemy import exists, select, update

from ..core.models import utcnow
from ..events import log
from ..events.catalogue.webhooks import WebhookDisabled
from ..extensions import db
from ..projects.models import Member
from .models import DISABLED, DROPPED, WAITING, Delivery, Webhook


def disable(hook: Webhook, reason: str) -> None:
    """End a webhook's deliveries in the open transaction, under the writer's lock."""
    now = utcnow()
    values: dict[str, Any] = {
        "state": DISABLED,
        "reason": reason,
        "holder": None,
        "behind_at": None,
    }
    values |= {"due_at": None, "retry_at": None, "updated_at": now}
    statement = update(Webhook).where(Webhook.id == hook.id)
    statement = statement.values(version=Webhook.version + 1, **values)
    db.session.execute(statement.execution_options(synchronize_session=False))
    # What waited would else go out, long outdated, on the day that it is enabled.
    drop_waiting(hook.id)
    # Of a project without members nobody is told any more: it is being deleted.
    if db.session.scalar(select(exists().where(Member.project_id == hook.project_id))):
        told = WebhookDisabled(
            project_id=hook.project_id, webhook_id=hook.id, name=hook.name, reason=reason
        )
        log.record(told, actor=None)


def drop_waiting(hook_id: int) -> None:
    """Give up all that waits; it can be sent again later."""
    waiting = (Delivery.webhook_id == hook_id) & (Delivery.status == WAITING)
    dropped = update(Delivery).where(waiting).values(status=DROPPED, ended_at=utcnow())
    db.session.execute(dropped.execution_options(synchronize_session=False))
