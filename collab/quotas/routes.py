"""`/auth/me/usage`, `/projects/{id}/usage`, `/usage`: what is kept, and how much that may be."""

from __future__ import annotations

from typing import Any

from ..auth.guard import admin_required, login_required
from ..core.http.blueprint import Blueprint
from ..core.http.caller import caller
from ..core.http.heavy import heavy
from ..core.http.pages import linked
from ..core.links import BASE_PATH
from ..core.lists.paging import Page
from ..core.usage.models import PERSON, PROJECT
from ..projects import access
from ..projects.models import Project
from . import service
from .schemas import KeeperPage, KeeperQuery, UsageOut
from .service import Kept

blueprint = Blueprint("quotas", __name__, url_prefix=BASE_PATH, description="What is kept.")


@blueprint.get("/auth/me/usage")
@login_required
@blueprint.response(200, UsageOut)
def my_usage() -> Kept:
    """Show what you keep, in projects and outside of them, and how much you may keep."""
    return service.usage_of(PERSON, caller().user_id)


@blueprint.get("/projects/<id:project_id>/usage")
@login_required
@blueprint.response(200, UsageOut)
def project_usage(project_id: int) -> Kept:
    """Show what a project keeps, whoever added it, and how much it may keep."""
    access.load(Project, project_id, caller())
    return service.usage_of(PROJECT, project_id)


@blueprint.get("/users/<id:user_id>/usage")
@admin_required
@blueprint.response(200, UsageOut)
def usage_of_user(user_id: int) -> Kept:
    """Show what somebody keeps, and how much they may keep; for admins."""
    return service.usage_of_user(user_id)


@blueprint.get("/usage")
@admin_required
@heavy
@blueprint.arguments(KeeperQuery, location="query")
@blueprint.response(200, KeeperPage)
@linked
def list_usage(query: dict[str, Any]) -> Page:
    """List people, or projects, by how much they keep; for admins."""
    return service.list_keepers(**query)
