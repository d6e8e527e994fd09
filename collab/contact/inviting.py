"""Mails that invite, and accepting by their links."""

from __future__ import annotations

from sqlalchemy import select

from ..auth.blocks import has_blocked
from ..auth.models import User
from ..core.caller import Caller
from ..core.database import take_write_lock
from ..core.errors import Forbidden, NotFound
from ..core.models import utcnow
from ..extensions import db
from ..mail import outbox
from ..projects import invitations
from ..projects.concerns import ROLES_WITH_ARTICLES
from ..projects.invitation_limits import INVITATIONS
from ..projects.models import Invitation, Member, Project
from . import limits, links, verification, writing
from .models import INVITE


class ForAnother(Forbidden):
    """The invitation was sent to another address: sign in with that one."""


def send(invitation: Invitation) -> bool:
    """Mail an invitation in the open transaction; returns whether its address gets one.

    People who have blocked the inviter do not, and nobody gets more than a few a day.
    """
    inviter = db.session.get_one(User, invitation.invited_by)
    to = db.session.scalar(select(User).where(User.email == invitation.email))
    # Silently: an answer would tell the inviter of the block.
    if to is not None and (to.disabled or has_blocked(to.id, inviter.id)):
        return False
    if inviter.disabled or limits.has_enough(invitation.email, writing.INVITATION):
        return False
    token = links.issue(INVITE, invitation.email, links.INVITE_LIFE, invitation_id=invitation.id)
    mail = writing.invitation(
        invitation.email,
        inviter.name,
        invitation.project.name,
        ROLES_WITH_ARTICLES[invitation.role],
        token,
        utcnow() + links.INVITE_LIFE,
    )
    outbox.send(mail, owner_id=inviter.id)
    return True


def send_again(project: Project, invitation_id: int, actor: Caller) -> None:
    """Mail an open invitation once more; raises NotFound, TooManyInvitations.

    It answers alike whether the address gets one: a block does not show.
    """
    # A mail goes out each time: repeating is limited as inviting is.
    INVITATIONS.here().take(str(actor.user_id))
    take_write_lock()
    invitation = db.session.get(Invitation, invitation_id, populate_existing=True)
    if invitation is None or invitation.project_id != project.id:
        raise NotFound()
    send(invitation)
    db.session.commit()


def accept(token: str, caller: Caller) -> Member:
    """Become a member by the link of an invitation, which verifies the address, too.

    Raises LinkSpent, ForAnother, NoLongerValid.
    """
    take_write_lock()
    link = links.find(token, INVITE)
    if link.email != caller.email or link.invitation_id is None:
        raise ForAnother()
    # A person with the link reads what is sent to that address.
    verification.mark(db.session.get_one(User, caller.user_id, populate_existing=True))
    return invitations.accept(link.invitation_id, caller)
