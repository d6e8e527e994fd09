"""What admins do with mails: see the state of each, and have a waiting one sent.

They see to whom a mail goes, its kind and what the mail server said, but not its text: its links
admit anybody who has them. The text of a finished mail is gone, so it can't be sent again; its
recipient can ask for another one.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from ..auth.models import User
from ..core.caller import Caller
from ..core.database import take_write_lock
from ..core.errors import Conflict, NotFound
from ..core.lists.paging import Page, paginate
from ..events import log
from ..events.catalogue.system import MailResent
from ..extensions import db
from ..frozen import frozen
from ..jobs import registry
from ..jobs import service as jobs
from ..jobs.engine.hastening import hasten
from ..jobs.models import ENDED_STATUSES, RUNNING, Job
from ..jobs.order import Order
from .models import MAIL_SORTS, WAITING, OutgoingMail
from .outbox import EMAIL

#: How many of the newest jobs of a mail's owner are searched for the mail's job.
MAX_JOBS_SEARCHED = 1000


class MailEnded(Conflict):
    """The mail is finished and its text is gone: its recipient can ask for another one."""


class BeingSent(Conflict):
    """The mail is being sent at this moment."""


@frozen
class MailWithJob:
    """A mail and the job that sends it, if there is one still; other attributes are the mail's."""

    mail: OutgoingMail
    job: Job | None

    def __getattr__(self, name: str) -> Any:
        """Return a column of the mail."""
        return getattr(self.mail, name)


def list_mails(
    *, status: str | None, kind: str | None, owner_id: int | None, sort: str, **page: Any
) -> Page:
    """Return a page of all mails that match."""
    query = select(OutgoingMail)
    if status is not None:
        query = query.where(OutgoingMail.status == status)
    if kind is not None:
        query = query.where(OutgoingMail.kind == kind)
    if owner_id is not None:
        query = query.where(OutgoingMail.owner_id == owner_id)
    return paginate(query, columns=MAIL_SORTS, sort=sort, key=OutgoingMail.id, **page)


def load(mail_id: int) -> MailWithJob:
    """Return a mail; raises NotFound."""
    row = db.session.get(OutgoingMail, mail_id, populate_existing=True)
    if row is None:
        raise NotFound()
    return MailWithJob(row, _job_of(row))


def resend(mail_id: int, actor: Caller) -> MailWithJob:
    """Have a waiting mail sent now, and commit: by its job, or by a new one if that has ended.

    Raises NotFound, MailEnded, BeingSent, OwnerDisabled.
    """
    # Before reading, or the job could begin to send it between the check and the change.
    take_write_lock()
    found = load(mail_id)
    if found.mail.status != WAITING:
        raise MailEnded()
    if db.session.get_one(User, found.mail.owner_id, populate_existing=True).disabled:
        raise jobs.OwnerDisabled()
    if found.job is None or found.job.status in ENDED_STATUSES:
        order = Order(registry.require(EMAIL), {"mail_id": mail_id})
        jobs.enqueue_for(found.mail.owner_id, order)
    elif found.job.status == RUNNING:
        raise BeingSent()
    else:
        hasten(found.job, actor.user_id)
    log.record(MailResent(mail_id=mail_id, kind=found.mail.kind), actor=actor.user_id)
    db.session.commit()
    return load(mail_id)


def _job_of(row: OutgoingMail) -> Job | None:
    """Return the newest job that sends a mail."""
    theirs = select(Job.id).where(Job.owner_id == row.owner_id, Job.type == EMAIL)
    newest = theirs.order_by(Job.id.desc()).limit(MAX_JOBS_SEARCHED)
    sends = Job.payload["mail_id"].as_integer() == row.id
    if row.job_id is not None:
        sends = sends | (Job.id == row.job_id)
    query = select(Job).where(Job.id.in_(newest.scalar_subquery()), sends)
    found: Job | None = db.session.scalar(query.order_by(Job.id.desc()).limit(1))
    return found
