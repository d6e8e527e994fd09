"""The role that somebody has in a project, checked whenever something is created in one."""

from __future__ import annotations

from sqlalchemy import and_, bindparam, select

from ..core.compiled import Compiled
from .models import Member, Project

#: No row: there is no such project; no role: they are not a member.
ROLE_IN_PROJECT = Compiled(
    select(Project.id, Member.role)
    .outerjoin(
        Member, and_(Member.project_id == Project.id, Member.user_id == bindparam("user_id"))
    )
    .where(Project.id == bindparam("project_id"))
)
