"""Members: adding, changing roles, removing, leaving. The last owner stays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask
from sqlalchemy import func, select

from ..auth.models import User
from ..core.caller import Caller
from ..core.database import take_write_lock
from ..core.errors import Conflict, NotFound
from ..core.lists.paging import Page, paginate
from ..core.slots import Contributions
from ..events import log
from ..events.catalogue.projects import MemberAdded, MemberRemoved, MemberRoleChanged
from ..extensions import db
from . import access
from .models import MEMBER_SORTS, OWNER, VIEWER, Member, Project

#: Called with project, person and actor in the transaction that removes a member, and before that
#: as long as it returns that there is more to do than one transaction should.
Departure = Callable[[int, int, int], bool]

_DEPARTURES: Contributions[Departure] = Contributions("departures")


def on_departure(app: Flask, callback: Departure) -> None:
    """Let a higher package tidy up after a member who is removed or leaves."""
    _DEPARTURES.add(app, callback)


_DEMOTIONS: Contributions[Departure] = Contributions("demotions")


def on_demotion(app: Flask, callback: Departure) -> None:
    """Let a package end what a viewer may not do; called like for a departure."""
    _DEMOTIONS.add(app, callback)


class LastOwner(Conflict):
    """The last owner can neither leave nor be demoted: make somebody else an owner first."""


def list_members(project: Project, *, sort: str, **page: Any) -> Page:
    """Return a page of a project's members."""
    query = select(Member).where(Member.project_id == project.id)
    return paginate(
        query,
        columns=MEMBER_SORTS,
        sort=sort,
        key=Member.user_id,
        **page,
    )


def add(project_id: int, user: User, role: str, actor: int) -> Member:
    """Make somebody a member, in the open transaction."""
    member = Member(project_id=project_id, user_id=user.id, user=user, role=role)
    db.session.add(member)
    db.session.flush()
    log.record(MemberAdded(project_id=project_id, user_id=user.id, role=role), actor=actor)
    return member


def load(project: Project, user_id: int) -> Member:
    """Return a member; raises NotFound."""
    # Read again: what this session knows may be older than the lock.
    member = db.session.get(Member, (project.id, user_id), populate_existing=True)
    if member is None:
        raise NotFound()
    return member


def change_role(project: Project, member: Member, role: str, actor: Caller) -> Member:
    """Give a member another role; raises LastOwner, and Forbidden for one above the actor's."""
    access.check_grant(access.effective(project.role, actor), role)
    if member.role == OWNER and role != OWNER:
        _check_other_owner(project)
    if member.role != role:
        member = _end_what_viewers_may_not(project, member, role, actor)
        member.role = role
        changed = MemberRoleChanged(project_id=project.id, user_id=member.user_id, role=role)
        log.record(changed, actor=actor.user_id)
    db.session.commit()
    return member


def _end_what_viewers_may_not(project: Project, member: Member, role: str, actor: Caller) -> Member:
    """End what is in progress for a member who may only read from now on; a part at a time."""
    if role != VIEWER:
        return member
    place = (project.id, member.user_id)
    while any(callback(*place, actor.user_id) for callback in _DEMOTIONS):
        db.session.commit()
        again = access.load(Project, place[0], actor, can=access.Right.MANAGE)
        member = load(again, place[1])
        if member.role == OWNER:
            _check_other_owner(again)
    return member


def load_to_remove(project_id: int, user_id: int, actor: Caller) -> tuple[Project, Member]:
    """Return a member whom the actor may remove: themselves, or anybody if they are an owner."""
    take_write_lock()
    # Everybody who may see the project may leave it; removing somebody else takes an owner.
    right = access.Right.READ if user_id == actor.user_id else access.Right.MANAGE
    project = access.load(Project, project_id, actor, can=right)
    return project, load(project, user_id)


def remove(project: Project, member: Member, actor: Caller) -> None:
    """Remove a member, or leave; raises LastOwner, and as `load_to_remove` if that comes between.

    If there is very much to tidy up, parts of it go first in transactions of their own.
    """
    place = (project.id, member.user_id)
    if member.role == OWNER:
        _check_other_owner(project)
    # In parts, since the writer's lock is held during each: others can write in between.
    while _tidy_up_after(*place, actor):
        # Others may write between two parts, so everything found before is looked up again.
        db.session.commit()
        project, member = load_to_remove(*place, actor)
        if member.role == OWNER:
            _check_other_owner(project)
    db.session.delete(member)
    log.record(MemberRemoved(project_id=place[0], user_id=place[1]), actor=actor.user_id)
    db.session.commit()


def _tidy_up_after(project_id: int, user_id: int, actor: Caller) -> bool:
    """Tidy up a part of what a member leaves; returns whether there is more."""
    # A list, so that each package does a part: `any` over a generator would stop at the first.
    more = [callback(project_id, user_id, actor.user_id) for callback in _DEPARTURES]
    return any(more)


def _check_other_owner(project: Project) -> None:
    """Raise LastOwner unless another owner remains; under the writer's lock they stay."""
    query = select(func.count()).where(Member.project_id == project.id, Member.role == OWNER)
    if (db.session.scalar(query) or 0) < 2:
        raise LastOwner()
