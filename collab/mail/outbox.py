"""Mails on their way: created with what they report, sent by a job, ended once."""

from __future__ import annotations

from email import message_from_string
from email.message import EmailMessage
from typing import Any, cast

from flask import Flask
from sqlalchemy import select, update

from ..auth.models import User
from ..core.models import utcnow
from ..core.sealing import Unsealable, keeps_sealed, seal, unseal
from ..core.security import new_token
from ..core.slots import setting
from ..extensions import db
from ..jobs import registry
from ..jobs import service as jobs
from ..jobs.order import Order
from .message import Mail, build, policy_for, sender_address
from .models import BOUNCED, WAITING, OutgoingMail

MAIL_PURPOSE = "mail"
EMAIL = "email"


def init_app(app: Flask) -> None:
    """Declare that mails are stored sealed."""
    keeps_sealed(app, OutgoingMail.sealed, MAIL_PURPOSE)


def send(mail: Mail, *, owner_id: int | None = None) -> OutgoingMail:
    """Send a mail if the open transaction is committed: a job does, in its owner's name.

    The owner is the account with the address unless another one is given. The job does not show the
    mail's text. Raises LookupError if there is no such account, and ValueError for text that can't
    be in a header.
    """
    if owner_id is None:
        owner_id = db.session.scalar(select(User.id).where(User.email == mail.to))
        if owner_id is None:
            raise LookupError("Nobody has this address, and no owner was given.")
    row = write(mail, owner_id)
    jobs.enqueue_for(owner_id, Order(registry.require(EMAIL), {"mail_id": row.id}))
    return row


def write(mail: Mail, owner_id: int, job_id: int | None = None) -> OutgoingMail:
    """Store a mail in the open transaction; raises ValueError for what can't be in a header."""
    now, sender = utcnow(), setting("MAIL_FROM")
    # Made once and stored: it identifies a mail that has to be sent again as the same.
    message_id = f"<{new_token()}@{sender_address(sender).rpartition('@')[2]}>"
    message = build(mail, sender, message_id, now)
    row = OutgoingMail(
        owner_id=owner_id,
        job_id=job_id,
        kind=mail.kind,
        recipient=mail.to,
        message_id=message_id,
        # Sealed, since a mail may hold a link that sets a password: a copy of the database reveals
        # none.
        sealed=seal(message.as_bytes().decode(), purpose=MAIL_PURPOSE),
        good_until=mail.good_until,
        created_at=now,
    )
    db.session.add(row)
    db.session.flush()
    return row


def message_of(row: OutgoingMail) -> EmailMessage | None:
    """Return the message of a waiting mail; None if no key opens it any more."""
    try:
        raw = unseal(row.sealed or "", purpose=MAIL_PURPOSE)
    except Unsealable:
        return None
    policy: Any = policy_for(row.recipient)
    return cast(EmailMessage, message_from_string(raw, policy=policy))


def end(mail_id: int, status: str, answer: str | None, *, no_mailbox: bool = False) -> None:
    """Record how a mail ended, and what that says about its address; commits."""
    values = {"status": status, "answer": answer and answer[:300], "ended_at": utcnow()}
    statement = update(OutgoingMail).where(OutgoingMail.id == mail_id)
    # Once: of two ends, the first stays. What it said goes with it: nobody needs it any more.
    ended = statement.where(OutgoingMail.status == WAITING).values(sealed=None, **values)
    recipient = db.session.scalar(ended.returning(OutgoingMail.recipient))
    if status == BOUNCED and no_mailbox and recipient is not None:
        bounced = update(User).where(User.email == recipient).values(email_bounced_at=utcnow())
        db.session.execute(bounced.execution_options(synchronize_session=False))
    db.session.commit()


def note_answer(mail_id: int, answer: str) -> None:
    """Record why a mail is waiting; commits."""
    statement = update(OutgoingMail).where(OutgoingMail.id == mail_id)
    db.session.execute(statement.values(answer=answer[:300]))
    db.session.commit()
