"""Mails that follow from events, written in the transaction in which the log's reader goes on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..auth.models import User
from ..extensions import db
from ..mail import outbox
from ..projects.models import Invitation
from . import inviting, verification, writing

#: The events that mails follow from.
TYPES = (
    "account.registered",
    "account.password_changed",
    "account.identity_linked",
    "account.second_factors_removed",
    "invitation.created",
)
#: If an account was made with an identity, there is no need to report the link.
WITH_THE_ACCOUNT = "registration"


def handle(rows: Sequence[Any]) -> None:
    """Write the mails of some events."""
    for row in rows:
        if row.type == "invitation.created":
            invitation = db.session.get(Invitation, row.data["invitation_id"])
            if invitation is not None:
                inviting.send(invitation)
        else:
            _tell(row.type, row.data)


def _tell(kind: str, data: Mapping[str, Any]) -> None:
    user = db.session.get(User, data["user_id"])
    if user is None or user.disabled:
        return
    if kind == "account.password_changed":
        outbox.send(writing.password_changed(user.email))
    elif kind == "account.second_factors_removed":
        outbox.send(writing.factors_removed(user.email))
    elif kind == "account.identity_linked":
        if data.get("by") != WITH_THE_ACCOUNT:
            outbox.send(writing.identity_linked(user.email, data["provider"]))
    elif not user.email_verified:
        verification.ask(user)
