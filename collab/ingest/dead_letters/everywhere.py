"""Dead letters of all projects, for admins: how many are open, and since when."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from sqlalchemy import select

from ...core.lists.paging import Page
from ...core.slots import application
from ...extensions import db
from ...frozen import frozen
from ...projects.models import Project
from ..reading.periods import moment
from ..store import reader, where_of
from . import finding
from .service import read_cursor, written_cursor


@frozen
class OpenOfProject:
    """A project, and its open letters."""

    project_id: int
    #: None: the project is being deleted.
    project_name: str | None
    open: int
    oldest_at: datetime


def list_projects(*, limit: int, cursor: str | None) -> Page:
    """Return a page of the projects that have open letters; raises Malformed."""
    after = read_cursor(cursor) or 0
    with reader() as connection:
        found, following = finding.open_by_project(connection, limit, after)
    # The names are in the service's database, which the store can't join.
    query = select(Project.id, Project.name).where(Project.id.in_([one.project for one in found]))
    names: dict[int, str] = dict(db.session.execute(query).all())
    items = [
        OpenOfProject(one.project, names.get(one.project), one.count, moment(one.oldest_ms))
        for one in found
    ]
    return Page(items, None if following is None else written_cursor(following))


def count_open() -> int:
    """Return how many letters are open in all projects, at most 10,000."""
    where = where_of(application())
    if isinstance(where, Path) and not where.exists():
        return 0
    with reader() as connection:
        return finding.count_open(connection)
