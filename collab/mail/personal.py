"""What mails keep of people."""

from __future__ import annotations

from email import message_from_binary_file
from email.policy import default

from flask import Flask

from ..core.personal.declared import Days, Kept, Person, Subject, Then, declare, on_erase
from . import folder
from .message import on_the_wire

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
    """Declare the table, and let the files go with the person whom they are for."""
    declare(app, MAIL_TABLES)
    on_erase(app, forget_files)


def forget_files(subject: Subject) -> bool:
    """Delete the mails to somebody that are kept as files; there is no more."""
    wanted = {subject.email, on_the_wire(subject.email)}
    for path in folder.folder().glob("*.eml"):
        with path.open("rb") as file:
            message = message_from_binary_file(file, policy=default)
        if wanted & {one.addr_spec for one in message["To"].addresses}:
            path.unlink(missing_ok=True)
    return False
