"""What ends with an account, and what expires."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete, func, select

from ..core.models import utcnow
from ..core.slots import setting
from ..core.storage.retention import ROWS_PER_COMMIT, border, delete_older
from ..extensions import db
from . import states
from .incoming.models import IncomingMessage
from .models import DISABLED, NO_RIGHT, Delivery, Webhook

#: Webhooks that end in one transaction.
MAX_HOOKS_PER_TRANSACTION = 20
#: How long a received message is remembered, so that a sender who repeats it publishes it once.
MESSAGES_KNOWN = timedelta(days=3)


def end_webhooks(user_id: int, actor: int) -> bool:
    """Disable what works in a person's name, in the open transaction; returns if there is more."""
    mine = select(Webhook).where(Webhook.created_by == user_id, Webhook.state != DISABLED)
    found = db.session.scalars(mine.order_by(Webhook.id).limit(MAX_HOOKS_PER_TRANSACTION)).all()
    for hook in found:
        states.disable(hook, NO_RIGHT)
    return len(found) == MAX_HOOKS_PER_TRANSACTION


def forget_deliveries() -> bool:
    """Delete some deliveries that ended long ago; returns whether there may be more."""
    before = border("WEBHOOK_RETENTION_DAYS")
    if before is None:
        return False
    return delete_older(Delivery.ended_at, before, Delivery.id)


def forget_excess() -> bool:
    """Delete some deliveries of a webhook that has too many; returns whether there may be more."""
    most = int(setting("WEBHOOK_DELIVERIES_KEPT"))
    ended = Delivery.ended_at.is_not(None)
    count = func.count()
    many = select(Delivery.webhook_id, count).where(ended).group_by(Delivery.webhook_id)
    for key, kept in db.session.execute(many.having(count > most)).all():
        oldest = select(Delivery.id).where(Delivery.webhook_id == key, ended).order_by(Delivery.id)
        gone = oldest.limit(min(kept - most, ROWS_PER_COMMIT))
        statement = delete(Delivery).where(Delivery.id.in_(gone))
        db.session.execute(statement.execution_options(synchronize_session=False))
        db.session.commit()
        return True
    db.session.rollback()
    return False


def forget_messages() -> bool:
    """Forget messages that came long ago; returns whether there may be more."""
    before = utcnow() - MESSAGES_KNOWN
    old = select(IncomingMessage.hook_id, IncomingMessage.message_id)
    old = old.where(IncomingMessage.created_at < before).limit(ROWS_PER_COMMIT)
    keys = db.session.execute(old).all()
    for hook_id, message_id in keys:
        one = (IncomingMessage.hook_id == hook_id) & (IncomingMessage.message_id == message_id)
        db.session.execute(delete(IncomingMessage).where(one))
    db.session.commit()
    return len(keys) == ROWS_PER_COMMIT
