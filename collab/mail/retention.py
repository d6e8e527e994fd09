"""Deletes old mails, like the jobs that sent them; gives up mails that no server accepted."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update

from ..core.models import utcnow
from ..core.storage import retention
from ..extensions import db
from . import folder
from .models import DROPPED, WAITING, OutgoingMail

GIVEN_UP = "No mail server took it, and the job that sent it is long gone."


def forget() -> bool:
    """Delete some mails that ended more than JOB_RETENTION_DAYS ago; commits.

    Those that have waited that long are given up first: their text goes at once. Returns whether
    there may be more.
    """
    before = retention.border("JOB_RETENTION_DAYS")
    if before is None:
        return False
    if _give_up(before) == retention.ROWS_PER_COMMIT:
        return True
    return retention.delete_older(OutgoingMail.ended_at, before, OutgoingMail.id)


def forget_files() -> bool:
    """Delete the files of mails that are gone, for any reason; returns that nothing is left."""
    # List the files first: a mail exists before its file.
    kept = folder.ids()
    known = select(OutgoingMail.id).where(OutgoingMail.id.in_(kept))
    for mail_id in kept.keys() - set(db.session.scalars(known)):
        folder.forget(kept[mail_id])
    db.session.rollback()
    return False


def _give_up(before: datetime) -> int:
    waiting = select(OutgoingMail.id).where(
        OutgoingMail.status == WAITING, OutgoingMail.created_at < before
    )
    keys = db.session.scalars(waiting.limit(retention.ROWS_PER_COMMIT)).all()
    ended = {"status": DROPPED, "answer": GIVEN_UP, "sealed": None, "ended_at": utcnow()}
    old = update(OutgoingMail).where(OutgoingMail.id.in_(keys), OutgoingMail.status == WAITING)
    if keys:
        db.session.execute(old.values(**ended).execution_options(synchronize_session=False))
    db.session.commit()
    return len(keys)
