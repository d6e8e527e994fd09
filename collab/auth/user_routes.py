"""`/users`: the admin's view of accounts."""

from __future__ import annotations

from typing import Any

from ..core.http.blueprint import Blueprint
from ..core.http.caller import caller
from ..core.http.etags import require_match, versioned
from ..core.http.pages import linked
from ..core.links import BASE_PATH
from ..core.lists.paging import Page
from . import users
from .guard import admin_required
from .models import User
from .schemas import AccountOut, UserIn, UserPage, UserQuery

blueprint = Blueprint(
    "users", __name__, url_prefix=f"{BASE_PATH}/users", description="All accounts, for admins."
)


@blueprint.get("")
@admin_required
@blueprint.arguments(UserQuery, location="query")
@blueprint.response(200, UserPage)
@linked
def list_users(query: dict[str, Any]) -> Page:
    """List accounts."""
    return users.list_users(**query)


@blueprint.get("/<id:user_id>")
@admin_required
@blueprint.response(200, AccountOut)
@versioned
def get_user(user_id: int) -> User:
    """Show an account."""
    return users.load(user_id, to_admin=True)


@blueprint.patch("/<id:user_id>")
@admin_required
@blueprint.arguments(UserIn)
@blueprint.response(200, AccountOut)
@blueprint.alt_response(409, "Problem")
@versioned
def update_user(changes: dict[str, Any], user_id: int) -> User:
    """Change an account's role, disable it or enable it."""
    user = users.load(user_id, to_change=True, to_admin=True)
    require_match(user)
    return users.update(user, changes, caller())
