"""`/auth/verification`, `/auth/password/…`, links of invitations, digests."""

from __future__ import annotations

from typing import Any

from flask import request

from ..auth.guard import login_required
from ..auth.models import User
from ..core.counting.networks import network_of
from ..core.http.blueprint import NO_SECURITY, Blueprint
from ..core.http.caller import caller
from ..core.http.etags import versioned
from ..core.links import BASE_PATH
from ..projects import access
from ..projects.access import Right
from ..projects.models import Member, Project
from ..projects.schemas import MemberOut
from . import digests, inviting, recovery, verification
from .schemas import DigestIn, DigestOut, ForgotIn, ResetIn, TokenIn, VerifiedOut

blueprint = Blueprint(
    "contact", __name__, url_prefix=BASE_PATH, description="Mails to people, and their links."
)


@blueprint.post("/auth/verification")
@login_required
@blueprint.response(202)
@blueprint.alt_response(409, "Problem")
def ask_to_verify() -> None:
    """Get another mail with a link that verifies your address; five a day."""
    verification.ask_again(caller())


@blueprint.post("/auth/verification/confirm")
@blueprint.doc(security=NO_SECURITY)
@blueprint.arguments(TokenIn)
@blueprint.response(200, VerifiedOut)
@blueprint.alt_response(410, schema="Problem")
def confirm_address(data: dict[str, str]) -> User:
    """Verify the address that a link was sent to."""
    return verification.confirm(data["token"])


@blueprint.post("/auth/password/forgot")
@blueprint.doc(security=NO_SECURITY)
@blueprint.arguments(ForgotIn)
@blueprint.response(202)
def forgot_password(data: dict[str, str]) -> None:
    """Ask for a link to choose a new password by; the answer is the same for every address."""
    recovery.ask(data["email"], network_of(request.remote_addr or ""))


@blueprint.post("/auth/password/reset")
@blueprint.doc(security=NO_SECURITY)
@blueprint.arguments(ResetIn)
@blueprint.response(204)
@blueprint.alt_response(410, schema="Problem")
def reset_password(data: dict[str, str]) -> None:
    """Choose a new password by the link of a mail; all of your sessions end."""
    recovery.reset(data["token"], data["new_password"])


@blueprint.post("/invitations/accept")
@login_required
@blueprint.arguments(TokenIn)
@blueprint.response(201, MemberOut)
@blueprint.alt_response(409, "Problem")
@blueprint.alt_response(403, "Problem")
@blueprint.alt_response(410, schema="Problem")
@versioned
def accept_by_link(data: dict[str, str]) -> Member:
    """Accept an invitation by the link of its mail, which verifies your address, too."""
    return inviting.accept(data["token"], caller())


@blueprint.post("/projects/<id:project_id>/invitations/<id:invitation_id>/resend")
@login_required
@blueprint.response(202)
@blueprint.alt_response(403, "Problem")
def resend_invitation(project_id: int, invitation_id: int) -> None:
    """Mail an open invitation once more."""
    project = access.load(Project, project_id, caller(), can=Right.MANAGE)
    inviting.send_again(project, invitation_id, caller())


@blueprint.get("/notifications/digest")
@login_required
@blueprint.response(200, DigestOut)
def get_digest() -> dict[str, str]:
    """Show how often you get a mail of what you have not read."""
    return digests.plan_of(caller())


@blueprint.put("/notifications/digest")
@login_required
@blueprint.arguments(DigestIn)
@blueprint.response(200, DigestOut)
def set_digest(data: dict[str, Any]) -> dict[str, str]:
    """Change how often you get a mail of what you have not read."""
    return digests.set_plan(caller(), data["every"], data["zone"])


@blueprint.post("/mail/unsubscribe/<token>")
@blueprint.doc(security=NO_SECURITY)
@blueprint.response(204)
def unsubscribe(token: str) -> None:
    """Get no more digests, by the link of one (RFC 8058)."""
    digests.unsubscribe(token)
