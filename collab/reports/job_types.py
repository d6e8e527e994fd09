"""The job type `report`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select

from ..auth.models import ADMIN, User
from ..core.models import utcnow
from ..jobs.context import FatalError, JobContext, Result
from ..jobs.registry import job_type
from ..projects.access import Right, Role, may
from ..projects.models import Member
from . import facts
from .render import Report, render
from .schemas import ReportIn
from .scope import Period, Scope
from .sections import SECTIONS
from .snapshot import snapshot


@job_type("report", payload=ReportIn, timeout_s=60, max_attempts=5, needs_project=True)
def report(ctx: JobContext, payload: dict[str, Any]) -> Result:
    """Write a project's report: its events, people and workspaces, as one HTML file."""
    made = gather(ctx, payload["days"], utcnow())
    ctx.progress(0.9, "Writing the page")
    return Result(
        data=summary(made),
        body=render(made).encode(),
        content_type="text/html; charset=utf-8",
        filename=f"project-{made.project.id}-report-{made.period.last}.html",
    )


def gather(ctx: JobContext, days: int, now: datetime) -> Report:
    """Read all facts at one moment; raises FatalError, and Stopped."""
    period = Period.ending(now, days)
    # One moment for all sections: otherwise a task could be counted in one and missing in another.
    with snapshot(ctx) as connection:
        scope = Scope.of(connection, ctx.project_id or 0, period)
        project = _project(scope, ctx.owner_id)
        found: dict[str, Any] = {}
        for number, section in enumerate(SECTIONS):
            ctx.progress(0.9 * number / len(SECTIONS), section.title)
            found[section.name] = section.gather(scope)
    return Report(project, period, found, now)


def _project(scope: Scope, owner_id: int) -> facts.ProjectFacts:
    """Return the project, if it is still there and the job's owner may still read it."""
    project = facts.project(scope)
    if project is None:
        raise FatalError("project_gone", "The project has been deleted.")
    # Asked when it runs: the job may have waited, and its owner been removed meanwhile.
    if not may(_role(scope, owner_id), Right.READ):
        raise FatalError("access_lost", "You may no longer read this project.")
    return project


def _role(scope: Scope, user_id: int) -> Role:
    """Return the role of a job's owner, who may have been removed or disabled meanwhile."""
    member = (Member.user_id == User.id) & (Member.project_id == scope.project_id)
    query = select(User.role, Member.role).outerjoin(Member, member)
    query = query.where(User.id == user_id, User.disabled_at.is_(None))
    row = scope.connection.execute(query).one_or_none()
    if row is None:
        return Role.NONE
    return Role.OWNER if row[0] == ADMIN else Role.named(row[1])


def summary(made: Report) -> dict[str, Any]:
    """Return the figures that a job's result shows besides the file."""
    found = made.found
    return {
        "title": made.title,
        "first_day": made.period.first.isoformat(),
        "last_day": made.period.last.isoformat(),
        "sections": [section.name for section in SECTIONS],
        "events": found["activity"].total,
        "active_people": found["people"].active,
        "members": found["members"].total,
        "tasks": found["tasks"].total,
        "workspaces": found["workspaces"].total,
    }
