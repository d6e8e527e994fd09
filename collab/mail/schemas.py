"""What a mail that somebody orders looks like on the wire, and what admins see of all of them."""

from __future__ import annotations

from marshmallow import fields, validate

from ..core.http.pages import PageQuery, page_of, sort_field
from ..core.schemas import MAX_ID, Schema, Time, email, line, text
from .message import MAX_SUBJECT_LENGTH
from .models import MAIL_SORTS, MAIL_STATUSES

#: Characters of a mail that somebody has sent to themselves.
MAX_TEXT_LENGTH = 20_000


class EmailIn(Schema):
    """A mail to yourself, at your verified address."""

    example = {"subject": "The report is ready", "text": "It is in the project's jobs."}
    aliases = {"body": "text"}
    to = email(
        load_default=None,
        allow_none=True,
        metadata={"description": "Your own address; no other is allowed."},
    )
    subject = line(MAX_SUBJECT_LENGTH, required=True, metadata={"example": "The report is ready"})
    text = text(MAX_TEXT_LENGTH, required=True, metadata={"example": "It is done.\n"})


class MailOut(Schema):
    """A mail as an admin sees it: not what it says."""

    example = {
        "kind": "verification",
        "recipient": "bob@example.com",
        "owner_id": 5,
        "status": "waiting",
        "answer": "451 4.7.1 greylisted, come back",
        "good_until": "2026-03-04T09:00:00Z",
        "ended_at": None,
    }
    id = fields.Integer(required=True)
    kind = fields.String(required=True)
    recipient = fields.String(required=True)
    owner_id = fields.Integer(required=True, metadata={"description": "In whose name it is sent."})
    status = fields.String(required=True, validate=validate.OneOf(MAIL_STATUSES))
    answer = fields.String(
        required=True, allow_none=True, metadata={"description": "The last answer about it."}
    )
    good_until = Time(
        required=True, allow_none=True, metadata={"description": "After this it is not sent."}
    )
    created_at = Time(required=True)
    ended_at = Time(required=True, allow_none=True)


class MailJobOut(Schema):
    """The job that sends a mail."""

    example = {"id": 41, "status": "retry_wait", "attempt": 2, "due_at": "2026-03-02T09:10:00Z"}
    id = fields.Integer(required=True)
    status = fields.String(required=True)
    attempt = fields.Integer(required=True)
    due_at = Time(required=True, allow_none=True)


class MailWithJobOut(MailOut):
    """A mail with the job that sends it."""

    job = fields.Nested(
        MailJobOut,
        required=True,
        allow_none=True,
        metadata={"description": "Null where it has been deleted."},
    )


class MailQuery(PageQuery):
    """Which mails."""

    status = fields.String(load_default=None, validate=validate.OneOf(MAIL_STATUSES))
    kind = fields.String(load_default=None, validate=validate.Length(1, 20))
    owner_id = fields.Integer(
        load_default=None,
        validate=validate.Range(1, MAX_ID),
        metadata={"description": "In whose name."},
    )
    sort = sort_field(MAIL_SORTS, "-id")


MailPage = page_of(MailOut)
