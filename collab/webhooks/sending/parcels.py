"""What is sent next, with everything needed to send it: looked up at the last moment."""

from __future__ import annotations

from typing import Any

from ...core.database import take_write_lock
from ...core.json import dumps
from ...core.models import utcnow
from ...core.sealing import Unsealable, unseal
from ...events import log
from ...events.message import EVENT_SOURCE, Message
from ...events.models import EventRow
from ...extensions import db
from ...frozen import frozen
from .. import states
from ..behalf import may_manage
from ..models import DROPPED, NO_RIGHT, SECRET_LOST, Delivery, Webhook
from ..signing import SECRET_PURPOSE
from . import line

#: The type of a test event.
PING_TYPE = "webhook.ping"
#: The error of a delivery whose event has been deleted.
EVENT_GONE = "event_gone"


@frozen
class Parcel:
    """One delivery, ready to be sent."""

    delivery_id: int
    message_id: str
    url: str
    body: bytes
    #: The present secret, and the previous one while it also signs.
    secrets: tuple[str, ...]
    #: The trace of the event's cause, which continues here.
    trace: str | None = None


def next_parcel(hook_id: int, holder: str) -> Parcel | None:
    """Return what is to be sent now; None: nothing, or not by this holder.

    It commits, and leaves no transaction open: sending takes long.
    """
    while True:
        hook = db.session.get(Webhook, hook_id, populate_existing=True)
        if hook is None or hook.holder != holder:
            db.session.rollback()
            return None
        # Before each delivery, not only at the job's start: a right may be lost in between.
        if not may_manage(hook.created_by, hook.project_id):
            _end(hook_id, NO_RIGHT)
            return None
        if hook.behind:
            _refill(hook_id)
            db.session.refresh(hook)
        delivery = line.first(hook, utcnow())
        if delivery is None:
            _settle(hook_id)
            return None
        delivery_id = delivery.id
        try:
            found = _parcel(hook, delivery)
        except Unsealable:
            _end(hook_id, SECRET_LOST)
            return None
        db.session.rollback()
        if found is not None:
            return found
        _drop(delivery_id)


def _end(hook_id: int, reason: str) -> None:
    db.session.rollback()
    take_write_lock()
    hook = db.session.get(Webhook, hook_id, populate_existing=True)
    if hook is not None:
        states.disable(hook, reason)
    db.session.commit()


def _refill(hook_id: int) -> None:
    db.session.rollback()
    take_write_lock()
    hook = db.session.get(Webhook, hook_id, populate_existing=True)
    if hook is not None:
        line.refill(hook)
    db.session.commit()


def _settle(hook_id: int) -> None:
    db.session.rollback()
    take_write_lock()
    hook = db.session.get(Webhook, hook_id, populate_existing=True)
    if hook is not None:
        line.settle(hook, utcnow())
    db.session.commit()


def _drop(delivery_id: int) -> None:
    """Give up a delivery whose event is gone."""
    take_write_lock()
    delivery = db.session.get(Delivery, delivery_id, populate_existing=True)
    if delivery is not None:
        delivery.status, delivery.error, delivery.ended_at = DROPPED, EVENT_GONE, utcnow()
    db.session.commit()


def _parcel(hook: Webhook, delivery: Delivery) -> Parcel | None:
    body = body_of(hook, delivery)
    if body is None:
        return None
    kept = [hook.sealed_secret]
    if hook.sealed_previous and hook.previous_until and hook.previous_until > utcnow():
        kept.append(hook.sealed_previous)
    secrets = tuple(unseal(one, purpose=SECRET_PURPOSE) for one in kept)
    trace = log.trace_of(delivery.event_id)
    return Parcel(delivery.id, delivery.message_id, hook.url, body, secrets, trace)


def body_of(hook: Webhook, delivery: Delivery) -> bytes | None:
    """Return what is sent: the event's envelope, the same each time; None where it is deleted."""
    if delivery.event_id is None:
        return dumps(_ping(hook, delivery))
    query = log.rows().where(EventRow.id == delivery.event_id)
    row = db.session.connection().execute(query).one_or_none()
    # Another event may have this id in a database that was restored.
    if row is None or line.message_id(hook.id, row.id, row.time) != delivery.message_id:
        return None
    return Message.of(row).json


def _ping(hook: Webhook, delivery: Delivery) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": delivery.message_id,
        "source": EVENT_SOURCE,
        "type": PING_TYPE,
        "time": delivery.created_at,
        "datacontenttype": "application/json",
        "topic": f"project:{hook.project_id}",
        "data": {"project_id": hook.project_id, "webhook_id": hook.id, "name": hook.name},
    }
