"""Recording the outcome of an attempt, and what follows: the next one, a retry, or the end."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, insert, select, update

from ...core.database import take_write_lock
from ...core.models import utcnow
from ...core.slots import setting
from ...extensions import db
from .. import states
from ..models import (
    DELIVERED,
    FAILED,
    FAILING,
    GONE,
    WAITING,
    Delivery,
    DeliveryAttempt,
    Webhook,
)
from . import line, retries
from .outcomes import Outcome

#: Attempts of one delivery that are kept, the newest.
MAX_ATTEMPTS_KEPT = 20


def record(
    hook_id: int,
    holder: str,
    delivery_id: int,
    outcome: Outcome,
    rng: Callable[[], float] = retries.jitter,
) -> bool:
    """Record an attempt and commit; returns whether the webhook is still this holder's.

    If it is not, nothing is written: the present holder sends the delivery again.
    """
    db.session.rollback()
    take_write_lock()
    hook = db.session.get(Webhook, hook_id, populate_existing=True)
    if hook is None or hook.holder != holder:
        db.session.rollback()
        return False
    delivery = db.session.get(Delivery, delivery_id, populate_existing=True)
    # Deleted meanwhile, or given up: then there is nothing to record.
    if delivery is not None:
        _keep(delivery, outcome)
        if delivery.status == WAITING:
            _decide(hook, delivery, outcome, rng)
    db.session.commit()
    return True


def _keep(delivery: Delivery, outcome: Outcome) -> None:
    row = {
        "delivery_id": delivery.id,
        "started_at": outcome.started_at,
        "milliseconds": outcome.milliseconds,
        "answer_status": outcome.status,
        "answer": outcome.answer,
        "error": outcome.error,
        "detail": outcome.detail,
    }
    db.session.execute(insert(DeliveryAttempt), [row])
    mine = DeliveryAttempt.delivery_id == delivery.id
    newest = select(DeliveryAttempt.id).where(mine).order_by(DeliveryAttempt.id.desc())
    last = db.session.scalar(newest.offset(MAX_ATTEMPTS_KEPT).limit(1))
    if last is not None:
        db.session.execute(delete(DeliveryAttempt).where(mine, DeliveryAttempt.id <= last))


def _decide(hook: Webhook, delivery: Delivery, outcome: Outcome, rng: Callable[[], float]) -> None:
    now = utcnow()
    if outcome.error is None:
        _change(delivery, outcome, status=DELIVERED, ended_at=now)
        line.note(hook.id, retry_at=None, failing_since=None)
    elif outcome.gone:
        _change(delivery, outcome, status=FAILED, ended_at=now)
        states.disable(hook, GONE)
        return
    elif delivery.place == 0:  # a ping is tried once
        _change(delivery, outcome, status=FAILED, ended_at=now)
    else:
        _put_off(hook, delivery, outcome, rng)
        if _fails_for_days(hook, now):
            states.disable(hook, FAILING)
            return
    db.session.refresh(hook)
    line.settle(hook, now)


def _put_off(hook: Webhook, delivery: Delivery, outcome: Outcome, rng: Callable[[], float]) -> None:
    """Have a delivery tried again later; after its last attempt the next one is first."""
    now = utcnow()
    pause = retries.pause(delivery.attempts + 1, outcome.asked, rng)
    if pause is None:
        _change(delivery, outcome, status=FAILED, ended_at=now)
        # The receiver is still down: the next delivery must not follow at once.
        pause = timedelta(seconds=retries.RETRY_DELAYS_S[0])
    else:
        _change(delivery, outcome)
    line.note(hook.id, retry_at=now + pause, failing_since=hook.failing_since or now)


def _fails_for_days(hook: Webhook, now: datetime) -> bool:
    days = timedelta(days=int(setting("WEBHOOK_DISABLE_DAYS")))
    return hook.failing_since is not None and now - hook.failing_since >= days


def _change(delivery: Delivery, outcome: Outcome, **values: Any) -> None:
    told = {"answer_status": outcome.status, "error": outcome.error}
    statement = update(Delivery).where(Delivery.id == delivery.id)
    statement = statement.values(attempts=Delivery.attempts + 1, **told, **values)
    db.session.execute(statement.execution_options(synchronize_session=False))
