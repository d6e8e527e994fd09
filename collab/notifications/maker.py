"""Making notifications of events, within the reader's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, insert

from ..events import log
from ..events.catalogue.system import NotificationCreated
from ..events.concerns import FAMILIES, Family
from ..extensions import db
from . import reading
from .keeping import delete_excess
from .models import Notification
from .readers import Readers
from .rules import Draft, drafts, look_up

INSERT_NOTIFICATIONS = insert(Notification).returning(Notification.id, sort_by_parameter_order=True)


def handle(rows: Sequence[Any]) -> None:
    """Write the notifications of some events, and send each to its reader's own topic."""
    facts = look_up(rows)
    found = list(drafts(rows, facts))
    for family in FAMILIES.here().values():
        found = _without_withdrawn(family, rows, found)
    readers = Readers.of(found, facts) if found else None
    wanted: dict[tuple[int, int], Draft] = {}
    for one in found:
        if readers and readers.want(one):  # the first kind that they want, of one event
            wanted.setdefault((one["event_id"], one["user_id"]), one)
    if wanted:
        _write(list(wanted.values()))


def _without_withdrawn(family: Family, rows: Sequence[Any], found: list[Draft]) -> list[Draft]:
    """Delete what is about subjects that were withdrawn; return what came after that."""
    key = f"{family.subject}_id"
    withdrawn = {row.data[key]: row.id for row in rows if row.type == family.withdraws}
    if not withdrawn:
        return found
    gone = delete(Notification).where(getattr(Notification, key).in_(withdrawn))
    db.session.execute(gone.execution_options(synchronize_session=False))
    return [one for one in found if one["event_id"] > withdrawn.get(one[key], 0)]


def _write(wanted: Sequence[Draft]) -> None:
    ids = db.session.scalars(INSERT_NOTIFICATIONS, wanted).all()
    people = {draft["user_id"] for draft in wanted}
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
