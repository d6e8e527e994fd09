"""`/auth/verification`, `/auth/password/…`, links of invitations, digests."""

from __future__ import annotations

from typing import Any

from flask import request

from ..auth.guard import login_required
from ..auth.models import User
from ..auth.sessions import Client
from ..core.counting.networks import network_of
from ..core.http.blueprint import NO_SECURITY, Blueprint
from ..core.http.caller import caller
from ..core.http.etags import versioned
from ..core.links import BASE_PATH
from ..projects import access
from ..projects.access import Right
from ..projects.models import Member, Project
from ..projects.schemas import MemberOut
from . import digests, inviting, moving, recovery, verification
from .schemas import (
    AcceptedOut,
    DigestIn,
    DigestOut,
    ForgotIn,
    NewAddressIn,
    ResetIn,
    TokenIn,
    VerifiedOut,
)

blueprint = Blueprint(
    "contact", __name__, url_prefix=BASE_PATH, description="Mails to people, and their links."
)


@blueprint.post("/auth/verification")
@login_required
@blueprint.response(202, AcceptedOut)
@blueprint.alt_response(409, "Problem")
def ask_to_verify() -> dict[str, str]:
    """Get another mail with a link that verifies your address; at most five a day."""
    verification.ask_again(caller())
    return {}


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
@blueprint.response(202, AcceptedOut)
def forgot_password(data: dict[str, str]) -> dict[str, str]:
    """Ask for a link to set a new password; the answer is the same for every address."""
    recovery.ask(data["email"], network_of(request.remote_addr or ""))
    return {}


@blueprint.post("/auth/password/reset")
@blueprint.doc(security=NO_SECURITY)
@blueprint.arguments(ResetIn)
@blueprint.response(204)
@blueprint.alt_response(410, schema="Problem")
def reset_password(data: dict[str, str]) -> None:
    """Set a new password with the link from a mail; all of your sessions end."""
    recovery.reset(data["token"], data["new_password"])


@blueprint.post("/auth/email")
@login_required
@blueprint.arguments(NewAddressIn)
@blueprint.response(202, AcceptedOut)
@blueprint.alt_response(403, "Problem")
def ask_for_new_address(data: dict[str, Any]) -> dict[str, str]:
    """Ask to change your e-mail address: the new one counts once its link was followed.

    The answer is the same for an address that has an account.
    """
    where = Client(request.remote_addr or "", request.headers.get("User-Agent", ""))
    moving.ask(caller(), data["email"], data["password"], where)
    return {}


@blueprint.post("/auth/email/confirm")
@login_required
@blueprint.arguments(TokenIn)
@blueprint.response(200, VerifiedOut)
@blueprint.alt_response(409, "Problem")
@blueprint.alt_response(410, schema="Problem")
def confirm_new_address(data: dict[str, str]) -> User:
    """Change to the address that a link was sent to; the old one is told.

    Sessions and tokens go on, and links that were sent to the address before are void.
    """
    return moving.confirm(caller(), data["token"])


@blueprint.post("/invitations/accept")
@login_required
@blueprint.arguments(TokenIn)
@blueprint.response(201, MemberOut)
@blueprint.alt_response(409, "Problem")
@blueprint.alt_response(403, "Problem")
@blueprint.alt_response(410, schema="Problem")
@versioned
def accept_by_link(data: dict[str, str]) -> Member:
    """Accept an invitation with the link from its mail, which also verifies your address."""
    return inviting.accept(data["token"], caller())


@blueprint.post("/projects/<id:project_id>/invitations/<id:invitation_id>/resend")
@login_required
@blueprint.response(202, AcceptedOut)
@blueprint.alt_response(403, "Problem")
def resend_invitation(project_id: int, invitation_id: int) -> dict[str, str]:
    """Mail an open invitation once more."""
    project = access.load(Project, project_id, caller(), can=Right.MANAGE)
    inviting.send_again(project, invitation_id, caller())
    return {}


@blueprint.get("/notifications/digest")
@login_required
@blueprint.response(200, DigestOut)
def get_digest() -> dict[str, str]:
    """Show how often you get a mail about what you have not read."""
    return digests.plan_of(caller())


@blueprint.put("/notifications/digest")
@login_required
@blueprint.arguments(DigestIn)
@blueprint.response(200, DigestOut)
def set_digest(data: dict[str, Any]) -> dict[str, str]:
    """Change how often you get a mail about what you have not read."""
    return digests.set_plan(caller(), data["every"], data["zone"])


@blueprint.post("/mail/unsubscribe/<token>")
@blueprint.doc(security=NO_SECURITY)
@blueprint.response(204)
def unsubscribe(token: str) -> None:
    """Unsubscribe from digests with the link in one (RFC 8058)."""
    digests.unsubscribe(token)
