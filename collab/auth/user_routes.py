"""`/users` and `/sessions`: the admin's view of accounts, and of where they are signed in."""

from __future__ import annotations

from typing import Any

from ..core.http.blueprint import Blueprint
from ..core.http.caller import caller
from ..core.http.etags import require_match, versioned
from ..core.http.pages import linked
from ..core.links import BASE_PATH
from ..core.lists.paging import Page
from . import users
from .accounts import oversight
from .guard import admin_required
from .models import User
from .schemas import (
    AccountOut,
    AllSessionsQuery,
    SeenSessionPage,
    UserIn,
    UserPage,
    UserQuery,
)

blueprint = Blueprint(
    "users", __name__, url_prefix=BASE_PATH, description="All accounts, for admins."
)


@blueprint.get("/users")
@admin_required
@blueprint.arguments(UserQuery, location="query")
@blueprint.response(200, UserPage)
@linked
def list_users(query: dict[str, Any]) -> Page:
    """List accounts."""
    return users.list_users(**query)


@blueprint.get("/users/<id:user_id>")
@admin_required
@blueprint.response(200, AccountOut)
@versioned
def get_user(user_id: int) -> User:
    """Show an account."""
    return users.load(user_id, to_admin=True)


@blueprint.patch("/users/<id:user_id>")
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


@blueprint.delete("/users/<id:user_id>/sessions")
@admin_required
@blueprint.response(204)
def end_sessions_of_user(user_id: int) -> None:
    """End all of somebody's sessions; their personal tokens stay."""
    oversight.end_all(caller(), user_id)


@blueprint.get("/sessions")
@admin_required
@blueprint.arguments(AllSessionsQuery, location="query")
@blueprint.response(200, SeenSessionPage)
@linked
def list_all_sessions(query: dict[str, Any]) -> Page:
    """List where people are signed in, newest log-in first."""
    return oversight.list_sessions(caller(), **query)


@blueprint.delete("/sessions/<id:session_id>")
@admin_required
@blueprint.response(204)
def end_session_of_user(session_id: int) -> None:
    """End somebody's session: its connections end, and they sign in again."""
    oversight.end_session(caller(), session_id)
