"""`/projects/{id}/workspaces` and `/workspaces`."""

from __future__ import annotations

from typing import Any

from ..auth.guard import login_required
from ..core.http.blueprint import Blueprint
from ..core.http.caller import caller
from ..core.http.etags import located, require_match, versioned
from ..core.http.idempotency import idempotent
from ..core.http.pages import linked
from ..core.http.representations.list_tags import remembered
from ..core.links import BASE_PATH
from ..core.lists.paging import Page
from ..projects import access
from ..projects.access import Right
from ..projects.models import Project
from . import service
from .models import Workspace
from .schemas import (
    FlatWorkspaceIn,
    FlatWorkspaceQuery,
    WorkspaceIn,
    WorkspaceOut,
    WorkspacePage,
    WorkspacePatch,
    WorkspaceQuery,
)

blueprint = Blueprint(
    "workspaces", __name__, url_prefix=BASE_PATH, description="Places in a project."
)


@blueprint.get("/projects/<id:project_id>/workspaces")
@login_required
@blueprint.arguments(WorkspaceQuery, location="query")
@blueprint.response(200, WorkspacePage)
@remembered()
@linked
def list_project_workspaces(query: dict[str, Any], project_id: int) -> Page:
    """List a project's workspaces."""
    return service.list_project_workspaces(access.load(Project, project_id, caller()), **query)


@blueprint.post("/projects/<id:project_id>/workspaces")
@login_required
@idempotent
@blueprint.arguments(WorkspaceIn)
@blueprint.response(201, WorkspaceOut)
@located("/workspaces/{id}")
@versioned
def create_project_workspace(data: dict[str, Any], project_id: int) -> Workspace:
    """Create a workspace in a project."""
    project = access.load(Project, project_id, caller(), can=Right.WRITE)
    return service.create(project, data["name"], data["settings"], caller())


@blueprint.get("/workspaces")
@login_required
@blueprint.arguments(FlatWorkspaceQuery, location="query")
@blueprint.response(200, WorkspacePage)
@remembered()
@linked
def list_workspaces(query: dict[str, Any]) -> Page:
    """List the workspaces of one project (`project_id`), or of all yours."""
    project_id = query.pop("project_id")
    if project_id is None:
        return service.list_workspaces(caller(), **query)
    return service.list_project_workspaces(access.load(Project, project_id, caller()), **query)


@blueprint.post("/workspaces")
@login_required
@idempotent
@blueprint.arguments(FlatWorkspaceIn)
@blueprint.response(201, WorkspaceOut)
@located("/workspaces/{id}")
@versioned
def create_workspace(data: dict[str, Any]) -> Workspace:
    """Create a workspace in the project that the body names."""
    project = access.load(Project, data["project_id"], caller(), can=Right.WRITE)
    return service.create(project, data["name"], data["settings"], caller())


@blueprint.get("/workspaces/<id:workspace_id>")
@login_required
@blueprint.response(200, WorkspaceOut)
@versioned
def get_workspace(workspace_id: int) -> Workspace:
    """Show a workspace."""
    return access.load(Workspace, workspace_id, caller())


@blueprint.put("/workspaces/<id:workspace_id>")
@login_required
@blueprint.arguments(WorkspaceIn)
@blueprint.response(200, WorkspaceOut)
@versioned
def replace_workspace(data: dict[str, Any], workspace_id: int) -> Workspace:
    """Replace a workspace's name and settings."""
    workspace = access.load(Workspace, workspace_id, caller(), can=Right.WRITE)
    require_match(workspace)
    return service.update(workspace, data, caller())


@blueprint.patch("/workspaces/<id:workspace_id>")
@login_required
@blueprint.arguments(WorkspacePatch)
@blueprint.response(200, WorkspaceOut)
@versioned
def update_workspace(changes: dict[str, Any], workspace_id: int) -> Workspace:
    """Change a workspace's name or settings."""
    workspace = access.load(Workspace, workspace_id, caller(), can=Right.WRITE)
    require_match(workspace)
    return service.update(workspace, changes, caller())


@blueprint.delete("/workspaces/<id:workspace_id>")
@login_required
@blueprint.response(204)
def delete_workspace(workspace_id: int) -> None:
    """Delete a workspace with everything in it."""
    workspace = access.load(Workspace, workspace_id, caller(), can=Right.WRITE)
    require_match(workspace)
    service.delete(workspace, caller())
