"""What role somebody has in a project, asked with whatever is made in one."""

from __future__ import annotations

from sqlalchemy import and_, bindparam, select

from ..core.compiled import Compiled
from .models import Member, Project

#: No row: there is no such project; no role: they are not in it.
ROLE_IN_PROJECT = Compiled(
    select(Project.id, Member.role)
    .outerjoin(
        Member, and_(Member.project_id == Project.id, Member.user_id == bindparam("user_id"))
    )
    .where(Project.id == bindparam("project_id"))
)
