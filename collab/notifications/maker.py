"""Making notifications of events, within the reader's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, insert

from ..events import log
from ..events.catalogue.system import NotificationCreated
from ..extensions import db
from . import reading
from .facts import Draft, Facts, Readers
from .keeping import delete_excess
from .models import Notification
from .rules import POST_UNPUBLISHED, drafts

INSERT_NOTIFICATIONS = insert(Notification).returning(Notification.id, sort_by_parameter_order=True)


def handle(rows: Sequence[Any]) -> None:
    """Write the notifications of some events, and send each to its reader's own topic."""
    facts, withdrawn = Facts.of(rows), _withdrawals(rows)
    if withdrawn:
        gone = delete(Notification).where(Notification.post_id.in_(withdrawn))
        db.session.execute(gone.execution_options(synchronize_session=False))
    found = [one for one in drafts(rows, facts) if one["event_id"] > withdrawn.get(_post(one), 0)]
    readers = Readers.of(found, facts) if found else None
    wanted = [one for one in found if readers and readers.want(one)]
    if wanted:
        _write(wanted)


def _withdrawals(rows: Sequence[Any]) -> dict[int, int]:
    """Return the posts that became drafts, each with the event that says so."""
    return {row.data["post_id"]: row.id for row in rows if row.type == POST_UNPUBLISHED}


def _post(draft: Draft) -> int:
    return draft["post_id"] or 0


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
