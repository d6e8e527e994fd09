"""The job type `email`."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from ..auth.models import User
from ..auth.sessions import AddressNotVerified
from ..core.caller import Caller
from ..core.counting.ration import ration_slot
from ..core.errors import TooManyRequests, invalid
from ..extensions import db
from ..jobs.context import FatalError, JobContext, Result
from ..jobs.registry import job_type
from . import delivery, outbox
from .message import Mail
from .models import OutgoingMail
from .schemas import EmailIn

#: A mail server that greylists accepts a mail some minutes later: this many attempts take an hour.
MAX_ATTEMPTS = 20
#: Mails that one process sends at once: a slow mail server must not hold all its workers.
SENT_AT_ONCE = 2


class TooManyMails(TooManyRequests):
    """You have sent yourself too many mails: wait and try again."""


MAILS = ration_slot("mails of people", "MAIL_RATE_LIMIT", TooManyMails)


def _admit(payload: dict[str, Any], project_id: int | None, caller: Caller) -> None:
    """Let people send mails only to themselves: nobody relays through this service."""
    if payload["to"] not in (None, caller.email):
        raise invalid("payload/to", "You can send mails to your own address only.")
    verified = select(User.email_verified_at).where(User.id == caller.user_id)
    if db.session.scalar(verified) is None:
        raise AddressNotVerified("Verify your address first: mails go to verified addresses only.")
    MAILS.here().take(str(caller.user_id))


@job_type(
    "email",
    payload=EmailIn,
    timeout_s=60,
    max_attempts=MAX_ATTEMPTS,
    admit=_admit,
    at_once=lambda: SENT_AT_ONCE,
    tells=False,
)
def email(ctx: JobContext, payload: dict[str, Any]) -> Result:
    """Send a mail to yourself, at your verified address."""
    row = _ordered(ctx, payload) if "subject" in payload else _own(payload)
    return delivery.carry(row, ctx)


def _own(payload: dict[str, Any]) -> OutgoingMail:
    row = db.session.get(OutgoingMail, payload["mail_id"])
    if row is None:
        raise FatalError("mail_gone", "The mail has been deleted.")
    return row


def _ordered(ctx: JobContext, payload: dict[str, Any]) -> OutgoingMail:
    """Return the mail that somebody ordered for themselves, written at the first attempt."""
    kept = select(OutgoingMail).where(OutgoingMail.job_id == ctx.job_id)
    # A later attempt: the same mail again, with its id, by which servers recognize it.
    if (row := db.session.scalar(kept)) is not None:
        return row
    user = db.session.get(User, ctx.owner_id)
    if user is None or not user.email_verified or payload["to"] not in (None, user.email):
        raise FatalError("address_changed", "It was for an address that is no longer verified.")
    mail = Mail(user.email, payload["subject"], payload["text"], kind="own")
    row = outbox.write(mail, ctx.owner_id, ctx.job_id)
    db.session.commit()
    return row
