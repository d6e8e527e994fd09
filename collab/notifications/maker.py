"""Making notifications from events, within the reader's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import insert

from ..events import log
from ..events.catalogue.system import NotificationCreated
from ..extensions import db
from . import reading
from .keeping import delete_excess
from .models import Notification
from .readers import Readers
from .rules import Draft, drafts, look_up
from .told import Told

INSERT_NOTIFICATIONS = insert(Notification).returning(Notification.id, sort_by_parameter_order=True)


def handle(rows: Sequence[Any]) -> None:
    """Write the notifications of some events, and send each to its reader's own topic."""
    facts = look_up(rows)
    found = list(drafts(rows, facts))
    if not found:
        return
    readers, told = Readers.of(found, facts), Told(found)
    wanted: dict[tuple[int, int], Draft] = {}
    for one in found:  # the first kind that they want, per event
        key = one["event_id"], one["user_id"]
        # One event, one notification: people who are assigned and mentioned are told the first of
        # the two.
        if key not in wanted and readers.want(one) and told.is_news(one):
            wanted[key] = one
    if wanted:
        told.keep()
        _write(list(wanted.values()))


def _write(wanted: Sequence[Draft]) -> None:
    ids = db.session.scalars(INSERT_NOTIFICATIONS, wanted).all()
    people = {draft["user_id"] for draft in wanted}
    # The count after the oldest are deleted, since the reader sees that next.
    delete_excess(people)
    unread = reading.unread_by_person(people)
    made = zip(ids, wanted, strict=True)
    log.record_all(
        [
            NotificationCreated(
                user_id=one["user_id"],
                notification_id=key,
                kind=one["kind"],
                unread=unread.get(one["user_id"], 0),
            )
            for key, one in made
        ],
        actor=None,
    )
