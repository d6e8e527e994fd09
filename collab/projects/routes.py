"""`/projects`: projects themselves."""

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
from . import access, reading, service
from .access import Right
from .models import Project
from .reading import SeenProject
from .schemas import ProjectIn, ProjectOut, ProjectPage, ProjectPatch, ProjectQuery

blueprint = Blueprint(
    "projects", __name__, url_prefix=f"{BASE_PATH}/projects", description="What people share."
)


@blueprint.get("")
@login_required
@blueprint.arguments(ProjectQuery, location="query")
@blueprint.response(200, ProjectPage)
@remembered()
@linked
def list_projects(query: dict[str, Any]) -> Page:
    """List your projects."""
    return service.list_projects(caller(), **query)


@blueprint.post("")
@login_required
@idempotent
@blueprint.arguments(ProjectIn)
@blueprint.response(201, ProjectOut)
@located("/projects/{id}")
@versioned
def create_project(data: dict[str, Any]) -> Project:
    """Create a project; you own it."""
    return service.create(data["name"], data["description"], caller())


@blueprint.get("/<id:project_id>")
@login_required
@blueprint.response(200, ProjectOut)
@versioned
def get_project(project_id: int) -> SeenProject:
    """Show a project."""
    return reading.show(project_id, caller())


@blueprint.put("/<id:project_id>")
@login_required
@blueprint.arguments(ProjectIn)
@blueprint.response(200, ProjectOut)
@versioned
def replace_project(data: dict[str, Any], project_id: int) -> Project:
    """Replace a project's name and description."""
    project = access.load(Project, project_id, caller(), can=Right.MANAGE)
    require_match(project)
    return service.update(project, data, caller())


@blueprint.patch("/<id:project_id>")
@login_required
@blueprint.arguments(ProjectPatch)
@blueprint.response(200, ProjectOut)
@versioned
def update_project(changes: dict[str, Any], project_id: int) -> Project:
    """Change a project's name or description."""
    project = access.load(Project, project_id, caller(), can=Right.MANAGE)
    require_match(project)
    return service.update(project, changes, caller())


@blueprint.delete("/<id:project_id>")
@login_required
@blueprint.response(204)
def delete_project(project_id: int) -> None:
    """Delete a project with everything in it."""
    project = access.load(Project, project_id, caller(), can=Right.MANAGE)
    require_match(project)
    service.delete(project, caller())
