"""One project as its reader sees it, read as columns: the page requests it very often."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import and_, bindparam, select

from ..core.caller import Caller
from ..core.compiled import Compiled
from ..core.errors import NotFound
from ..core.idempotency import note_right
from ..core.models import Id, version_tag
from . import access
from .access import Right
from .models import Member, Project


class SeenProject(NamedTuple):
    """A project, and the reader's role in it: what the statement below selects."""

    id: int
    name: str
    description: str
    created_at: datetime
    updated_at: datetime
    version: int
    role: str | None

    @property
    def etag(self) -> str:
        """The tag that the project itself has for this reader."""
        times = self.created_at, self.updated_at
        return version_tag(Project, (self.id,), times, self.version, (self.role,))


_MINE = and_(Member.project_id == Project.id, Member.user_id == bindparam("user_id", type_=Id))
SEEN_PROJECT = Compiled(
    select(
        Project.id,
        Project.name,
        Project.description,
        Project.created_at,
        Project.updated_at,
        Project.version,
        Member.role,
    )
    .outerjoin(Member, _MINE)
    .where(Project.id == bindparam("project_id", type_=Id)),
    row=SeenProject,
)


def show(project_id: int, caller: Caller) -> SeenProject:
    """Return a project that the caller may read; raises NotFound."""
    found: SeenProject | None = SEEN_PROJECT.one(
        {"project_id": project_id, "user_id": caller.user_id}
    )
    if found is None:
        raise NotFound()
    # The role comes with the row: the right is checked without a second query.
    access.check(access.effective(found.role, caller), Right.READ)
    note_right(Project.__tablename__, project_id, Right.READ)
    return found
