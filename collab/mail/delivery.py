"""One attempt to send a mail, and its outcome.

At least once: a process that dies after the mail server accepted a mail, and before that was
recorded, leaves it to be sent again, with the same Message-ID. Nothing can rule that out: the
server's answer and our commit are two separate steps.
"""

from __future__ import annotations

import logging
from email.message import EmailMessage

from sqlalchemy import select

from ..auth.models import User
from ..core.models import utcnow
from ..core.slots import setting
from ..extensions import db
from ..frozen import frozen
from ..jobs.context import FatalError, JobContext, JobError, Result
from ..parsers import MailServer
from . import folder, outbox, smtp
from .message import on_the_wire, sender_address
from .models import BOUNCED, DROPPED, SENT, WAITING, OutgoingMail

logger = logging.getLogger(__name__)


@frozen
class Posted:
    """A mail, detached from its row: no transaction is open while we talk to a mail server."""

    id: int
    recipient: str
    message: EmailMessage


def carry(row: OutgoingMail, ctx: JobContext) -> Result:
    """Send a waiting mail; raises JobError to try again, FatalError, Stopped."""
    if row.status == SENT:  # by an attempt whose end was not recorded
        return _result(row.message_id)
    posted, message_id = _prepared(row), row.message_id
    # No transaction is open while we talk to the mail server, which may take half a minute.
    db.session.remove()
    try:
        answer = _post(posted, ctx)
    except smtp.Refused as error:
        answer = _unnamed(error, posted.recipient)
        outbox.end(posted.id, BOUNCED, answer, no_mailbox=error.no_mailbox)
        raise FatalError("bounced", answer) from None
    except smtp.Deferred as error:
        answer = _unnamed(error, posted.recipient)
        outbox.note_answer(posted.id, answer)
        raise JobError("deferred", answer) from None
    outbox.end(posted.id, SENT, answer)
    return _result(message_id)


def _prepared(row: OutgoingMail) -> Posted:
    """Return what is to be sent; raises FatalError for what is not."""
    if row.status != WAITING:
        raise FatalError(row.status, row.answer or "It is not sent any more.")
    if row.good_until is not None and row.good_until <= utcnow():
        raise _drop(row, "It came too late to be of use.")
    disabled = select(User.disabled_at).where(User.email == row.recipient)
    if db.session.scalar(disabled) is not None:
        raise _drop(row, "The account with this address is disabled.")
    message = outbox.message_of(row)
    if message is None:
        raise _drop(row, "The key that it was sealed with is gone.")
    return Posted(row.id, row.recipient, message)


def _drop(row: OutgoingMail, why: str) -> FatalError:
    outbox.end(row.id, DROPPED, why)
    return FatalError(DROPPED, why)


def _post(posted: Posted, ctx: JobContext) -> str:
    """Hand a mail over; return a note about how that went."""
    server: MailServer | None = setting("SMTP_URL")
    if server is None:
        try:
            return f"kept as {folder.keep(posted.id, posted.message.as_bytes()).name}"
        except OSError as error:
            raise smtp.Deferred(f"It can't be kept in the instance folder: {error}") from None
    sender, recipient = sender_address(setting("MAIL_FROM")), on_the_wire(posted.recipient)
    smtp.deliver(server, posted.message, sender, recipient, ctx)
    return f"taken by {server.host}"


def _result(message_id: str) -> Result:
    return Result({"message_id": message_id})


def _unnamed(answer: object, recipient: str) -> str:
    """Return an answer without the address, which may not be the job owner's."""
    said, address = str(answer), on_the_wire(recipient).lower()
    while (at := _folded(said).find(address)) >= 0:
        said = f"{said[:at]}...{said[at + len(address) :]}"
    return said


def _folded(text: str) -> str:
    """Return a text in lower case, with its length unchanged."""
    return text.encode("ascii", "replace").decode().lower()
