"""`/auth/me/identities`: what else signs in to one's account."""

from __future__ import annotations

from typing import Any

from ..auth import users
from ..auth.guard import login_required
from ..auth.refreshing.cookies import NO_STORE
from ..auth.routes import client
from ..auth.signing_in import freshness
from ..core.http.blueprint import Blueprint
from ..core.http.caller import caller
from ..core.http.origin import refuse_foreign_pages
from ..core.links import BASE_PATH
from . import attempts, browser, identities, sealed
from .models import Identity
from .schemas import IdentitiesOut, IdentityIn, IdentityOut, LinkIn, LinkOut

blueprint = Blueprint(
    "identities",
    __name__,
    url_prefix=f"{BASE_PATH}/auth",
    description="Other services that sign in to one's account.",
)


@blueprint.post("/<provider:provider>/link")
@login_required
@blueprint.arguments(LinkIn)
@blueprint.response(200, LinkOut)
@blueprint.alt_response(501, "Problem")
@blueprint.alt_response(502, "Problem")
@blueprint.alt_response(503, "Problem")
def start_linking(
    data: dict[str, Any], provider: str
) -> tuple[dict[str, str], int, dict[str, str]]:
    """Start linking a service to your account: go to `authorization_url` in this browser."""
    refuse_foreign_pages()
    freshness.require(caller(), data["password"], client())
    address, token = attempts.begin(
        provider, browser.address_here(), data["return_to"], whose=caller()
    )
    return {"authorization_url": address}, 200, NO_STORE | browser.remembering(token)


@blueprint.get("/me/identities")
@login_required
@blueprint.response(200, IdentitiesOut)
def list_identities() -> dict[str, Any]:
    """List the services that sign in to your account."""
    has_password = bool(users.load(caller().user_id).password_hash)
    return {"has_password": has_password, "identities": identities.list_identities(caller())}


@blueprint.post("/me/identities")
@login_required
@blueprint.arguments(IdentityIn)
@blueprint.response(201, IdentityOut)
@blueprint.alt_response(400, "Problem")
@blueprint.alt_response(409, "Problem")
def link_identity(data: dict[str, Any]) -> Identity:
    """Link what a service has said to your account, in the session that asked for it."""
    refuse_foreign_pages()
    return identities.link(sealed.read_proof(data["proof"]), caller())


@blueprint.delete("/me/identities/<id:identity_id>")
@login_required
@blueprint.response(204)
@blueprint.alt_response(409, "Problem")
def unlink_identity(identity_id: int) -> None:
    """Unlink a service, unless there is no other way into your account."""
    identities.unlink(identity_id, caller())
