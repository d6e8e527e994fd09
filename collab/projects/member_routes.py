"""`/projects/{id}/members` and the invitations."""

from __future__ import annotations

from typing import Any

from ..auth.guard import login_required
from ..core.http.blueprint import Blueprint
from ..core.http.caller import caller
from ..core.http.etags import require_match, versioned
from ..core.http.idempotency import idempotent
from ..core.http.pages import linked
from ..core.http.representations.list_tags import remembered
from ..core.links import BASE_PATH
from ..core.lists.paging import Page
from . import access, invitations, members
from .access import Right
from .models import Invitation, Member, Project
from .schemas import (
    InvitationPage,
    InvitationQuery,
    MemberIn,
    MemberOut,
    MemberPage,
    MemberPatch,
    MemberQuery,
)

blueprint = Blueprint(
    "members", __name__, url_prefix=BASE_PATH, description="Who is in a project, and as what."
)


@blueprint.get("/projects/<id:project_id>/members")
@login_required
@blueprint.arguments(MemberQuery, location="query")
@blueprint.response(200, MemberPage)
@remembered()
@linked
def list_members(query: dict[str, Any], project_id: int) -> Page:
    """List a project's members."""
    return members.list_members(access.load(Project, project_id, caller()), **query)


@blueprint.post("/projects/<id:project_id>/members")
@login_required
@idempotent
@blueprint.arguments(MemberIn)
@blueprint.response(201, MemberOut)
@versioned
def invite_member(data: dict[str, Any], project_id: int) -> Member | Invitation:
    """Invite somebody: an existing account is added, an unknown address gets an invitation."""
    project = access.load(Project, project_id, caller(), can=Right.MANAGE)
    return invitations.invite(project, data["email"], data["role"], caller())


@blueprint.get("/projects/<id:project_id>/members/<id:user_id>")
@login_required
@blueprint.response(200, MemberOut)
@versioned
def get_member(project_id: int, user_id: int) -> Member:
    """Show a member."""
    return members.load(access.load(Project, project_id, caller()), user_id)


@blueprint.patch("/projects/<id:project_id>/members/<id:user_id>")
@login_required
@blueprint.arguments(MemberPatch)
@blueprint.response(200, MemberOut)
@blueprint.alt_response(409, "Problem")
@versioned
def change_role(data: dict[str, str], project_id: int, user_id: int) -> Member:
    """Change a member's role."""
    project = access.load(Project, project_id, caller(), can=Right.MANAGE)
    member = members.load(project, user_id)
    require_match(member)
    return members.change_role(project, member, data["role"], caller())


@blueprint.delete("/projects/<id:project_id>/members/<id:user_id>")
@login_required
@blueprint.response(204)
@blueprint.alt_response(409, "Problem")
def remove_member(project_id: int, user_id: int) -> None:
    """Remove a member; with your own id, leave."""
    project, member = members.load_to_remove(project_id, user_id, caller())
    members.remove(project, member, caller())


@blueprint.get("/projects/<id:project_id>/invitations")
@login_required
@blueprint.arguments(InvitationQuery, location="query")
@blueprint.response(200, InvitationPage)
@blueprint.alt_response(403, "Problem")
@remembered()
@linked
def list_invitations(query: dict[str, Any], project_id: int) -> Page:
    """List a project's open invitations."""
    project = access.load(Project, project_id, caller(), can=Right.MANAGE)
    return invitations.list_project_invitations(project, **query)


@blueprint.delete("/projects/<id:project_id>/invitations/<id:invitation_id>")
@login_required
@blueprint.response(204)
def revoke_invitation(project_id: int, invitation_id: int) -> None:
    """Revoke an invitation."""
    project = access.load(Project, project_id, caller(), can=Right.MANAGE)
    invitations.revoke(project, invitation_id, caller())


@blueprint.get("/invitations")
@login_required
@blueprint.arguments(InvitationQuery, location="query")
@blueprint.response(200, InvitationPage)
@remembered()
@linked
def list_my_invitations(query: dict[str, Any]) -> Page:
    """List the invitations to your address."""
    return invitations.list_my_invitations(caller(), **query)


@blueprint.post("/invitations/<id:invitation_id>/accept")
@login_required
@idempotent
@blueprint.response(201, MemberOut)
@blueprint.alt_response(409, "Problem")
@versioned
def accept_invitation(invitation_id: int) -> Member:
    """Accept an invitation to your address."""
    return invitations.accept(invitation_id, caller())


@blueprint.post("/invitations/<id:invitation_id>/decline")
@login_required
@blueprint.response(204)
def decline_invitation(invitation_id: int) -> None:
    """Decline an invitation to your address."""
    invitations.decline(invitation_id, caller())
