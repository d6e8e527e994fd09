"""What a mail says, and the message (RFC 5322) that it becomes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8, EmailPolicy
from email.utils import format_datetime, parseaddr
from hashlib import sha256

import idna

from ..frozen import frozen

#: Characters of a subject; the rest is cut off.
MAX_SUBJECT_LENGTH = 150
#: The beginning of an encoded word (RFC 2047 §2), and a look-alike that is none. Python decodes
#: encoded words in header values, and writes the result as it is, including line breaks
#: (CVE-2024-6923).
ENCODED_WORD = "=?"
NO_ENCODED_WORD = "=\uff1f"


@frozen
class Mail:
    """A mail to one address: plain text, and perhaps the same as HTML."""

    to: str
    subject: str
    text: str
    html: str | None = None
    #: Its subject in a word, such as `verification`.
    kind: str = "notice"
    #: After this it is not worth sending.
    good_until: datetime | None = None
    #: Further headers.
    headers: Mapping[str, str] = field(default_factory=dict)


def on_the_wire(address: str) -> str:
    """Return an address as mail servers accept it: its domain as the DNS writes it (RFC 5890)."""
    local, _, domain = address.rpartition("@")
    if not domain.isascii():
        domain = idna.encode(domain, uts46=True).decode()
    return f"{local}@{domain}"


def policy_for(address: str) -> EmailPolicy[EmailMessage]:
    """Return how a message to an address is written: as ASCII if the address is (RFC 6532)."""
    return SMTP if on_the_wire(address).isascii() else SMTPUTF8


def sender_address(sender: str) -> str:
    """Return the address in MAIL_FROM."""
    return on_the_wire(parseaddr(sender)[1])


def _mailbox(address: str, name: str = "") -> Address:
    local, _, domain = address.rpartition("@")
    return Address(name, as_written(local), domain)


def as_written(words: str) -> str:
    """Return somebody's text in a form that a header shows, and never decodes."""
    return words.replace(ENCODED_WORD, NO_ENCODED_WORD)


def build(mail: Mail, sender: str, message_id: str, written_at: datetime) -> EmailMessage:
    """Make the message; the same facts make the same bytes.

    Raises ValueError for a subject or an address with a line break in it: no header can be added
    by what somebody calls their project.
    """
    name, _ = parseaddr(sender)
    message = EmailMessage(policy=policy_for(mail.to))
    message["From"] = _mailbox(sender_address(sender), name)
    message["To"] = _mailbox(on_the_wire(mail.to))
    message["Subject"] = as_written(mail.subject)[:MAX_SUBJECT_LENGTH]
    message["Date"] = format_datetime(written_at)
    message["Message-ID"] = message_id
    message["Auto-Submitted"] = "auto-generated"  # no out-of-office answers (RFC 3834 §5)
    for header, value in mail.headers.items():
        message[header] = as_written(value)
    message.set_content(mail.text, cte="quoted-printable")
    if mail.html is not None:
        message.add_alternative(mail.html, subtype="html", cte="quoted-printable")
        # Not a random one, as Python would make it: the same facts must make the same bytes.
        message.set_boundary(sha256(message_id.encode()).hexdigest()[:32])
    return message
