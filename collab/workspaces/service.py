"""Creating, listing, updating and deleting workspaces."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask
from sqlalchemy import select

from ..core.caller import Caller
from ..core.lists.paging import Page, paginate
from ..core.slots import Contributions
from ..events import log
from ..events.catalogue.projects import WorkspaceCreated, WorkspaceDeleted, WorkspaceUpdated
from ..extensions import db
from ..projects.access import projects_of
from ..projects.models import Project
from .models import WORKSPACE_SORTS, Workspace

#: Called before a workspace is deleted; what it leaves open is the transaction that does it.
Farewell = Callable[[Workspace, Caller], None]
_FAREWELLS: Contributions[Farewell] = Contributions("farewells")


def on_deletion(app: Flask, farewell: Farewell) -> None:
    """Let a function handle what goes with a workspace."""
    _FAREWELLS.add(app, farewell)


def create(project: Project, name: str, settings: dict[str, Any], actor: Caller) -> Workspace:
    """Make a workspace in a project."""
    workspace = Workspace(project_id=project.id, name=name, settings=settings)
    db.session.add(workspace)
    db.session.flush()
    created = WorkspaceCreated(project_id=project.id, workspace_id=workspace.id, name=name)
    log.record(created, actor=actor.user_id)
    db.session.commit()
    return workspace


def list_project_workspaces(project: Project, **page: Any) -> Page:
    """Return a page of a project's workspaces."""
    return _list(select(Workspace).where(Workspace.project_id == project.id), **page)


def list_workspaces(caller: Caller, **page: Any) -> Page:
    """Return a page of the workspaces of all the caller's projects."""
    return _list(select(Workspace).where(Workspace.project_id.in_(projects_of(caller))), **page)


def _list(query: Any, *, sort: str, **page: Any) -> Page:
    return paginate(query, columns=WORKSPACE_SORTS, sort=sort, key=Workspace.id, **page)


def update(workspace: Workspace, changes: dict[str, Any], actor: Caller) -> Workspace:
    """Change a workspace's name or settings."""
    changed = {key: value for key, value in changes.items() if getattr(workspace, key) != value}
    for key, value in changed.items():
        setattr(workspace, key, value)
    if changed:
        event = WorkspaceUpdated(
            project_id=workspace.project_id, workspace_id=workspace.id, changes=changed
        )
        log.record(event, actor=actor.user_id)
    db.session.commit()
    return workspace


def delete(workspace: Workspace, actor: Caller) -> None:
    """Delete a workspace with all in it."""
    # While its rows are there: their events name them.
    for farewell in _FAREWELLS:
        farewell(workspace, actor)
    event = WorkspaceDeleted(project_id=workspace.project_id, workspace_id=workspace.id)
    log.record(event, actor=actor.user_id)
    db.session.delete(workspace)
    db.session.commit()
