"""A mail about unread notifications, daily or weekly, at eight in the morning local time.

Exactly one for each period and person, however many processes look: what is due is read, mailed and
moved on in one transaction under the writer's lock. A period that passed while no process ran is
not made up for: the next mail has all of it.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select

from ..auth.models import ADMIN, User
from ..core.caller import Caller
from ..core.database import take_write_lock
from ..core.models import utcnow
from ..core.sealing import Unsealable, seal, unseal
from ..extensions import db
from ..flags import service as flags
from ..mail import outbox
from ..notifications import reading
from ..notifications.reading import Shown
from . import writing
from .models import DigestPlan

OFF = "off"
DAILY = "daily"
WEEKLY = "weekly"
EVERY_CHOICES = (OFF, DAILY, WEEKLY)
#: When a digest is due, by the person's clock; a weekly one on Mondays.
DUE_TIME = time(8)
#: Notifications that a mail lists; the rest is counted.
MAX_LISTED = 20
#: Digests that are written in one commit.
DIGESTS_PER_COMMIT = 20
#: What unsubscribing tokens are sealed for.
UNSUBSCRIBE_PURPOSE = "unsubscribe from digests"


def following(every: str, zone: str, now: datetime) -> datetime:
    """Return when the next digest is due after a moment."""
    here = now.astimezone(ZoneInfo(zone))
    day = here.date()
    if every == WEEKLY:
        # The Monday of this week, which may lie before now: the loop goes on from there.
        day += timedelta(days=-day.weekday())
    step = timedelta(days=7 if every == WEEKLY else 1)
    # By the calendar and not by 24 hours: days of a time change are longer or shorter.
    while (due := datetime.combine(day, DUE_TIME, ZoneInfo(zone)).astimezone(UTC)) <= now:
        day += step
    return due


def plan_of(caller: Caller) -> dict[str, str]:
    """Return how often somebody gets a digest, and where their mornings are."""
    plan = db.session.get(DigestPlan, caller.user_id, populate_existing=True)
    return {"every": plan.every, "zone": plan.zone} if plan else {"every": OFF, "zone": "UTC"}


def set_plan(caller: Caller, every: str, zone: str) -> dict[str, str]:
    """Change how often the caller gets a digest, from what is new from now on."""
    take_write_lock()
    plan = db.session.get(DigestPlan, caller.user_id, populate_existing=True)
    if every == OFF:
        if plan is not None:
            db.session.delete(plan)
    else:
        if plan is None:
            plan = DigestPlan(user_id=caller.user_id, mailed_id=_newest(caller))
            db.session.add(plan)
        plan.every, plan.zone, plan.next_at = every, zone, following(every, zone, utcnow())
    db.session.commit()
    return plan_of(caller)


def unsubscribe(token: str) -> None:
    """Stop the digests of whom a link was sent to; one that stopped already stays so.

    Without an account's token: whoever has the mail may (RFC 8058 §3.1). What is not such a token
    does nothing.
    """
    try:
        user_id = int(unseal(token, purpose=UNSUBSCRIBE_PURPOSE))
    except (Unsealable, ValueError):
        return
    plan = db.session.get(DigestPlan, user_id)
    if plan is not None:
        db.session.delete(plan)
    db.session.commit()


def write_some(now: datetime) -> bool:
    """Write some digests that are due; returns whether there may be more; commits."""
    due = select(DigestPlan.user_id).where(DigestPlan.next_at <= now).limit(DIGESTS_PER_COMMIT)
    # Checked without the lock: nearly always nothing is due.
    if db.session.scalar(due.limit(1)) is None:
        db.session.rollback()
        return False
    take_write_lock()
    people = db.session.scalars(due).all()
    for user_id in people:
        plan = db.session.get_one(DigestPlan, user_id, populate_existing=True)
        # Moved on in any case: a person who gets no mail must not be due again at once.
        plan.next_at = following(plan.every, plan.zone, now)
        _write(plan)
    db.session.commit()
    return len(people) == DIGESTS_PER_COMMIT


def _write(plan: DigestPlan) -> None:
    user = db.session.get_one(User, plan.user_id)
    if user.disabled or not user.email_verified or user.email_bounced_at is not None:
        return
    if not flags.is_on("notifications", user.id):
        return
    who = Caller(user.id, 0, user.name, user.email, user.role == ADMIN, utcnow())
    new = [one for one in _unread(who) if one.id > plan.mailed_id]
    if not new:
        return
    plan.mailed_id = new[0].id
    token = seal(str(user.id), purpose=UNSUBSCRIBE_PURPOSE)
    lines = [one.text for one in new[:MAX_LISTED]]
    outbox.send(writing.digest(user.email, lines, len(new), token))


def _unread(who: Caller) -> list[Shown]:
    """Return the newest that somebody has not read and may still see."""
    page = reading.list_notifications(
        who, unread=True, kind=None, sort="-id", limit=100, cursor=None
    )
    return list(page.items)


def _newest(who: Caller) -> int:
    found = _unread(who)
    return found[0].id if found else 0
