"""What mails keep about people."""

from __future__ import annotations

from email import message_from_binary_file
from email.message import EmailMessage
from email.policy import default

from flask import Flask
from sqlalchemy import select

from ..core.personal.declared import Days, Kept, Person, Subject, Then, declare, on_erase
from ..extensions import db
from . import folder
from .letter import quoted
from .message import on_the_wire
from .models import OutgoingMail

MAIL_TABLES = Kept(
    "mails",
    Days("JOB_RETENTION_DAYS", "ended mails"),
    (
        Person("recipient", Then.DELETE, "recipient = :email", export="mails"),
        Person("owner_id", Then.DELETE, why="of mails to others it is their address that counts"),
    ),
    unshown=("sealed",),
)


def init_app(app: Flask) -> None:
    """Declare the table, and have the files deleted with the person they are for."""
    declare(app, MAIL_TABLES)
    on_erase(app, forget_files)


def forget_files(subject: Subject) -> bool:
    """Delete the mails stored as files that name somebody; returns that nothing is left."""
    mine = OutgoingMail.owner_id == subject.id
    sent = set(db.session.scalars(select(OutgoingMail.id).where(mine)))
    kept = folder.ids()
    wanted = {*subject.addresses, *map(on_the_wire, subject.addresses)}
    for path in folder.folder().glob("*.eml"):
        with path.open("rb") as file:
            message = message_from_binary_file(file, policy=default)
        # Others may have put files there, too.
        to = {one.addr_spec for header in message.get_all("To", ()) for one in header.addresses}
        if wanted & to or _names(message, subject):
            folder.forget(path)
    for mail_id in sent & kept.keys():  # to others, in their name
        folder.forget(kept[mail_id])
    return False


def _names(message: EmailMessage, subject: Subject) -> bool:
    """Return whether a digest tells its reader what somebody did.

    Only digests count: otherwise a person whose name is a common word would delete others' links.
    """
    body = message.get_body(("plain",))
    if body is None or "List-Unsubscribe" not in message:
        return False
    return quoted(subject.name, len(subject.name)) in body.get_content()
