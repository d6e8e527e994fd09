"""Creating, listing, updating and deleting projects."""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import Select, Table, and_, bindparam, exists, func, select
from sqlalchemy import delete as delete_rows

from ..core.caller import Caller
from ..core.errors import Forbidden
from ..core.lists.paging import Page, paginate
from ..core.lists.reading import as_text
from ..core.models import Id
from ..core.storage.clearing import clear
from ..core.transactions.rows import Rows
from ..core.words.folding import fold
from ..events import log
from ..events.catalogue.projects import (
    MemberAdded,
    ProjectCreated,
    ProjectDeleted,
    ProjectUpdated,
)
from ..extensions import db
from .models import OWNER, PROJECT_SORTS, Member, Project

PROJECTS: Table = Project.__table__  # type: ignore[assignment]
MEMBERS: Table = Member.__table__  # type: ignore[assignment]
NEW_PROJECTS = Rows(Project)
NEW_MEMBERS = Rows(Member)


def create(name: str, description: str, owner: Caller) -> Project:
    """Create a project; its creator owns it."""
    project = NEW_PROJECTS.add(name=name, description=description)
    project.role = OWNER
    NEW_MEMBERS.insert(project_id=project.id, user_id=owner.user_id, role=OWNER)
    made = ProjectCreated(project_id=project.id, name=name)
    added = MemberAdded(project_id=project.id, user_id=owner.user_id, role=OWNER)
    log.record_all([made, added], actor=owner.user_id)
    db.session.commit()
    return project


def list_projects(caller: Caller, *, q: str | None, scope: str, sort: str, **page: Any) -> Page:
    """Return a page of the caller's projects, or for an admin of all, each with their role."""
    if scope == "all" and not caller.is_admin:
        raise Forbidden("Only an admin may list all projects.")
    values = {"user_id": caller.user_id} | ({"q": fold(q)} if q else {})
    # A person's memberships are stored in this order, so that reading one page of them suffices.
    key = Project.id if scope == "all" else Member.project_id
    return paginate(
        _listed(scope, bool(q)),
        columns=PROJECT_SORTS | {"id": key},
        sort=sort,
        key=key,
        item=lambda row: row,
        values=values,
        **page,
    )


@cache
def _listed(scope: str, filtered: bool) -> Select[Any]:
    """Build, once for each kind, the query of the columns that a list shows."""
    mine = and_(Member.project_id == Project.id, Member.user_id == bindparam("user_id", type_=Id))
    times = as_text(Project.created_at), as_text(Project.updated_at)
    shown = Project.id, Project.name, Project.description, *times
    query: Any = select(*shown, Member.role).select_from(Project)
    query = query.join(Member, mine, isouter=scope == "all")
    if filtered:
        query = query.where(func.instr(func.folded(Project.name), bindparam("q")) > 0)
    return query  # type: ignore[no-any-return]


def update(project: Project, changes: dict[str, Any], actor: Caller) -> Project:
    """Change a project's name or description."""
    changed = {key: value for key, value in changes.items() if getattr(project, key) != value}
    for key, value in changed.items():
        setattr(project, key, value)
    if changed:
        event = ProjectUpdated(project_id=project.id, changes=changed)
        log.record(event, actor=actor.user_id)
    db.session.commit()
    return project


def delete(project: Project, actor: Caller) -> None:
    """Delete a project with everything in it; access to it ends at once.

    Its members go first, and with them every right but that of admins; then its content, part by
    part. What a crash leaves of it has no member: `finish_deletions` continues with it.
    """
    key = project.id
    log.record(ProjectDeleted(project_id=key), actor=actor.user_id)
    # A commit of its own: all access is gone, while deleting the rest may take many.
    db.session.execute(delete_rows(MEMBERS).where(MEMBERS.c.project_id == key))
    db.session.commit()
    _remove(key)


def finish_deletions() -> None:
    """Finish deletions that were interrupted: those projects have no member."""
    member = exists().where(Member.project_id == Project.id)
    for key in db.session.scalars(select(Project.id).where(~member)).all():
        _remove(key)


def _remove(key: int) -> None:
    clear(PROJECTS, key)
    db.session.execute(delete_rows(PROJECTS).where(PROJECTS.c.id == key))
    db.session.commit()
