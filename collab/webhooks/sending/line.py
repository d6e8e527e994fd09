"""The queue of a webhook's deliveries: how events enter it, and which one is first.

Everything here runs in the open transaction, under the writer's lock where it writes.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, insert, select, update

from ...core.lists.reading import take
from ...core.models import utcnow
from ...core.slots import setting
from ...core.transactions.after_commit import after_commit
from ...events import log
from ...events.models import EventRow, LogReader
from ...extensions import db
from ..models import ACTIVE, WAITING, Delivery, Webhook
from ..patterns import matches

#: The reader of the log that fills the queues.
READER_NAME = "webhooks"
#: Events that are examined in one transaction where a webhook is behind.
MAX_EVENTS_AT_ONCE = 500

HOOKS = Webhook.__table__
INSERT_DELIVERIES = insert(Delivery.__table__)  # type: ignore[arg-type]
EVENTS_OF_PROJECT = (
    log.rows()
    .where(
        EventRow.project_id == bindparam("project_id"),
        EventRow.id > bindparam("after"),
        EventRow.id <= bindparam("through"),
    )
    .order_by(EventRow.id)
    .limit(bindparam("limit"))
)


def note(hook_id: int, **values: Any) -> None:
    """Write the delivery's own state: not a change of the webhook, whose version stays."""
    statement = update(Webhook).where(Webhook.id == hook_id).values(**values)
    db.session.execute(statement.execution_options(synchronize_session=False))


def wake_after_commit() -> None:
    """Have the queues checked as soon as the open transaction is committed."""
    after_commit(_ring)


def _ring(details: Set[str]) -> None:
    log.bell().ring()


def waiting(hook_id: int) -> int:
    """Return how many deliveries are waiting in a queue."""
    query = select(func.count()).where(Delivery.webhook_id == hook_id, Delivery.status == WAITING)
    return db.session.scalar(query) or 0


def append(hook: Webhook, rows: Sequence[Any]) -> None:
    """Add events to a webhook's queue, as many as there is room for.

    The rest stays in the log: the webhook is behind from there on, and the rest is read again when
    the queue has become short (`refill`).
    """
    # New events come after those still in the log: order first.
    if hook.behind_at is not None:
        return
    wanted = _wanted(hook, rows)
    if not wanted:
        return
    fit = wanted[: _room(hook)]
    _insert(hook, fit)
    if len(fit) < len(wanted):
        note(hook.id, behind_at=wanted[len(fit)].id - 1)


def refill(hook: Webhook) -> None:
    """Add events to the queue of a webhook that is behind, if there is room again."""
    room = _room(hook)
    # Half of it: refilling after each delivery would read the log for every event.
    if hook.behind_at is None or room < int(setting("WEBHOOK_BACKLOG")) // 2:
        return
    place = select(LogReader.position).where(LogReader.name == READER_NAME)
    values = {
        "project_id": hook.project_id,
        "after": hook.behind_at,
        "through": db.session.scalar(place) or 0,
        "limit": MAX_EVENTS_AT_ONCE + 1,
    }
    found = db.session.connection().execute(EVENTS_OF_PROJECT, values)
    rows, more = take(found, MAX_EVENTS_AT_ONCE, log.READ_BYTES)
    wanted = _wanted(hook, rows)
    fit = wanted[:room]
    _insert(hook, fit)
    if len(fit) < len(wanted):
        note(hook.id, behind_at=wanted[len(fit)].id - 1)
    else:
        note(hook.id, behind_at=rows[-1].id if more else None)


def _wanted(hook: Webhook, rows: Sequence[Any]) -> list[Any]:
    return [row for row in rows if row.id > hook.after_id and matches(hook.types, row.type)]


def _room(hook: Webhook) -> int:
    return max(0, int(setting("WEBHOOK_BACKLOG")) - waiting(hook.id))


def _insert(hook: Webhook, rows: Sequence[Any]) -> None:
    if not rows:
        return
    place = place_after(hook.id, len(rows))
    db.session.execute(
        INSERT_DELIVERIES,
        [
            {
                "webhook_id": hook.id,
                "event_id": row.id,
                "message_id": message_id(hook.id, row.id, row.time),
                "type": row.type,
                "place": place + number,
                "status": WAITING,
                "attempts": 0,
                "created_at": utcnow(),
            }
            for number, row in enumerate(rows)
        ],
    )
    # A paused one keeps its queue, and is not checked.
    if hook.state == ACTIVE:
        note(hook.id, due_at=hook.retry_at or utcnow())


def place_after(hook_id: int, count: int) -> int:
    """Reserve places at the queue's end; returns the first."""
    statement = (
        update(HOOKS)  # type: ignore[arg-type]
        .where(HOOKS.c.id == hook_id)
        .values(last_place=HOOKS.c.last_place + count)
        .returning(HOOKS.c.last_place)
    )
    return int(db.session.connection().execute(statement).scalar_one()) - count + 1


def message_id(hook_id: int, event_id: int, time: datetime) -> str:
    """Return the id by which a receiver recognizes an event.

    It includes the time, since a database that was restored from a backup reassigns ids.
    """
    return f"msg_{hook_id}-{event_id}-{int(time.timestamp() * 1000):x}"


def first(hook: Webhook, now: datetime) -> Delivery | None:
    """Return what is to be sent now: a ping, or if it is time the first in the queue."""
    mine = select(Delivery).where(Delivery.webhook_id == hook.id, Delivery.status == WAITING)
    mine = mine.order_by(Delivery.place, Delivery.id).limit(1)
    if hook.state != ACTIVE or (hook.retry_at is not None and hook.retry_at > now):
        # Pings have no place in the queue: they are tried at once, whatever waits.
        mine = mine.where(Delivery.place == 0)
    return db.session.scalar(mine)


def settle(hook: Webhook, now: datetime) -> None:
    """Note when there is something to send, by the present state of the queue."""
    if first(hook, now) is not None:
        note(hook.id, due_at=now)
    else:
        later = hook.state == ACTIVE and (waiting(hook.id) or hook.behind)
        note(hook.id, due_at=(hook.retry_at or now) if later else None)
