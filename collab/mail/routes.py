"""`/mails`: for admins, what was sent to whom, and what waits."""

from __future__ import annotations

from typing import Any

from ..auth.guard import admin_required
from ..core.http.blueprint import Blueprint
from ..core.http.caller import caller
from ..core.http.pages import linked
from ..core.links import BASE_PATH
from ..core.lists.paging import Page
from . import oversight
from .oversight import MailWithJob
from .schemas import MailPage, MailQuery, MailWithJobOut

blueprint = Blueprint(
    "mails", __name__, url_prefix=f"{BASE_PATH}/mails", description="All mails, for admins."
)


@blueprint.get("")
@admin_required
@blueprint.arguments(MailQuery, location="query")
@blueprint.response(200, MailPage)
@linked
def list_mails(query: dict[str, Any]) -> Page:
    """List mails, newest first: to whom, of which kind, and what became of each."""
    return oversight.list_mails(**query)


@blueprint.get("/<id:mail_id>")
@admin_required
@blueprint.response(200, MailWithJobOut)
def get_mail(mail_id: int) -> MailWithJob:
    """Show a mail and the job that sends it, but not its text."""
    return oversight.load(mail_id)


@blueprint.post("/<id:mail_id>/resend")
@admin_required
@blueprint.response(202, MailWithJobOut)
@blueprint.alt_response(409, "Problem")
def resend_mail(mail_id: int) -> MailWithJob:
    """Send a waiting mail now; 409 if it is finished, since its text is gone by then."""
    return oversight.resend(mail_id, caller())
