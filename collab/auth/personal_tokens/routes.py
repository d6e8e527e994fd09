"""`/auth/tokens`: personal tokens for scripts."""

from __future__ import annotations

from typing import Any

from ...core.http.blueprint import Blueprint
from ...core.http.caller import caller
from ...core.http.idempotency import idempotent
from ...core.http.pages import linked
from ...core.links import BASE_PATH
from ...core.lists.paging import Page
from ..factors.routes import confirmed
from ..guard import admin_required, login_required
from ..refreshing.cookies import NO_STORE
from . import scopes, service
from .models import PersonalToken
from .schemas import (
    PersonalTokenIn,
    PersonalTokenMadeOut,
    PersonalTokenPage,
    PersonalTokenQuery,
    ScopesOut,
)

blueprint = Blueprint(
    "personal tokens", __name__, url_prefix=BASE_PATH, description="Tokens for scripts."
)


@blueprint.get("/auth/tokens")
@login_required
@blueprint.arguments(PersonalTokenQuery, location="query")
@blueprint.response(200, PersonalTokenPage)
@linked
def list_personal_tokens(query: dict[str, Any]) -> Page:
    """List your valid personal tokens."""
    return service.list_tokens(caller().user_id, **query)


@blueprint.get("/auth/tokens/scopes")
@login_required
@blueprint.response(200, ScopesOut)
def list_scopes() -> dict[str, Any]:
    """List the scopes that personal tokens can have."""
    return {"scopes": scopes.known()}


@blueprint.post("/auth/tokens")
@login_required
@idempotent
@blueprint.arguments(PersonalTokenIn)
@blueprint.response(201, PersonalTokenMadeOut)
@blueprint.alt_response(409, "Problem")
def create_personal_token(data: dict[str, Any]) -> tuple[PersonalToken, int, dict[str, str]]:
    """Create a personal token, shown only this once; it takes your password or a code."""
    user = confirmed(data)
    made = service.create(user, data["name"], data["scopes"], data["expires_in_days"])
    return made, 201, NO_STORE


@blueprint.delete("/auth/tokens/<id:token_id>")
@login_required
@blueprint.response(204)
def revoke_personal_token(token_id: int) -> None:
    """Revoke a personal token; its connections end."""
    service.revoke(caller().user_id, token_id, caller())


@blueprint.get("/users/<id:user_id>/tokens")
@admin_required
@blueprint.arguments(PersonalTokenQuery, location="query")
@blueprint.response(200, PersonalTokenPage)
@linked
def list_tokens_of_user(query: dict[str, Any], user_id: int) -> Page:
    """List somebody's personal tokens, in outline."""
    return service.list_tokens_of(user_id, **query)


@blueprint.delete("/users/<id:user_id>/tokens/<id:token_id>")
@admin_required
@blueprint.response(204)
def revoke_token_of_user(user_id: int, token_id: int) -> None:
    """Revoke somebody's personal token; they are told."""
    service.revoke(user_id, token_id, caller())
