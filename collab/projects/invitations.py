"""Inviting: an account is added, an unknown address gets an invitation to accept.

People who have blocked the inviter are invited like an unknown address, and do not see it: another
answer would reveal the block.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, select

from ..auth.blocks import blocked, has_blocked
from ..auth.models import User
from ..core.caller import Caller
from ..core.database import take_write_lock
from ..core.errors import Conflict, NotFound
from ..core.lists.paging import Page, paginate
from ..events import log
from ..events.catalogue.projects import InvitationCreated, InvitationDeclined, InvitationRevoked
from ..extensions import db
from . import access, members
from .invitation_limits import INVITATIONS
from .models import INVITATION_SORTS, Invitation, Member, Project


class AlreadyMember(Conflict):
    """This person is already a member: change their role instead."""


class AlreadyInvited(Conflict):
    """This address has already been invited: revoke that invitation to change the role."""


class NoLongerValid(Conflict):
    """Whoever invited you may no longer grant this role: ask for a new invitation."""


def invite(project: Project, email: str, role: str, actor: Caller) -> Member | Invitation:
    """Add the account with this address, or keep an invitation for it.

    Raises AlreadyMember, AlreadyInvited, TooManyInvitations, and Forbidden for a role above the
    actor's.
    """
    access.check_grant(access.effective(project.role, actor), role)
    # Before the look-up: people who try out addresses are limited, whatever is found.
    INVITATIONS.here().take(str(actor.user_id))
    user = db.session.scalar(select(User).where(User.email == email))
    if user is None:
        return _keep(project, email, role, actor)
    if db.session.get(Member, (project.id, user.id)):
        raise AlreadyMember()
    if has_blocked(user.id, actor.user_id):
        return _keep(project, email, role, actor)
    member = members.add(project.id, user, role, actor.user_id)
    # In the same commit as the membership: the invitation would outlive a removal, and undo it.
    _settle(project.id, email)
    db.session.commit()
    return member


def _settle(project_id: int, email: str) -> None:
    """Delete an open invitation of somebody who is now a member: it would let them come back."""
    which = (Invitation.project_id == project_id) & (Invitation.email == email)
    db.session.execute(delete(Invitation).where(which))


def _keep(project: Project, email: str, role: str, actor: Caller) -> Invitation:
    """Keep a role for an address."""
    known = select(Invitation.id).filter_by(project_id=project.id, email=email)
    if db.session.scalar(known):
        raise AlreadyInvited()
    invitation = Invitation(project=project, email=email, role=role, invited_by=actor.user_id)
    db.session.add(invitation)
    db.session.flush()
    created = InvitationCreated(project_id=project.id, invitation_id=invitation.id, role=role)
    log.record(created, actor=actor.user_id)
    db.session.commit()
    return invitation


def list_project_invitations(project: Project, *, sort: str, **page: Any) -> Page:
    """Return a page of a project's open invitations."""
    return _list(select(Invitation).where(Invitation.project_id == project.id), sort, page)


def list_my_invitations(caller: Caller, *, sort: str, **page: Any) -> Page:
    """Return a page of the invitations to the caller's address."""
    return _list(select(Invitation).where(_to(caller)), sort, page)


def _to(caller: Caller) -> Any:
    """Return the condition for invitations to somebody, without those by people they blocked."""
    return (Invitation.email == caller.email) & ~blocked(caller.user_id, Invitation.invited_by)


def _list(query: Any, sort: str, page: dict[str, Any]) -> Page:
    return paginate(query, columns=INVITATION_SORTS, sort=sort, key=Invitation.id, **page)


def revoke(project: Project, invitation_id: int, actor: Caller) -> None:
    """Revoke an invitation; raises NotFound."""
    _take(invitation_id, Invitation.project_id == project.id)
    event = InvitationRevoked(project_id=project.id, invitation_id=invitation_id)
    log.record(event, actor=actor.user_id)
    db.session.commit()


def accept(invitation_id: int, caller: Caller) -> Member:
    """Become a member; raises NotFound, NoLongerValid."""
    take_write_lock()
    row = _take(invitation_id, _to(caller))
    _check_still_valid(row)
    member = db.session.get(Member, (row.project_id, caller.user_id))
    if member is None:
        user = db.session.get_one(User, caller.user_id)
        member = members.add(row.project_id, user, row.role, caller.user_id)
    access.load(Project, row.project_id, caller)  # a right that is checked again for a replay
    db.session.commit()
    return member


def decline(invitation_id: int, caller: Caller) -> None:
    """Refuse an invitation; raises NotFound."""
    row = _take(invitation_id, _to(caller))
    event = InvitationDeclined(project_id=row.project_id, invitation_id=invitation_id)
    log.record(event, actor=caller.user_id)
    db.session.commit()


def _take(invitation_id: int, whose: Any) -> Any:
    """Delete an invitation in the open transaction and return it: only one caller wins."""
    statement = (
        delete(Invitation)
        .where(Invitation.id == invitation_id, whose)
        .returning(Invitation.project_id, Invitation.role, Invitation.invited_by)
    )
    row = db.session.execute(statement).one_or_none()
    if row is None:
        raise NotFound()
    return row


def _check_still_valid(row: Any) -> None:
    """Raise NoLongerValid if the inviter could not grant the role today."""
    query = select(User.role, Member.role).select_from(User).where(User.disabled_at.is_(None))
    query = query.outerjoin(
        Member, (Member.user_id == User.id) & (Member.project_id == row.project_id)
    )
    inviter = db.session.execute(query.where(User.id == row.invited_by)).one_or_none()
    role = access.Role.NONE
    if inviter is not None:
        role = access.Role.OWNER if inviter[0] == "admin" else access.Role.named(inviter[1])
    if not access.may(role, access.Right.MANAGE) or role < access.Role.named(row.role):
        raise NoLongerValid()
