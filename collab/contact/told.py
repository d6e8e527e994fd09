"""Mails that follow from events, written in the transaction in which the log's reader goes on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..auth.models import User
from ..extensions import db
from ..mail import outbox
from ..projects.models import Invitation
from . import inviting, verification, writing

#: The events that mails follow from.
TYPES = ("account.registered", "account.password_changed", "invitation.created")


def handle(rows: Sequence[Any]) -> None:
    """Write the mails of some events."""
    for row in rows:
        if row.type == "invitation.created":
            invitation = db.session.get(Invitation, row.data["invitation_id"])
            if invitation is not None:
                inviting.send(invitation)
        else:
            _tell(row.type, row.data["user_id"])


def _tell(kind: str, user_id: int) -> None:
    user = db.session.get(User, user_id)
    if user is None or user.disabled:
        return
    if kind == "account.password_changed":
        outbox.send(writing.password_changed(user.email))
    elif not user.email_verified:
        verification.ask(user)
