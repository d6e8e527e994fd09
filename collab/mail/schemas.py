"""What a mail that somebody orders looks like on the wire."""

from __future__ import annotations

from ..core.schemas import Schema, email, line, text
from .message import MAX_SUBJECT_LENGTH

#: Characters of a mail that somebody has sent to themselves.
MAX_TEXT_LENGTH = 20_000


class EmailIn(Schema):
    """A mail to yourself, at your verified address."""

    example = {"subject": "The report is ready", "text": "It is in the project's jobs."}
    aliases = {"body": "text"}
    to = email(
        load_default=None,
        allow_none=True,
        metadata={"description": "Your own address, the only one that is taken."},
    )
    subject = line(MAX_SUBJECT_LENGTH, required=True, metadata={"example": "The report is ready"})
    text = text(MAX_TEXT_LENGTH, required=True, metadata={"example": "It is done.\n"})
