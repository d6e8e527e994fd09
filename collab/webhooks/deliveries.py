"""The log of deliveries: listing, sending again, and a test."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy import update as change

from ..core.caller import Caller
from ..core.errors import Conflict, NotFound
from ..core.lists.paging import Page, paginate
from ..core.models import utcnow
from ..core.slots import setting
from ..events import log
from ..events.catalogue.webhooks import WebhookRedelivered
from ..extensions import db
from .models import (
    ACTIVE,
    DELIVERY_SORTS,
    DISABLED,
    NO_RIGHT,
    WAITING,
    Delivery,
    DeliveryAttempt,
    Webhook,
)
from .sending import line
from .sending.parcels import PING_TYPE, body_of
from .service import facts

#: Deliveries that one request queues again.
MAX_REDELIVERED_AT_ONCE = 500
#: Waiting pings of one webhook.
MAX_WAITING_PINGS = 3


class IsDisabled(Conflict):
    """The webhook is disabled: enable it first."""


class LineFull(Conflict):
    """Too many deliveries are waiting: try again when some have been sent."""


def list_deliveries(
    hook: Webhook, *, status: str | None, type: str | None, sort: str, **page: Any
) -> Page:
    """Return a page of a webhook's deliveries."""
    query = select(Delivery).where(Delivery.webhook_id == hook.id)
    if status is not None:
        query = query.where(Delivery.status == status)
    if type is not None:
        query = query.where(Delivery.type == type)
    return paginate(query, columns=DELIVERY_SORTS, sort=sort, key=Delivery.id, **page)


def load(hook: Webhook, delivery_id: int) -> Delivery:
    """Return a delivery of a webhook; raises NotFound."""
    found = db.session.get(Delivery, delivery_id, populate_existing=True)
    if found is None or found.webhook_id != hook.id:
        raise NotFound()
    return found


def whole(hook: Webhook, delivery: Delivery) -> dict[str, Any]:
    """Return a delivery with what is sent, and the attempts that are kept."""
    query = select(DeliveryAttempt).where(DeliveryAttempt.delivery_id == delivery.id)
    body = body_of(hook, delivery)
    columns = delivery.__table__.columns
    return {column.name: getattr(delivery, column.name) for column in columns} | {
        "body": None if body is None else body.decode(),
        "tries": db.session.scalars(query.order_by(DeliveryAttempt.id)).all(),
    }


def redeliver_one(hook: Webhook, delivery: Delivery, actor: Caller) -> Delivery:
    """Queue a finished delivery again; raises Conflict while it waits."""
    if not _redeliver(hook, actor, Delivery.id == delivery.id, limit=1):
        raise Conflict("The delivery is still waiting to be sent, or is a ping.")
    db.session.refresh(delivery)
    return delivery


def redeliver_span(
    hook: Webhook, actor: Caller, *, from_id: int, through_id: int, statuses: Sequence[str]
) -> dict[str, Any]:
    """Queue deliveries with ids in a span again, as many as one request takes."""
    span = Delivery.id.between(from_id, through_id), Delivery.status.in_(statuses)
    keys = _redeliver(hook, actor, *span, limit=MAX_REDELIVERED_AT_ONCE)
    more = len(keys) == MAX_REDELIVERED_AT_ONCE
    return {"count": len(keys), "last_id": keys[-1] if keys else None, "more": more}


def _redeliver(hook: Webhook, actor: Caller, *where: Any, limit: int) -> list[int]:
    """Put finished deliveries at the end of the queue, in their order, with their ids.

    Receivers recognize them by their `webhook-id`. Of two concurrent calls, one does it. Raises
    IsDisabled and LineFull.
    """
    if hook.state == DISABLED:
        raise IsDisabled()
    room = int(setting("WEBHOOK_BACKLOG")) - line.waiting(hook.id)
    ended = select(Delivery.id).where(
        Delivery.webhook_id == hook.id, Delivery.status != WAITING, Delivery.place > 0, *where
    )
    keys = db.session.scalars(ended.order_by(Delivery.id).limit(limit)).all()
    # All or none: half of a span would have to be looked for by hand.
    if len(keys) > room:
        raise LineFull()
    if keys:
        _put_again(hook, keys)
        log.record(WebhookRedelivered(**facts(hook), count=len(keys)), actor=actor.user_id)
    db.session.commit()
    return list(keys)


def _put_again(hook: Webhook, keys: Sequence[int]) -> None:
    place = line.place_after(hook.id, len(keys))
    for number, key in enumerate(keys):
        values = {"status": WAITING, "place": place + number, "attempts": 0, "ended_at": None}
        statement = change(Delivery).where(Delivery.id == key).values(**values)
        db.session.execute(statement.execution_options(synchronize_session=False))
    if hook.state == ACTIVE:
        line.note(hook.id, due_at=hook.retry_at or utcnow())


def ping(hook: Webhook, actor: Caller) -> Delivery:
    """Send a test ahead of all that waits, once; also to a webhook that is paused or disabled.

    Raises IsDisabled for one whose right or secret is lost, and LineFull.
    """
    if hook.reason == NO_RIGHT:
        raise IsDisabled()
    pings = (Delivery.webhook_id == hook.id, Delivery.status == WAITING, Delivery.place == 0)
    if len(db.session.scalars(select(Delivery.id).where(*pings)).all()) >= MAX_WAITING_PINGS:
        raise LineFull()
    made = Delivery(
        webhook_id=hook.id,
        message_id=f"msg_{hook.id}-ping-{secrets.token_hex(8)}",
        type=PING_TYPE,
        place=0,
        status=WAITING,
    )
    db.session.add(made)
    line.note(hook.id, due_at=utcnow())
    db.session.flush()
    line.wake_after_commit()
    db.session.commit()
    return made
